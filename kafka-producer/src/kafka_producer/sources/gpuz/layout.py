"""What a header says of the rows below it: their columns, by the names of the catalogue."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple, TypeVar

from kafka_producer.sources.gpuz.decode import text_of
from telemetry.catalogue import Catalogue, Metric

SOURCE = "gpuz"
MOST_UNKNOWN = 200
"""Columns that the catalogue does not know, per log; a file that changes its header without end must not eat memory."""

_LONGEST_HEADER = 300

_HEADER = re.compile(rb"[\s\xef\xbb\xbf]*Date\s*([,;\t])", re.IGNORECASE)

T = TypeVar("T")


class Column(NamedTuple):
    """One column of a layout: the name that its values carry, and the metric where the catalogue knows it."""

    name: str
    metric: Metric | None

    @property
    def plausible(self) -> tuple[float, float]:
        return self.metric.plausible if self.metric else (-1e300, 1e300)

    @property
    def is_of_gpu(self) -> bool:
        """Whether a failed read of the card makes this column's zeros false. So does what we do not know."""
        return self.metric is None or self.metric.scope == "gpu"


class Layout:
    """One header, compiled for the rows below it."""

    def __init__(self, columns: list[Column | None], delimiter: bytes, closed: bool) -> None:
        self.columns = columns
        """Of each cell after the date; None for one beyond MOST_UNKNOWN."""
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

    def cells_of(self, line: bytes) -> list[bytes] | None:
        """The date and one cell per column. None where the line does not fit this layout."""
        if self.delimiter == b";":
            line = line.replace(b",", b".")
        cells = line.rstrip().split(self.delimiter)
        # Programs that save a log again drop the closing delimiter, or add it.
        if len(cells) == len(self.columns) + 2 and not cells[-1]:
            cells.pop()
        return cells if len(cells) == len(self.columns) + 1 else None


def picker(indices: list[int]) -> Callable[[Sequence[T]], Iterable[T]]:
    """What stands at ``indices``, at the speed of C."""
    if not indices:
        return lambda _: ()
    # With one index alone itemgetter would give a value, not a tuple.
    return itemgetter(*indices) if len(indices) > 1 else itemgetter(slice(indices[0], indices[0] + 1))


class Headers:
    """Layouts of one log: names for its columns, which stay the same over all its headers."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._unknown: dict[str, None] = {}
        self._refused: dict[str, None] = {}
        self._line = b""
        self._layout: Layout | None = None
        """Of ``_line``: each restart of GPU-Z writes the same header again."""

    def layout_of(self, line: bytes) -> Layout | None:
        """The layout that a header line gives; None where the line is no header of GPU-Z."""
        if line == self._line:
            return self._layout
        match = _HEADER.match(line)
        if match is None:
            return None
        delimiter = match[1]
        cells = [_words(text_of(cell)) for cell in line.rstrip().split(delimiter)[1:]]
        closed = bool(cells) and cells[-1] == ""
        if closed:
            cells.pop()
        # HWiNFO and others write a column Time beside Date.
        if not cells or cells[0].casefold() == "time":
            return None
        used: Counter[str] = Counter()
        self._line, self._layout = line, Layout([self._column(cell, used) for cell in cells], delimiter, closed)
        return self._layout

    def unknown(self) -> list[str]:
        """Names of columns that the catalogue does not know."""
        return list(self._unknown)

    def refused(self) -> list[str]:
        """Headers of columns beyond MOST_UNKNOWN (the first of them)."""
        return list(self._refused)

    def _column(self, header: str, used: Counter[str]) -> Column | None:
        base, metric = self._catalogue.column(SOURCE, header)
        name = base
        while name in used:
            # Counted from where the last one of this name ended: a header may hold thousands of them.
            used[base] += 1
            name = f"{base}_{used[base]}"
        used[name] = 1
        if metric is None or name != base:
            if name not in self._unknown and len(self._unknown) >= MOST_UNKNOWN:
                if len(self._refused) < MOST_UNKNOWN:
                    self._refused[header[:100]] = None
                return None
            self._unknown[name] = None
        return Column(name, metric)


def _words(cell: str) -> str:
    """A header without surplus blanks, and no longer than any that names a sensor."""
    return " ".join(cell[:_LONGEST_HEADER].split())
