"""Check: there is room where the servers and the stream write. A full disk stops each of them in words of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from dashboard.status.check import Finding, Line
from dashboard.status.words import size

ROOM_NEEDED = 500e6
"""Bytes. Kafka makes files of 10 MB, HDFS blocks of up to 128 MB, PostgreSQL segments of 16 MB; InfluxDB writes a shard
a second time while it compacts it."""


class Disks:
    """The disks below ``GPUSTREAM_RUN_DIR/data``, where each server has a folder. Native mode: with Docker they are
    volumes of the engine."""

    title = "Disks"
    do = "look whether the disk of GPUSTREAM_RUN_DIR is there"

    def __init__(
        self, run_dir: Path, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    ) -> None:
        self._data = run_dir / "data"
        self._free = free

    def look(self) -> Finding:
        lines: list[Line] = []
        free: dict[str, int] = {}
        for names, folder in self._disks():
            room = self._free(folder)
            free |= dict.fromkeys(names, room)
            lines.append(_line(names, folder, room))
        return Finding(tuple(lines), {"free_bytes": free})

    def _disks(self) -> Iterator[tuple[list[str], Path]]:
        """Which servers write to the same disk, and where that is."""
        found: dict[int, tuple[list[str], Path]] = {}
        try:
            folders = sorted(each for each in self._data.iterdir() if each.is_dir())
        except FileNotFoundError:  # nothing was ever started here
            folders = []
        for folder in folders:
            names, _ = found.setdefault(folder.stat().st_dev, ([], folder))
            names.append(folder.name)
        for names, folder in found.values():
            yield names, folder if len(names) == 1 else folder.parent


def _line(names: list[str], folder: Path, room: int) -> Line:
    who = ", ".join(names)
    if room < ROOM_NEEDED:
        what = f"only {size(room)} left for {who} below {folder}"
        return Line(
            "bad", "room", what, f"free some space there ({size(ROOM_NEEDED)} at least): they go on by themselves"
        )
    return Line("ok", "room", f"{size(room)} left for {who}")
