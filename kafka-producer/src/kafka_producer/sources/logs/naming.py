"""Names for the columns of one log, which stay the same over all its headers."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from telemetry.catalogue import Catalogue, Metric

MOST_UNKNOWN = 200
"""Columns that the catalogue does not know, per log; a file that changes its header without end must not eat memory."""

_LONGEST_HEADER = 300


class Column(NamedTuple):
    """One column of a layout: the name that its values carry, and the metric where the catalogue knows it."""

    name: str
    metric: Metric | None
    factor: float = 1.0
    """What a value is multiplied with to have the metric's unit."""
    bit: int = 0
    """The bit of a bit mask that the column is; 0: it is a value of its own."""

    @property
    def plausible(self) -> tuple[float, float]:
        return self.metric.plausible if self.metric else (-1e300, 1e300)

    @property
    def is_of_gpu(self) -> bool:
        """Whether a failed read of the card makes this column's zeros false. So does what we do not know."""
        return self.metric is None or self.metric.scope == "gpu"


class Naming:
    """Of the logs of one program."""

    first_card = 0

    def __init__(self, catalogue: Catalogue, source: str) -> None:
        self._catalogue = catalogue
        self._source = source
        self._unknown: dict[str, None] = {}
        self._refused: dict[str, None] = {}

    def column(self, header: str, used: Counter[str]) -> Column | None:
        """The column of a header cell; ``used``: the names given so far to the same card. None beyond MOST_UNKNOWN."""
        base, metric, factor, bit = self._catalogue.column(self._source, header)
        if bit:
            return Column(base, metric, bit=bit)
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
        return Column(name, metric, factor)

    def unknown(self) -> list[str]:
        """Names of columns that the catalogue does not know."""
        return list(self._unknown)

    def refused(self) -> list[str]:
        """Headers of columns beyond MOST_UNKNOWN (the first of them)."""
        return list(self._refused)


def words(cell: str) -> str:
    """A header without surplus blanks, and no longer than any that names a sensor."""
    return " ".join(cell[:_LONGEST_HEADER].split())
