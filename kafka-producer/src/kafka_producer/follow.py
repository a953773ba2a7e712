"""Follows one file: reads what is new, piece by piece, and hands its rows to the log that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from kafka_producer import chain
from kafka_producer.archives import Content
from kafka_producer.log_stream import LogStream
from kafka_producer.position import RejectedPlaces
from kafka_producer.recorded import time_of
from kafka_producer.sources.logs.decode import LINE_LIMIT, Decoder, Lines, LongLine
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.layout import Headers
from kafka_producer.sources.logs.log import RejectedLine, SensorLog
from kafka_producer.sources.logs.stamps import is_row
from kafka_producer.sources.logs.table import RejectLine, Row, Table
from kafka_producer.sources.logs.wall_clock import WallClock
from telemetry.clock import Clock
from telemetry.reading import FUTURE_TOLERANCE

_KEPT = 1024
"""Bytes from the start, and from before the place reached, that must still be there when a file has grown."""


class OtherContent(Exception):
    """The file no longer begins with what was read of it."""


class Parted(Exception):
    """From here on, the file is not the log that it was taken for."""

    def __init__(self, line: int, total: int, row: int, time: int | None, starts: int | None) -> None:
        super().__init__(f"line {line}")
        self.line = line
        """Ordinal among all rows, good and bad."""
        self.total = total
        self.row = row
        """How many readings lie before it."""
        self.time = time
        """Of the last of those."""
        self.starts = starts
        """Time of the line."""


class _GrowingClock(WallClock):
    """A wall clock for logs that are followed for days."""

    def allow(self, latest: int) -> None:
        self._latest = latest


class _Walk:
    """The state of a walk over a log's lines, from one piece to the next."""

    def __init__(self, file: LogFile, latest: int, *, may_grow: bool) -> None:
        self.clock = _GrowingClock(file.zone, latest)
        self.blocks: list[Lines | LongLine] = []
        self._file = file
        self._may_grow = may_grow
        self._table: Table | None = None

    def rows(self, headers: Headers, reject: RejectLine) -> Iterator[Row]:
        if self._table is None:
            first = self._file.first_header
            assumed = headers.layout_of(first) if first is not None else None
            self._table = Table(headers, self.clock, assumed, reject, may_grow=self._may_grow)
        blocks, self.blocks = self.blocks, []
        return self._table.rows(blocks)


@dataclass(frozen=True)
class _Piece(LogFile):
    """A log of which only some lines are at hand: each walk over it goes on where the last one ended."""

    walk: _Walk = field(kw_only=True)

    def rows(self, headers: Headers, latest: int, reject: RejectLine) -> Iterator[Row]:
        return self.walk.rows(headers, reject)


class Follower:
    """One file, from its start; ``step`` after ``step``."""

    def __init__(self, content: Content, file: LogFile, model: str | None, log: LogStream, clock: Clock) -> None:
        self.content = content
        self.log = log
        self.position = 0
        """Bytes read."""
        self.rows = 0
        """Readings found."""
        self.sent = 0
        """... of which so many were new."""
        self.rejected = 0
        self.first: int | None = None
        self.last: int | None = None
        """Times of the first and the newest reading."""
        self.is_ended = False
        """The last line was taken although it may be unfinished: to go on, begin anew."""
        self._clock = clock
        self._file = file
        self._walk = _Walk(file, clock.now() + FUTURE_TOLERANCE, may_grow=content.can_grow)
        piece = _Piece(*(file.name, file.open, file.catalogue, file.zone, file.header, file.day_first), walk=self._walk)
        self._source = SensorLog(piece, log.run(model), self._reject)
        self._decoder = Decoder()
        self._lines = 0
        self._total = 0
        self._places = RejectedPlaces()
        self._ordinal = 0
        self._opened: BinaryIO | None = None
        self._head = b""
        self._tail = b""

    def step(self) -> bool:
        """Reads and sends a piece; False where there is nothing new.

        Raises OSError, Rejected (of an archive), OtherContent, Parted.
        """
        if self._opened is None:
            self._opened = self._reopened()
        chunk = self._opened.read(LINE_LIMIT)
        if not chunk:
            self.close()
            return False
        self.position += len(chunk)
        if len(self._head) < _KEPT:
            self._head = (self._head + chunk)[:_KEPT]
        self._tail = (self._tail + chunk)[-_KEPT:]
        self._take(self._decoder.feed(chunk))
        return True

    def end(self) -> None:
        """Nothing more is expected: the last line is taken as it is, if it is whole for certain."""
        self.is_ended = True
        self._take(self._decoder.end())

    def close(self) -> None:
        """Lets go of the file until the next step."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _reopened(self) -> BinaryIO:
        file = self.content.open()
        if self.position == 0:
            return file
        head = file.read(len(self._head))
        file.seek(self.position - len(self._tail))
        if head == self._head and file.read(len(self._tail)) == self._tail:
            return file
        file.close()
        raise OtherContent

    def _take(self, blocks: Iterator[Lines | LongLine]) -> None:
        self._walk.clock.allow(self._clock.now() + FUTURE_TOLERANCE)
        for block in blocks:
            same, total = self._same(block)
            if isinstance(block, LongLine) or same == len(block.lines):
                self._send(block)
                continue
            self._send(block._replace(lines=block.lines[:same]))
            clock = WallClock(self._file.zone, self._clock.now() + FUTURE_TOLERANCE)
            starts = time_of(self._file, clock, block.lines[same])
            raise Parted(self._lines, total, self._ordinal, self.last, starts)

    def _same(self, block: Lines | LongLine) -> tuple[int, int]:
        """How many lines of ``block`` are those of the log, and the sum at the first that is none."""
        if isinstance(block, LongLine):
            return 0, 0
        if not block.ended:
            return len(block.lines), 0
        for index, line in enumerate(block.lines):
            if is_row(line):
                total = chain.add(self._total, line)
                if not self.log.chain.agrees(self._lines, total):
                    return index, total
                self._lines += 1
                self._total = total
        return len(block.lines), 0

    def _send(self, block: Lines | LongLine) -> None:
        self._walk.blocks = [block]
        for reading in self._source.readings():
            self.rows += 1
            self._ordinal = reading.row + 1
            self.first = reading.time if self.first is None else min(self.first, reading.time)
            self.last = reading.time if self.last is None else max(self.last, reading.time)
            self.sent += self.log.send(reading)

    def _reject(self, line: RejectedLine) -> None:
        self.rejected += 1
        self._ordinal = line.row
        self.log.reject(line, *self._places.of(line), self.content.name)
