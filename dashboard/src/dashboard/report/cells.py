"""Numbers of the tables as cells: the value itself, and how people read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dashboard.card_words import clean, cost, duration, energy, number
from dashboard.report.content import Cell, Tone
from dashboard.report.tables import Row
from telemetry.catalogue import Catalogue

NOTHING = Cell("–")
"""What nobody knows."""


class Unit(NamedTuple):
    """How numbers of a metric are shown."""

    label: str
    symbol: str
    decimals: int

    def cell(self, value: float | None, tone: Tone = "plain", *, symbol: bool = False) -> Cell:
        return of(value, self.decimals, self.symbol if symbol else "", tone)


def unit_of(catalogue: Catalogue, name: str) -> Unit:
    """Of a sensor that the catalogue does not know: its name, and two decimals."""
    metric = catalogue.get(name)
    if metric is None:
        return Unit(clean(name), "", 2)
    unit = catalogue.unit_of(metric)
    return Unit(metric.label, unit.symbol, unit.decimals)


def of(value: float | None, decimals: int, symbol: str = "", tone: Tone = "plain", bar: float | None = None) -> Cell:
    return NOTHING if value is None else Cell(number(value, decimals, symbol), value, tone, bar)


def signed(value: float | None, decimals: int, symbol: str = "", tone: Tone = "plain") -> Cell:
    if value is None:
        return NOTHING
    text = number(value, decimals, symbol)
    return Cell(f"+{text}" if value > 0 and float(f"{value:.{decimals}f}") else text, value, tone)


def energy_cell(value: float | None, bar: float | None = None) -> Cell:
    return NOTHING if value is None else Cell(energy(value), value, bar=bar)


def cost_cell(value: float | None, currency: str) -> Cell:
    return NOTHING if value is None else Cell(cost(value, currency), value)


def minutes_cell(value: float | None, tone: Tone = "plain", bar: float | None = None) -> Cell:
    """The value is minutes, the text says days, hours, minutes or seconds."""
    return NOTHING if value is None else Cell(duration(60 * value), value, tone, bar)


def count_cell(value: float | None, tone: Tone = "plain") -> Cell:
    return of(value, 0, tone=tone if value else "plain")


def total(rows: Iterable[Row], name: str) -> float | None:
    """Of a column; None where no row knows it."""
    known = [row[name] for row in rows if row.get(name) is not None]
    return sum(known) if known else None


def whole(rows: Iterable[Row], name: str) -> float | None:
    """Of a column; None where any row does not know it."""
    values = [row.get(name) for row in rows]
    return None if not values or None in values else sum(value for value in values if value is not None)


def highest(rows: Iterable[Row], name: str) -> float | None:
    return max((row[name] for row in rows if row.get(name) is not None), default=None)


def lowest(rows: Iterable[Row], name: str) -> float | None:
    return min((row[name] for row in rows if row.get(name) is not None), default=None)


def mean(rows: Iterable[Row], name: str, weight: str = "readings") -> float | None:
    """Weighted; of one row it is the value as it stands."""
    known = [row for row in rows if row.get(name) is not None and row.get(weight)]
    if len(known) == 1:
        return float(known[0][name])
    weights = sum(row[weight] for row in known)
    return sum(row[name] * row[weight] for row in known) / weights if weights else None
