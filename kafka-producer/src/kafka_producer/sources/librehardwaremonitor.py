"""How LibreHardwareMonitor, and OpenHardwareMonitor before it, write their logs: two lines of header.

The first names each sensor by its place (``/gpu-nvidia/0/temperature/0``), the second by its name (``GPU Core``).
"""

from __future__ import annotations

import re

from kafka_producer.sources.logs import csv_row
from kafka_producer.sources.logs.dialect import Dialect
from kafka_producer.sources.logs.layout import Layout
from kafka_producer.sources.logs.naming import Naming
from kafka_producer.sources.logs.wide import Place, WideLayout
from telemetry.catalogue import Catalogue

SOURCE = "librehardwaremonitor"

_IDENTIFIERS = re.compile(rb'[\s\xef\xbb\xbf]*(?:"")?[,;\t]\s*"?/[a-z][-a-z0-9]*/')
_NAMES = re.compile(rb'\s*"?Time"?\s*[,;\t]', re.IGNORECASE)
_CARD = re.compile(r"(/(?:gpu-[-a-z]+|nvidiagpu|atigpu|intelgpu)/[^/]+)/")
_UNITS = {
    "temperature": "°C", "load": "%", "control": "%", "level": "%", "clock": "MHz", "power": "W", "voltage": "V",
    "current": "A", "fan": "RPM", "data": "GB", "smalldata": "MB", "throughput": "B/s", "energy": "mWh",
}  # fmt: skip
"""Kind of a sensor, as its place says it -> the unit in which it is written."""


class LibreHardwareMonitorHeaders(Naming):
    """Layouts of one log."""

    def __init__(self, catalogue: Catalogue, day_first: bool = False) -> None:
        super().__init__(catalogue, SOURCE)
        self.header = b""
        self._identifiers = b""
        self._layout: Layout | None = None

    def layout_of(self, line: bytes) -> Layout | None:
        if line == self.header:
            return self._layout
        if _IDENTIFIERS.match(line) is not None:
            self._identifiers, _, line = line.partition(b"\n")
        if not self._identifiers or _NAMES.match(line) is None:
            return None
        delimiter = csv_row.delimiter_of(self._identifiers)
        identifiers, closed = csv_row.names_of(self._identifiers, delimiter)
        names, _ = csv_row.names_of(line, delimiter)
        if len(names) != len(identifiers):
            return None
        places = _places(identifiers, names)
        if not any(place.card is not None for place in places):  # the log of a machine is none of a GPU
            return None
        # Its dates are always those of .NET's invariant culture: 06/16/2023.
        self._layout = WideLayout(places, self, len(names), delimiter, closed, day_first=False)
        self.header = self._identifiers + b"\n" + line
        return self._layout

    def is_beside(self, line: bytes) -> bool:
        return _IDENTIFIERS.match(line) is not None


def _places(identifiers: list[str], names: list[str]) -> list[Place]:
    cards: dict[str, int] = {}
    places = []
    for index, (identifier, name) in enumerate(zip(identifiers, names, strict=True)):
        if not identifier:
            continue
        card = _CARD.match(identifier)
        kind = identifier.split("/")[-2] if identifier.count("/") >= 2 else ""
        header = f"{name or identifier} [{_UNITS.get(kind, kind)}]"
        places.append(Place(index, header, cards.setdefault(card[1], len(cards)) if card is not None else None))
    return places


LIBREHARDWAREMONITOR = Dialect(
    SOURCE,
    "LibreHardwareMonitor",
    ",/gpu-nvidia/0/temperature/0,...",
    "LibreHardwareMonitor writes one while 'Log Sensors' is ticked in its options",
    lambda line: _IDENTIFIERS.match(line) is not None,
    LibreHardwareMonitorHeaders,
    has_cards=True,
)
