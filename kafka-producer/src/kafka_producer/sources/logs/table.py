"""Lines of a log to rows: headers, repeated headers, layouts that change, rows that no header precedes."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import NamedTuple

from kafka_producer.sources.logs.decode import LINE_LIMIT, Lines, LongLine, text_of
from kafka_producer.sources.logs.layout import Headers, Layout
from kafka_producer.sources.logs.plain import Plain, plain_of
from kafka_producer.sources.logs.stamps import is_row
from kafka_producer.sources.logs.wall_clock import FUTURE_TIME, WallClock
from telemetry.errors import Rejected

_DATA_ROW = re.compile(rb"\s*\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T]+\d{1,2}:\d{2}:\d{2}[^,;\t]{0,12}[,;\t][-\d\s.,;]*")
_NATIVE_ROW = re.compile(rb"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[ ,.]")
_BLANK = b" \t\r\0\x1a\xef\xbb\xbf,;"
_FEW = 16
"""Lines that are looked at together once more where one among many is unusual."""


class Row(NamedTuple):
    """What a line that fits a layout, and has a time, says of one card."""

    layout: Layout
    values: list[float] | None
    """One plausible number >= 0 per column; None where a cell is none, so that all must be judged."""
    plain: Plain | None
    """The rows among which ``values`` were read."""
    line: bytes
    time: int
    """Microseconds UTC, unique within the log."""
    recorded: str
    is_assumed: bool
    """No header came before it: the layout is the one of the file's first header, or a configured one."""
    card: int
    """Counted from the log's first card, which is 0."""
    model: str | None


class AheadOfTime(Rejected):
    """A line of the future; tomorrow it will be ``rows`` rows."""

    def __init__(self, rejected: Rejected, rows: int) -> None:
        super().__init__(rejected.reason, rejected.detail)
        self.rows = rows


def is_native_row(line: bytes) -> bool:
    """Whether the line begins with a stamp in GPU-Z's own spelling, which sorts as bytes."""
    return _NATIVE_ROW.match(line) is not None


def is_data_row(line: bytes) -> bool:
    """Whether the line is a date and numbers: it takes a closer look to tell a log without a header from other logs."""
    return _DATA_ROW.fullmatch(line) is not None


RejectLine = Callable[[Lines | LongLine, int, Rejected], None]
"""(lines, index of the one that is no row, why)."""


class Table:
    """Walks the lines of one log. ``may_grow``: where no line feed ends the last one, the rest of it may still come."""

    def __init__(
        self,
        headers: Headers,
        clock: WallClock,
        assumed: Layout | None,
        reject: RejectLine,
        *,
        may_grow: bool = False,
    ) -> None:
        self._headers = headers
        self._clock = clock
        self._assumed = assumed
        self._layout: Layout | None = None
        self._reject = reject
        self._may_grow = may_grow

    def rows(self, blocks: Iterable[Lines | LongLine]) -> Iterator[Row]:
        """The rows in order; a line that is none, nor a header, nor blank, goes to ``reject``."""
        for block in blocks:
            if isinstance(block, LongLine):
                self._reject(
                    block, 0, Rejected("line_too_long", f"{block.length} bytes, at most {LINE_LIMIT} are read")
                )
            elif len(block.lines) <= _FEW or not (yield from self._plain(block, 0, len(block.lines))):
                for begin in range(0, len(block.lines), _FEW):
                    end = min(begin + _FEW, len(block.lines))
                    if not (yield from self._plain(block, begin, end)):
                        yield from self._one_by_one(block, begin, end)

    def _plain(self, block: Lines, begin: int, end: int) -> Generator[Row, None, bool]:
        """Rows of lines in which nothing is unusual; False where something is, and nothing was yielded."""
        layout, lines = self._layout, block.lines[begin:end]
        plain = plain_of(layout, lines) if layout is not None and block.ended else None
        if layout is None or plain is None:
            return False
        clock, new = self._clock, tuple.__new__  # past the check of a NamedTuple's arguments, for each of so many
        for index, (line, stamp, values) in enumerate(zip(lines, plain.stamps, plain.rows, strict=True), begin):
            try:
                yield new(Row, (layout, values, plain, line, clock.at(stamp), clock.recorded, False, 0, None))
            except Rejected as rejected:
                self._reject(block, index, rejected)
        return True

    def _one_by_one(self, block: Lines, begin: int, end: int) -> Iterator[Row]:
        for index in range(begin, end):
            try:
                yield from self._look_closer(block.lines[index], block.ended)
            except Rejected as rejected:
                self._reject(block, index, rejected)

    def _look_closer(self, line: bytes, ended: bool) -> Iterator[Row]:
        if b"\0" not in line:
            yield from self._piece(line, ended)
            return
        whole = line.replace(b"\0", b"")
        layout = self._layout or self._assumed
        if is_row(whole) and layout is not None and layout.cells_of(whole) is not None:
            yield from self._piece(whole, ended)
            return
        # A log that was emptied while GPU-Z held it open goes on behind a hole of NULs: the hole ends a line.
        *before, last = re.split(rb"\0+", line)
        broken: Rejected | None = None
        for piece, is_ended in [*((piece, True) for piece in before), (last, ended)]:
            try:
                yield from self._piece(piece, is_ended)
            except Rejected as rejected:
                broken = rejected
        if broken is not None:
            raise broken

    def _piece(self, line: bytes, ended: bool) -> Iterator[Row]:
        if not line.strip(_BLANK):
            return
        layout = self._headers.layout_of(line)
        if layout is not None:
            self._layout = layout
        elif is_row(line):
            yield from self._rows(line, ended)
        elif not self._headers.is_beside(line):
            raise Rejected("not_a_row", f"found {text_of(line[:60])!r}, expected a date and values, or a header")

    def _rows(self, line: bytes, ended: bool) -> Iterator[Row]:
        layout = self._layout or self._assumed
        if layout is None:
            detail = "no header in the whole log says what its columns are: config/sources.yaml can"
            raise Rejected("no_header", detail)
        cells = layout.cells_of(line)
        if not ended and (cells is None or not self._is_whole(layout, line)):
            raise Rejected("unfinished_row", "the last line of the log ends in the middle")
        if cells is None:
            found = line.count(layout.delimiter)
            raise Rejected("ragged_row", f"found {found + 1} cells, expected {layout.width} as in the header")
        parts, is_assumed = layout.parts_of(line), self._layout is None
        try:
            time, recorded = self._clock.at(cells[0]), self._clock.recorded
        except Rejected as rejected:
            if rejected.reason == FUTURE_TIME:
                raise AheadOfTime(rejected, len(parts)) from rejected
            raise
        for card, part, model in parts:
            yield Row(part, None, None, line, time, recorded, is_assumed, card, model)

    def _is_whole(self, layout: Layout, line: bytes) -> bool:
        """Of a line that fits, and that no line feed ends. Without a closing delimiter half of its last number looks
        like a number, and what was sent of a row once is never sent again."""
        return layout.closes(line) if layout.closed else not self._may_grow
