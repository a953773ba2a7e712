"""The folder of the backups: their names, the newest, which of them rotation takes away."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dashboard.backup import manifest
from telemetry.errors import Misconfigured
from telemetry.timestamp import SECOND

_NAME = re.compile(r"gpustream-\d{8}T\d{6}Z")
PARTIAL = ".partial"
"""Behind the name of one that is being made, or was given up."""


def name_of(now: int) -> str:
    """``now`` in microseconds UTC."""
    return f"gpustream-{datetime.fromtimestamp(now / SECOND, UTC):%Y%m%dT%H%M%SZ}"


def made_at(name: str) -> int:
    """The inverse of :func:`name_of`."""
    return int(datetime.strptime(name, "gpustream-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()) * SECOND


def whole(shelf: Path) -> list[Path]:
    """The backups in ``shelf``, the oldest first. One that was cut off has another name, and is none."""
    if not shelf.is_dir():
        return []
    found = (each for each in shelf.iterdir() if _NAME.fullmatch(each.name) and (each / manifest.FILE).is_file())
    return sorted(found, key=lambda each: each.name)


def chosen(path: Path) -> Path:
    """The backup that ``path`` is, else the newest one in it. Raises Misconfigured where there is none."""
    if (path / manifest.FILE).is_file():
        return path
    if path.name.endswith(PARTIAL):
        raise Misconfigured(str(path), "a backup that was cut off", "one that was finished: another folder beside it")
    if found := whole(path):
        return found[-1]
    words = "no backup" if path.is_dir() else "no such folder"
    raise Misconfigured(str(path), words, "a folder that ./start.sh backup has made, or the folder around it")


def superfluous(names: Sequence[str], keep: int) -> list[str]:
    """Those that go when the newest ``keep`` stay: never the newest."""
    return sorted(names)[: -max(1, keep)]


def rotate(shelf: Path, keep: int) -> list[str]:
    """Removes backups beyond ``keep``, and what was cut off before the newest one was begun; returns their names.

    Call it after a backup has ended well: then the newest is a good one, and it stays.
    """
    there = whole(shelf)
    if not there:
        return []
    gone = superfluous([each.name for each in there], keep)
    newest = there[-1].name
    for each in shelf.iterdir():
        name = each.name.removesuffix(PARTIAL)
        if each.name.endswith(PARTIAL) and _NAME.fullmatch(name) and name < newest:
            gone.append(each.name)
    for name in gone:
        # Renamed first: one that is half deleted must not look whole.
        doomed = shelf / f".deleting-{name}"
        (shelf / name).rename(doomed)
        shutil.rmtree(doomed)
    return gone
