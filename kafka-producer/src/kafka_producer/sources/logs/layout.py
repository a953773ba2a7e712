"""What a header says of the rows below it: their columns, by the names of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple, Protocol, TypeVar

from kafka_producer.sources.logs.naming import Column

T = TypeVar("T")


class Part(NamedTuple):
    """What a row says of one card."""

    card: int
    """Counted from the log's first card, which is 0."""
    layout: Layout
    """Takes the cells of this card out of the row."""
    model: str | None = None


class Layout:
    """One header, compiled for the rows below it: a date, then one value per column, all of one card."""

    missing: frozenset[bytes] = frozenset((b"-", b""))
    """What stands for a value that could not be read."""
    absent: frozenset[bytes] = frozenset()
    """... and for one that the card does not have."""

    def __init__(self, columns: Sequence[Column | None], delimiter: bytes, closed: bool) -> None:
        self.columns = columns
        """Of each cell after the date; None for one beyond MOST_UNKNOWN."""
        self.width = len(columns) + 1
        """Cells of a row."""
        self.delimiter = delimiter
        self.closed = closed
        """GPU-Z ends every line with a delimiter; without it nobody can tell a whole last number from half of one."""
        # With decimal commas, or columns that have no name, every row must be read cell by cell.
        self.allows_plain = delimiter == b"," and None not in columns
        known = [column or Column("", None) for column in columns]
        self.names = [column.name for column in known]
        self.blank = dict.fromkeys(self.names, 0.0)
        """To be copied and filled: a dict that grows to its size takes a quarter longer."""
        self.highest = [column.plausible[1] for column in known]
        self.zero_rules = {
            column.name: column.metric.zero_rule
            for column in known
            if column.metric and column.metric.zero_rule.kind != "allowed"
        }
        self.zero_suspects = picker([i for i, name in enumerate(self.names) if name in self.zero_rules])
        self._whole = (Part(0, self),)

    def cells_of(self, line: bytes) -> list[bytes] | None:
        """The date, as a WallClock reads it, and one cell per column. None where the line does not fit this layout."""
        if self.delimiter == b";":
            line = line.replace(b",", b".")
        cells = line.rstrip().split(self.delimiter)
        # Programs that save a log again drop the closing delimiter, or add it.
        if len(cells) == len(self.columns) + 2 and not cells[-1]:
            cells.pop()
        return cells if len(cells) == len(self.columns) + 1 else None

    def closes(self, line: bytes) -> bool:
        """Whether the closing delimiter ends a line that fits, and not one that a last cell was to follow."""
        line = line.rstrip()
        return line.endswith(self.delimiter) and line.count(self.delimiter) >= self.width

    def parts_of(self, line: bytes) -> Sequence[Part]:
        """The cards of a row that fits, at least one."""
        return self._whole

    def number_of(self, text: bytes) -> float | None:
        """The value of a cell, neither missing nor absent; None where it is no finite number."""
        return number_of(text)


class Headers(Protocol):
    """Layouts of one log, in the order of its lines."""

    header: bytes
    """The header of the layout that was given last, whole: a line, or several with line feeds between them. Given to
    ``layout_of`` at once, it makes that layout again."""
    first_card: int
    """The index that the log gives the first card that it shows; 0 until then, and where it gives none."""

    def layout_of(self, line: bytes) -> Layout | None:
        """The layout that a header line completes; None where the line completes none."""
        ...

    def is_beside(self, line: bytes) -> bool:
        """Whether the line is no row, and no header by itself, but one that the program writes."""
        ...

    def unknown(self) -> list[str]: ...

    def refused(self) -> list[str]: ...


_INTEGER_DIGITS = 19
"""A longer integer may not fit into 64 bits, and JSON's readers take it for a float."""


def number_of(text: bytes) -> float | None:
    """A number as GPU-Z writes it."""
    try:
        # As JSON tells them apart, so that a value is written alike whichever way it was read.
        value = int(text) if text.isdigit() and len(text) <= _INTEGER_DIGITS else float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") and b"_" not in text else None


def picker(indices: list[int]) -> Callable[[Sequence[T]], Iterable[T]]:
    """What stands at ``indices``, at the speed of C."""
    if not indices:
        return lambda _: ()
    # With one index alone itemgetter would give a value, not a tuple.
    return itemgetter(*indices) if len(indices) > 1 else itemgetter(slice(indices[0], indices[0] + 1))
