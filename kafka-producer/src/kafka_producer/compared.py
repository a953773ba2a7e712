"""Rows of a file beside those of the log that it is taken for: they are one log, as far as the rows are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from kafka_producer import chain
from kafka_producer.chain import Chain
from kafka_producer.recorded import time_of
from kafka_producer.sources.logs.decode import Lines, LongLine, lines_of
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.layout import Headers
from kafka_producer.sources.logs.log import Pass, RejectedLine, SensorLog
from kafka_producer.sources.logs.stamps import is_row
from kafka_producer.sources.logs.table import RejectLine, Row, Table
from kafka_producer.sources.logs.wall_clock import WallClock
from telemetry.reading import Reading


class Parted(Exception):
    """From here on, the file is not the log that it was taken for."""

    def __init__(self, line: int, total: int, row: int, time: int | None, starts: int | None) -> None:
        super().__init__(f"line {line}")
        self.line = line
        """Ordinal among all rows, good and bad."""
        self.total = total
        """The sum over the rows up to this one."""
        self.row = row
        """How many readings lie before it."""
        self.time = time
        """Of the last of those."""
        self.starts = starts
        """Time of the line."""

    @property
    def after(self) -> int:
        """What the file has for itself lies behind this instant."""
        return (self.starts or 0) - 1


class Comparison:
    """Of a file's rows, in order, with those of a log. Rows beyond all that are known are the log's from then on."""

    def __init__(self, known: Chain) -> None:
        self._known = known
        self.rows = 0
        """So many are the same."""
        self.total = 0
        """The sum over these, and over the first one that is not."""

    def same(self, block: Lines) -> int:
        """How many lines of ``block`` may be the log's; what may be unfinished is not compared."""
        if not block.ended:
            return len(block.lines)
        for index, line in enumerate(block.lines):
            if is_row(line):
                self.total = chain.add(self.total, line)
                if not self._known.agrees(self.rows, self.total):
                    return index
                self.rows += 1
        return len(block.lines)


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


class ComparedLog:
    """Readings of a log that is read piece by piece, as long as its rows are those of the log that it is taken for."""

    def __init__(
        self,
        file: LogFile,
        known: Chain,
        run: Pass,
        on_rejected: Callable[[RejectedLine], None],
        *,
        may_grow: bool = False,
    ) -> None:
        self.newest: int | None = None
        """Time of the newest reading."""
        self._file = file
        self._walk = _Walk(file, run.latest, may_grow=may_grow)
        piece = _Piece(*(file.name, file.open, file.catalogue, file.zone, file.header, file.day_first), walk=self._walk)
        self._source = SensorLog(piece, run, self._reject)
        self._comparison = Comparison(known)
        self._on_rejected = on_rejected
        self._row = 0

    def readings(self, blocks: Iterable[Lines | LongLine], latest: int) -> Iterator[Reading]:
        """Of the next lines. Raises Parted once all has been given that lies before the line that parts."""
        self._walk.clock.allow(latest)
        for block in blocks:
            if isinstance(block, LongLine) or (same := self._comparison.same(block)) == len(block.lines):
                yield from self._of(block)
                continue
            yield from self._of(block._replace(lines=block.lines[:same]))
            starts = time_of(self._file, WallClock(self._file.zone, latest), block.lines[same])
            raise Parted(self._comparison.rows, self._comparison.total, self._row, self.newest, starts)

    def _of(self, block: Lines | LongLine) -> Iterator[Reading]:
        self._walk.blocks = [block]
        for reading in self._source.readings():
            self._row = reading.row + 1
            self.newest = reading.time if self.newest is None else max(self.newest, reading.time)
            yield reading

    def _reject(self, line: RejectedLine) -> None:
        self._row = line.row
        self._on_rejected(line)


def parted(file: LogFile, known: Chain, latest: int) -> Parted | None:
    """Where a whole file parts from a log. None: nowhere, and then ``known`` knows all of its rows; not yet saved."""
    comparison = Comparison(known)
    with file.open() as opened:
        if all(isinstance(each, LongLine) or comparison.same(each) == len(each.lines) for each in lines_of(opened)):
            return None
    # Only a second look, which reads values, tells times and ordinals.
    log = ComparedLog(file, known, Pass("", _NOBODY, "import", None, latest), lambda line: None)
    try:
        with file.open() as opened:
            for _ in log.readings(lines_of(opened), latest):
                pass
    except Parted as found:
        return found
    return None


_NOBODY = "local:0"
"""Whose readings those are that nobody sees."""
