"""Rows that show several cards beside each other, and the machine: what belongs to which card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from kafka_producer.sources.logs import csv_row, stamps
from kafka_producer.sources.logs.layout import Layout, Part
from kafka_producer.sources.logs.naming import Column, Naming


class Place(NamedTuple):
    """A cell of a row."""

    cell: int
    header: str
    """As the catalogue spells it."""
    card: int | None
    """None: of the machine."""


class WideLayout(Layout):
    """Date, perhaps time, and the values of all cards."""

    def __init__(
        self, places: Sequence[Place], naming: Naming, width: int, delimiter: bytes, closed: bool, day_first: bool
    ) -> None:
        super().__init__([], delimiter, closed)
        self.width = width
        self._day_first = day_first
        self._last: tuple[bytes, list[bytes] | None] = (b"", None)
        self._parts = tuple(Part(n, _CardLayout(self, columns)) for n, columns in enumerate(_cards(places, naming)))

    def cells_of(self, line: bytes) -> list[bytes] | None:
        """The date and all cells, as they stand."""
        if line is not self._last[0]:  # each card of a row asks for it
            cells = csv_row.fitting(csv_row.cells_of(line, self.delimiter), self.width, self.closed)
            self._last = line, [stamps.stamp_of(line, self._day_first), *cells] if cells is not None else None
        return self._last[1]

    def parts_of(self, line: bytes) -> Sequence[Part]:
        return self._parts


class _CardLayout(Layout):
    """The cells of one card among those of a row."""

    def __init__(self, row: WideLayout, columns: Sequence[tuple[int, Column]]) -> None:
        super().__init__([column for _, column in columns], row.delimiter, row.closed)
        self.allows_plain = False
        self._row = row
        self._indices = [0, *(index + 1 for index, _ in columns)]

    def cells_of(self, line: bytes) -> list[bytes] | None:
        cells = self._row.cells_of(line)
        return [cells[index] for index in self._indices] if cells is not None else None

    def number_of(self, text: bytes) -> float | None:
        return csv_row.number_of(text)


def _cards(places: Sequence[Place], naming: Naming) -> list[list[tuple[int, Column]]]:
    """(cell, column) of each card. What the catalogue knows of the machine stands with every card, the rest of it with
    the first one. The cards' own columns are named first: a machine has more sensors than a log may bring along."""
    count = max((place.card + 1 for place in places if place.card is not None), default=1)
    used = [Counter[str]() for _ in range(count)]
    found: list[list[tuple[int, Column]]] = [[] for _ in range(count)]
    for place in sorted(places, key=lambda place: place.card is None):
        for card in range(count) if place.card is None else (place.card,):
            column = naming.column(place.header, used[card])
            if column is None or (place.card is None and card and column.metric is None):
                break
            found[card].append((place.cell, column))
    return [sorted(columns, key=lambda each: each[0]) for columns in found]
