"""How HWiNFO writes its sensor logs: Date, Time, the whole machine, and every card of it in one row.

The names of the devices stand only in the last two lines, which a log that is still growing does not have, so cards are
told apart by their columns: those of a card stand together, temperatures first, loads and limits last.
"""

from __future__ import annotations

import re

from kafka_producer.sources.logs import csv_row
from kafka_producer.sources.logs.dialect import Dialect
from kafka_producer.sources.logs.layout import Layout
from kafka_producer.sources.logs.naming import Naming
from kafka_producer.sources.logs.wide import Place, WideLayout
from telemetry.catalogue import Catalogue

SOURCE = "hwinfo"

_HEADER = re.compile(rb'[\s\xef\xbb\xbf]*"?Date"?\s*[,;\t]\s*"?Time"?\s*[,;\t]', re.IGNORECASE)
_DEVICES = re.compile(rb'\s*(?:"")?[,;\t]\s*(?:"")?[,;\t]')
"""The last line of a log: for each column its device, nothing for date and time."""
_OF_CARD = re.compile(r"i?GPU\b|Total (?:GPU|Board|Graphics) Power|PCIe Link Speed", re.IGNORECASE)
_ORDER = ("C", "V", "RPM", "A", "W", "MHz", "%")
"""Ends of the units, as their quantities follow one another within a device."""


class HwinfoHeaders(Naming):
    """Layouts of one log."""

    def __init__(self, catalogue: Catalogue, day_first: bool = False) -> None:
        super().__init__(catalogue, SOURCE)
        self.header = b""
        self._catalogue_of_cards = catalogue
        self._day_first = day_first
        self._layout: Layout | None = None

    def layout_of(self, line: bytes) -> Layout | None:
        if line == self.header:
            return self._layout
        if _HEADER.match(line) is None:
            return None
        delimiter = csv_row.delimiter_of(line)
        names, closed = csv_row.names_of(line, delimiter)
        sensors = names[2:]
        cards = cards_of(sensors, [self._is_of_card(name) for name in sensors])
        if not any(card is not None for card in cards):  # the log of a machine is none of a GPU
            return None
        places = [Place(n, name, card) for n, (name, card) in enumerate(zip(sensors, cards, strict=True), start=2)]
        self.header, self._layout = line, WideLayout(places, self, len(names), delimiter, closed, self._day_first)
        return self._layout

    def is_beside(self, line: bytes) -> bool:
        return _DEVICES.match(line) is not None

    def _is_of_card(self, name: str) -> bool:
        metric = self._catalogue_of_cards.column(SOURCE, name).metric
        return metric.scope == "gpu" if metric is not None else _OF_CARD.match(name) is not None


def cards_of(names: list[str], is_of_card: list[bool]) -> list[int | None]:
    """The card of each column, None where it is of the machine.

    A name that a card has already begins another one: at the place before it where temperatures start again, since the
    two need not have the same sensors. What stands between the columns of one card is its, too.
    """
    places = [place for place, is_one in enumerate(is_of_card) if is_one]
    begins, seen, restart, last = [0], set[str](), None, -1
    for place in places:
        name, rank = names[place].casefold(), _rank(names[place])
        if rank is not None:
            if rank < last and (restart is None or rank <= restart[0]):
                restart = rank, place
            last = rank
        if name in seen:
            begin = restart[1] if restart is not None else place
            begins.append(begin)
            seen = {names[each].casefold() for each in places if begin <= each < place}
            restart = None
        seen.add(name)
    cards: list[int | None] = [None] * len(names)
    for card, (begin, end) in enumerate(zip(begins, [*begins[1:], len(names)], strict=True)):
        mine = [place for place in places if begin <= place < end]
        if mine:
            cards[mine[0] : mine[-1] + 1] = [card] * (mine[-1] + 1 - mine[0])
    return cards


def _rank(name: str) -> int | None:
    unit = name.rpartition("[")[2].rstrip("] ")
    return next((n for n, end in enumerate(_ORDER) if unit.endswith(end) and len(unit) <= len(end) + 2), None)


HWINFO = Dialect(
    SOURCE,
    "HWiNFO",
    'Date,Time,"GPU Temperature [°C]",...',
    "HWiNFO writes one from 'Logging Start' in its sensor window on",
    lambda line: _HEADER.match(line) is not None,
    HwinfoHeaders,
    has_cards=True,
)
