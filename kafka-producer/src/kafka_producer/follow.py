"""Follows one file: reads what is new, piece by piece, and hands its rows to the log that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from kafka_producer.archives import Content
from kafka_producer.compared import ComparedLog
from kafka_producer.log_stream import LogStream
from kafka_producer.position import RejectedPlaces
from kafka_producer.sources.logs.decode import LINE_LIMIT, Decoder, Lines, LongLine
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.log import RejectedLine
from telemetry.clock import Clock
from telemetry.reading import FUTURE_TOLERANCE

_KEPT = 1024
"""Bytes from the start, and from before the place reached, that must still be there when a file has grown."""


class OtherContent(Exception):
    """The file no longer begins with what was read of it."""


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
        """Time of the first reading."""
        self.is_ended = False
        """The last line was taken although it may be unfinished: to go on, begin anew."""
        self._clock = clock
        self._rows = ComparedLog(file, log.chain, log.run(model), self._reject, may_grow=content.can_grow)
        self._decoder = Decoder()
        self._places = RejectedPlaces()
        self._opened: BinaryIO | None = None
        self._head = b""
        self._tail = b""

    @property
    def last(self) -> int | None:
        """Time of the newest reading."""
        return self._rows.newest

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
        for reading in self._rows.readings(blocks, self._clock.now() + FUTURE_TOLERANCE):
            self.rows += 1
            self.first = reading.time if self.first is None else min(self.first, reading.time)
            self.sent += self.log.send(reading)

    def _reject(self, line: RejectedLine) -> None:
        self.rejected += 1
        self.log.reject(line, *self._places.of(line), self.content.name)
