"""When a log was recorded, without reading more of it than its stamps."""

from __future__ import annotations

from contextlib import suppress

from kafka_producer.sessions import GAP, Session, Sessions, merged
from kafka_producer.sources.gpuz.decode import Lines, lines_of
from kafka_producer.sources.gpuz.file import GpuzFile
from kafka_producer.sources.gpuz.table import is_row
from kafka_producer.sources.gpuz.wall_clock import WallClock
from telemetry.errors import Rejected

_STAMP_END = 40


def sessions_of(file: GpuzFile, latest: int) -> tuple[Sessions, int]:
    """When a log was recorded, and its number of rows.

    Two stamps of each block tell, unless there may be a gap between them.
    """
    clock = WallClock(file.zone, latest)
    found: list[Session] = []
    lines = 0
    with file.open() as opened:
        for block in lines_of(opened):
            if not isinstance(block, Lines):
                continue
            rows = [line for line in block.lines if is_row(line)]
            lines += len(rows)
            first, last = (time_of(clock, row) for row in (rows[0], rows[-1])) if rows else (None, None)
            if first is not None and last is not None and 0 <= last - first <= GAP:
                found.append(Session(first, last))
            else:
                clock_of_block = WallClock(file.zone, latest)
                times = (time_of(clock_of_block, row) for row in rows)
                found += [Session(time, time) for time in times if time is not None]
            if len(found) > 10_000:
                found = list(merged(found))
    return merged(found), lines


def time_of(clock: WallClock, row: bytes) -> int | None:
    """The time of a row, whatever its columns; None where it has none."""
    stamp = row.replace(b"\0", b"")[:_STAMP_END].replace(b";", b",").replace(b"\t", b",").partition(b",")[0]
    with suppress(Rejected):
        return clock.at(stamp)
    return None
