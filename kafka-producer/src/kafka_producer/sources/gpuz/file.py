"""A file that may be a GPU-Z log: is it one, which header holds for its first rows, how long and how old is it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import BinaryIO, NamedTuple

from kafka_producer.sources.gpuz.decode import Lines, LongLine, lines_of, text_of
from kafka_producer.sources.gpuz.layout import Headers
from kafka_producer.sources.gpuz.table import RejectLine, Row, Table, is_data_row, is_native_row, is_row
from kafka_producer.sources.gpuz.wall_clock import WallClock
from telemetry.catalogue import Catalogue
from telemetry.errors import Rejected

_STAMP_LENGTH = len("2023-06-16 10:17:08")
_HOW_TO = "GPU-Z writes one while 'Log to file' is ticked on its Sensors tab"
_FOREIGN = (
    (b"date,time,", "HWiNFO writes such logs"),
    (b"hardware monitoring log", "MSI Afterburner writes such logs"),
    (b"timestamp, ", "nvidia-smi writes such logs"),
    (b"pk\x03\x04", "a ZIP archive: unpack it"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
)
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b")
"""What they begin with. A log may stand in one uncompressed, and must not be read with the bytes around it."""


class Survey(NamedTuple):
    """What must be known of a log before its first reading is sent."""

    lines: int
    """About as many as there are rows."""
    first: int | None
    """Microseconds UTC of the first row; None: there is none."""
    newest: int | None
    """Of the newest row, within the hour that a zone repeats perhaps an hour early."""


@dataclass(frozen=True)
class GpuzFile:
    """A log on its way to be read; opened anew for each walk."""

    name: str
    open: Callable[[], BinaryIO]
    catalogue: Catalogue
    zone: tzinfo
    """Of the log's wall clock."""
    header: str | None = None
    """Layout of rows that no header precedes, in a log without any."""

    @cached_property
    def first_header(self) -> bytes | None:
        """The first header of the log, else the configured one. Raises Rejected(``empty`` or ``not_a_log``)."""
        first_line: bytes | None = None
        has_rows = False
        headers = Headers(self.catalogue)
        with self.open() as file:
            for block in lines_of(file):
                for line in block.lines if isinstance(block, Lines) else [block.head]:
                    if first_line is None and line.startswith(_ARCHIVES):
                        raise Rejected("not_a_log", _what_it_is(line))
                    for piece in line.split(b"\0"):
                        if headers.layout_of(piece) is not None:
                            return piece
                        has_rows = has_rows or is_data_row(piece)
                        if first_line is None and piece.strip():
                            first_line = piece
        if first_line is None:
            raise Rejected("empty", f"nothing stands in it, expected a sensor log of GPU-Z: {_HOW_TO}")
        if not has_rows:
            raise Rejected("not_a_log", _what_it_is(first_line))
        return self.header.encode() if self.header is not None else None

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
        first = next((row.time for row in self.rows(Headers(self.catalogue), latest, _ignore)), None)
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
        return max((row.time for row in self.rows(Headers(self.catalogue), latest, _ignore)), default=None)

    def _instant(self, row: bytes, latest: int) -> int | None:
        try:
            return WallClock(self.zone, latest).at(re.split(rb"[,;\t]", row, maxsplit=1)[0])
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


def _what_it_is(line: bytes) -> str:
    folded = line.lower().replace(b'"', b"")
    guess = next((f" ({tool})" for sign, tool in _FOREIGN if sign in folded), "")
    text = text_of(line[:60]).strip()
    found = f"it begins {text!r}" if text.isprintable() else "it begins with bytes that are no text"
    return f"{found}{guess}, expected 'Date , GPU Clock [MHz] , ...' as in a sensor log of GPU-Z: {_HOW_TO}"
