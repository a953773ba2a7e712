"""A CSV file of sensor values, or a GPU-Z log -> readings. Anything unclear is an error with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from telemetry.catalogue import Catalogue
from telemetry.errors import Misconfigured
from telemetry.reading import GPU_NAME, IMPLAUSIBLE, Reading
from telemetry.timestamp import EPOCH, SECOND

_TIME = frozenset({"time", "timestamp", "date"})
_ABSENT = frozenset({"", "-"})
DEFAULT_GPU = "local:0"


def readings(path: Path, catalogue: Catalogue, gpu: str = DEFAULT_GPU) -> list[Reading]:
    """The rows of ``path``: a header with ``time``, perhaps ``gpu`` and ``model``, and metrics by the catalogue's names
    or by GPU-Z's. Without a column ``gpu`` all are of ``gpu``. A time without a zone is taken for UTC.

    Raises Misconfigured.
    """
    lines = csv.reader(_text(path).splitlines(), skipinitialspace=True)
    header = [cell.strip() for cell in next(lines, [])]
    times = [place for place, name in enumerate(header) if name.casefold() in _TIME]
    if not times:
        raise Misconfigured(f"{path}, line 1", repr(",".join(header)[:80]), "a header with a column time (or Date)")
    names = [_name(each, catalogue) for each in header]
    made: list[Reading] = []
    for cells in lines:
        where = f"{path}, line {lines.line_num}"
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if cells == header:
            continue  # GPU-Z writes it anew each time that it is started
        if len(cells) != len(header):
            raise Misconfigured(where, f"{len(cells)} cells", f"{len(header)}, as the header has")
        row = dict(zip(names, cells, strict=True))
        made.append(_reading(row, cells[times[0]], gpu, len(made), catalogue, where))
    if not made:
        raise Misconfigured(str(path), "no rows", "a header and at least one row")
    return made


def time_of(text: str, where: str) -> int:
    """Microseconds UTC. Raises Misconfigured."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Misconfigured(
            where, f"time {text!r}", "a time like 2026-01-15 00:20:00 or 2026-01-15T00:20:00Z"
        ) from None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    since = aware - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def text_of(path: Path) -> Iterator[str]:
    """The lines of ``path``. Raises Misconfigured."""
    yield from _text(path).splitlines()


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Misconfigured(str(path), error.strerror or str(error), "a file that can be read") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # GPU-Z writes the degree sign in the code page of western Windows; every byte is a character there.
        return raw.decode("latin-1")


def _name(header: str, catalogue: Catalogue) -> str:
    lowered = header.casefold()
    if lowered in {*_TIME, "gpu", "model", ""} or catalogue.get(header):
        return lowered
    return catalogue.column("gpuz", header).name


def _reading(row: dict[str, str], time: str, gpu: str, number: int, catalogue: Catalogue, where: str) -> Reading:
    owner = row.get("gpu") or gpu
    if GPU_NAME.fullmatch(owner) is None:
        raise Misconfigured(where, f"gpu {owner!r}", "a name like desk-01:0")
    metrics: dict[str, float] = {}
    flags: dict[str, str] = {}
    for name, cell in row.items():
        if name in {*_TIME, "gpu", "model", ""} or cell in _ABSENT:
            continue
        try:
            value = float(cell)
        except ValueError:
            raise Misconfigured(where, f"{name} {cell!r}", 'a number, "-" or nothing') from None
        metric = catalogue.get(name)
        # As the producer does it; nothing but a number is plausible.
        if value - value != 0 or (metric and not metric.is_plausible(value)):
            flags[name] = IMPLAUSIBLE
        else:
            metrics[name] = value
    host = owner.rpartition(":")[0]
    at = time_of(time, where)
    return Reading(
        "evaluation", number, "import", at, None, owner, host, "csv", row.get("model") or None, metrics, flags
    )
