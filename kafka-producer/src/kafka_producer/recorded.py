"""When a log was recorded, without reading more of it than its stamps."""

from __future__ import annotations

from contextlib import suppress

from kafka_producer.sessions import GAP, Session, Sessions, merged
from kafka_producer.sources.logs.decode import Lines, lines_of
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.stamps import is_row
from kafka_producer.sources.logs.wall_clock import WallClock
from telemetry.errors import Rejected


def sessions_of(file: LogFile, latest: int) -> tuple[Sessions, int]:
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
            first, last = (time_of(file, clock, row) for row in (rows[0], rows[-1])) if rows else (None, None)
            if first is not None and last is not None and 0 <= last - first <= GAP:
                found.append(Session(first, last))
            else:
                clock_of_block = WallClock(file.zone, latest)
                times = (time_of(file, clock_of_block, row) for row in rows)
                found += [Session(time, time) for time in times if time is not None]
            if len(found) > 10_000:
                found = list(merged(found))
    return merged(found), lines


def time_of(file: LogFile, clock: WallClock, row: bytes) -> int | None:
    """The time of a row, whatever its columns; None where it has none."""
    with suppress(Rejected):
        return clock.at(file.stamp_of(row.replace(b"\0", b"")))
    return None
