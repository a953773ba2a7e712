"""How ``nvidia-smi --query-gpu=timestamp,... --format=csv`` writes: the columns that were asked for, a card a row.

With or without units in the cells; the header has them either way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from kafka_producer.sources.logs import csv_row, stamps
from kafka_producer.sources.logs.decode import text_of
from kafka_producer.sources.logs.dialect import Dialect
from kafka_producer.sources.logs.layout import Layout, Part
from kafka_producer.sources.logs.naming import Column, Naming
from telemetry.catalogue import Catalogue

SOURCE = "nvidia_smi"

_FIELD = rb"\s*[a-z][a-z0-9_.]*(?: \[[^\]]{0,20}\])?\s*"
_FIELDS = re.compile(rb"[\xef\xbb\xbf]*%b(?:[,;\t]%b)+[,;\t]?\s*" % (_FIELD, _FIELD))
_TELLING = re.compile(
    rb"\b(?:temperature\.|utilization\.|memory\.|power\.|clocks|fan\.speed|pstate|pcie\.|ecc\.|pci\.|gpu_|uuid)"
)
_TIMESTAMP = re.compile(rb"(?:^|[,;\t\xbf])\s*timestamp\s*(?:[,;\t]|$)")

INDEX = ("index",)
PLACES = ("uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id", "serial", "gpu_serial")
"""What else tells cards apart, the surest first."""
MODEL = ("name", "gpu_name")
TEXTS = {"timestamp", "driver_version", "vbios_version", "count", "compute_mode", "display_mode", "display_active",
         "persistence_mode", "accounting.mode", "mig.mode.current", "ecc.mode.current", "pci.sub_device_id",
         "pci.device_id", "pci.domain", "pci.bus", "pci.device", *INDEX, *PLACES, *MODEL}  # fmt: skip
"""Columns that are no sensors."""
ABSENT = frozenset((b"[N/A]", b"N/A", b"[Not Supported]", b"Not Supported", b"[Not Found]"))
MISSING = frozenset((b"", b"-", b"[Unknown Error]", b"Unknown Error", b"[GPU is lost]", b"[GPU requires reset]"))


def is_query(line: bytes) -> bool:
    """Whether the line names columns that nvidia-smi can be asked for."""
    return _FIELDS.fullmatch(line) is not None and _TELLING.search(line) is not None


def _is_header(line: bytes) -> bool:
    return _TIMESTAMP.search(line) is not None and is_query(line)


class NvidiaSmiHeaders(Naming):
    """Layouts of one log, and the cards that it has shown so far."""

    def __init__(self, catalogue: Catalogue, day_first: bool = False) -> None:
        super().__init__(catalogue, SOURCE)
        self.header = b""
        self._layout: Layout | None = None
        self._cards: dict[bytes, int] = {}
        self._has_first = False

    def layout_of(self, line: bytes) -> Layout | None:
        if line == self.header:
            return self._layout
        if not _is_header(line):
            return None
        delimiter = csv_row.delimiter_of(line)
        names, closed = csv_row.names_of(line.lstrip(b"\xef\xbb\xbf"), delimiter)
        self.header, self._layout = line, _RowLayout(names, self, delimiter, closed)
        return self._layout

    def is_beside(self, line: bytes) -> bool:
        return False

    def card_of(self, index: bytes, place: bytes) -> int:
        """Counted from the first card of the log; without an index in the order in which they come."""
        if index.isdigit() and len(index) <= 4:
            if not self._has_first:
                self._has_first, self.first_card = True, int(index)
            return int(index) - self.first_card
        return self._cards.setdefault(place, len(self._cards)) if place else 0


class _RowLayout(Layout):
    """One card a row; which one, its cells say."""

    missing, absent = MISSING, ABSENT

    def __init__(self, names: list[str], headers: NvidiaSmiHeaders, delimiter: bytes, closed: bool) -> None:
        used: Counter[str] = Counter()
        sensors = [(n, name) for n, name in enumerate(names) if name not in TEXTS and not _is_setting(name)]
        known = [(n, column) for n, name in sensors if (column := headers.column(name, used)) is not None]
        columns: list[Column | None] = [column for _, column in known]
        super().__init__(columns, delimiter, closed)
        self.allows_plain = False
        self.width = len(names)
        self._headers = headers
        self._sensors = [n for n, _ in known]
        self._index, self._place, self._model = (_first(names, wanted) for wanted in (INDEX, PLACES, MODEL))

    def cells_of(self, line: bytes) -> list[bytes] | None:
        cells = self._cells(line)
        return [stamps.stamp_of(line, False), *(cells[n] for n in self._sensors)] if cells is not None else None

    def parts_of(self, line: bytes) -> Sequence[Part]:
        cells = self._cells(line) or []
        index, place, model = (
            cells[n] if n is not None and n < len(cells) else b"" for n in (self._index, self._place, self._model)
        )
        return (Part(self._headers.card_of(index, place), self, text_of(model)[:200] or None),)

    def number_of(self, text: bytes) -> float | None:
        return csv_row.number_of(text)

    def _cells(self, line: bytes) -> list[bytes] | None:
        return csv_row.fitting(csv_row.cells_of(line, self.delimiter), self.width, self.closed)


def _first(names: list[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _is_setting(name: str) -> bool:
    return name.endswith((".supported", ".mode.pending"))


NVIDIA_SMI = Dialect(
    SOURCE,
    "nvidia-smi",
    "timestamp, index, temperature.gpu, ...",
    "nvidia-smi --query-gpu=timestamp,index,name,temperature.gpu,utilization.gpu,power.draw --format=csv -l 1 -f FILE",
    _is_header,
    NvidiaSmiHeaders,
    has_cards=True,
)
