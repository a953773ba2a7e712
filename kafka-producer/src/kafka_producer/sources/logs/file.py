"""A file that may be a sensor log: whose, which header holds for its first rows, how long and how old is it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from itertools import islice
from typing import BinaryIO, NamedTuple

from kafka_producer.sources.gpuz import GPUZ
from kafka_producer.sources.logs import stamps
from kafka_producer.sources.logs.decode import Lines, LongLine, lines_of
from kafka_producer.sources.logs.dialect import Dialect
from kafka_producer.sources.logs.dialects import dialect_of, nothing_in_it, what_it_is
from kafka_producer.sources.logs.layout import Headers
from kafka_producer.sources.logs.stamps import is_row, shows_day_first
from kafka_producer.sources.logs.table import RejectLine, Row, Table, is_data_row, is_native_row
from kafka_producer.sources.logs.wall_clock import WallClock
from telemetry.catalogue import Catalogue
from telemetry.errors import Rejected

_STAMP_LENGTH = len("2023-06-16 10:17:08")
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b")
"""What they begin with. A log may stand in one uncompressed, and must not be read with the bytes around it."""
NO_LIMIT = 2**63
"""For ``latest``, where a clock that is wrong does no harm."""
_FIRST_ROWS = 1000
"""Among which every card of a log is taken to show up."""


class Survey(NamedTuple):
    """What must be known of a log before its first reading is sent."""

    lines: int
    """About as many as there are rows."""
    first: int | None
    """Microseconds UTC of the first row; None: there is none."""
    newest: int | None
    """Of the newest row, within the hour that a zone repeats perhaps an hour early."""


@dataclass(frozen=True)
class LogFile:
    """A log on its way to be read; opened anew for each walk."""

    name: str
    open: Callable[[], BinaryIO]
    catalogue: Catalogue
    zone: tzinfo
    """Of the log's wall clock."""
    header: str | None = None
    """Layout of rows that no header precedes, in a log without any."""

    day_first: bool = False
    """In dates with slashes, where the log's first row leaves it open."""

    @property
    def first_header(self) -> bytes | None:
        """The first header of the log, else the configured one. Raises Rejected(``empty`` or ``not_a_log``)."""
        return self._beginning[1]

    @property
    def dialect(self) -> Dialect:
        """Raises Rejected as ``first_header``."""
        return self._beginning[0]

    def headers(self) -> Headers:
        """For one walk over the log."""
        return self.dialect.headers(self.catalogue, self._is_day_first)

    @cached_property
    def _beginning(self) -> tuple[Dialect, bytes | None]:
        first_line: bytes | None = None
        has_rows = False
        found: tuple[Dialect, Headers] | None = None
        with self.open() as file:
            for block in lines_of(file):
                for line in block.lines if isinstance(block, Lines) else [block.head]:
                    if first_line is None and line.startswith(_ARCHIVES):
                        raise Rejected("not_a_log", what_it_is(line))
                    for piece in line.split(b"\0"):
                        dialect = dialect_of(piece)
                        if dialect is not None and (found is None or found[0] is not dialect):
                            found = dialect, dialect.headers(self.catalogue, False)
                        if found is not None and found[1].layout_of(piece) is not None:
                            return found[0], found[1].header
                        has_rows = has_rows or is_data_row(piece) or (self.header is not None and is_row(piece))
                        if first_line is None and piece.strip():
                            first_line = piece
        if first_line is None:
            raise Rejected("empty", nothing_in_it())
        if not has_rows:
            raise Rejected("not_a_log", what_it_is(first_line))
        if self.header is None:
            return GPUZ, None
        return dialect_of(self.header.encode()) or GPUZ, self.header.encode()

    @cached_property
    def _is_day_first(self) -> bool:
        if self.day_first or self.dialect.is_native:
            return self.day_first
        with self.open() as file:
            lines = (line for block in lines_of(file) if isinstance(block, Lines) for line in block.lines)
            return next((shows_day_first(line) for line in lines if is_row(line)), False)

    @cached_property
    def cards(self) -> tuple[int, ...]:
        """The cards that its first rows show, counted from the first one, which is 0; always there, and in order."""
        if not self.dialect.has_cards:
            return (0,)
        rows = islice(self.rows(self.headers(), NO_LIMIT, _ignore), _FIRST_ROWS)
        return tuple(sorted({0, *(row.card for row in rows)}))

    @cached_property
    def first_card(self) -> int:
        """The index that the log itself gives its first card; 0 where it gives none."""
        headers = self.headers()
        if self.dialect.has_cards:
            next(self.rows(headers, NO_LIMIT, _ignore), None)
        return headers.first_card

    def rows(self, headers: Headers, latest: int, reject: RejectLine) -> Iterator[Row]:
        """All rows up to ``latest`` (microseconds UTC; a later one comes from a wrong clock).

        Raises Rejected where the file is no log.
        """
        header = self.first_header
        assumed = headers.layout_of(header) if header is not None else None
        table = Table(headers, WallClock(self.zone, latest), assumed, reject)
        with self.open() as file:
            yield from table.rows(lines_of(file))

    def survey(self, latest: int) -> Survey:
        """A quick walk over the whole log, stamps only. Raises Rejected where the file is no log."""
        if self.first_header is None:
            return Survey(0, None, None)
        lines, newest, newest_stamp = 0, None, b""
        first = next((row.time for row in self.rows(self.headers(), latest, _ignore)), None)
        with self.open() as file:
            for block in lines_of(file):
                if isinstance(block, LongLine):
                    continue
                lines += len(block.lines)
                for line in _latest_first(block.lines):
                    is_native = is_native_row(line)
                    if is_native and line[:_STAMP_LENGTH] <= newest_stamp:
                        break
                    instant = self._instant(line, latest)
                    if instant is not None and (newest is None or instant > newest):
                        newest = instant
                        newest_stamp = line[:_STAMP_LENGTH] if is_native else newest_stamp
                    if instant is not None and is_native:
                        break
        return Survey(lines, first, newest if newest is not None else first)

    def newest(self, latest: int) -> int | None:
        """The exact instant of the newest row, by a full walk; None where there is no row."""
        return max((row.time for row in self.rows(self.headers(), latest, _ignore)), default=None)

    def stamp_of(self, row: bytes) -> bytes:
        """The date and time of a row, as a WallClock reads them; whatever else stands in the row."""
        if self.dialect.is_native:
            return re.split(rb"[,;\t]", row, maxsplit=1)[0]
        return stamps.stamp_of(row, self._is_day_first)

    def _instant(self, row: bytes, latest: int) -> int | None:
        try:
            return WallClock(self.zone, latest).at(self.stamp_of(row))
        except Rejected:
            return None


def _ignore(lines: Lines | LongLine, index: int, error: Rejected) -> None:
    """The walk that sends readings reports what it rejects."""


def _latest_first(lines: list[bytes]) -> Iterator[bytes]:
    """Rows, the latest stamp first: they sort as bytes, and the blanks before a header sort below them.

    Most often the first one tells all, and nothing need be sorted.
    """
    greatest = max(lines)
    if is_row(greatest):
        yield greatest
    yield from sorted(filter(is_row, lines), reverse=True)
