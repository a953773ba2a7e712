"""How GPU-Z writes its sensor logs: a date, one value per column, all of one card."""

from __future__ import annotations

import re
from collections import Counter

from kafka_producer.sources.logs.decode import text_of
from kafka_producer.sources.logs.dialect import Dialect
from kafka_producer.sources.logs.layout import Layout
from kafka_producer.sources.logs.naming import Naming, words
from telemetry.catalogue import Catalogue

SOURCE = "gpuz"

_HEADER = re.compile(rb"[\s\xef\xbb\xbf]*Date\s*([,;\t])", re.IGNORECASE)
_WITH_TIME = re.compile(_HEADER.pattern + rb'\s*"?Time\b', re.IGNORECASE)


class GpuzHeaders(Naming):
    """Layouts of one log."""

    def __init__(self, catalogue: Catalogue, day_first: bool = False) -> None:
        super().__init__(catalogue, SOURCE)
        self.header = b""
        self._layout: Layout | None = None
        """Of ``header``: each restart of GPU-Z writes the same one again."""

    def layout_of(self, line: bytes) -> Layout | None:
        if line == self.header:
            return self._layout
        match = _HEADER.match(line)
        if match is None:
            return None
        delimiter = match[1]
        cells = [words(text_of(cell)) for cell in line.rstrip().split(delimiter)[1:]]
        closed = bool(cells) and cells[-1] == ""
        if closed:
            cells.pop()
        # HWiNFO and others write a column Time beside Date.
        if not cells or cells[0].casefold() == "time":
            return None
        used: Counter[str] = Counter()
        self.header, self._layout = line, Layout([self.column(cell, used) for cell in cells], delimiter, closed)
        return self._layout

    def is_beside(self, line: bytes) -> bool:
        return False


def _is_header(line: bytes) -> bool:
    return _HEADER.match(line) is not None and _WITH_TIME.match(line) is None


GPUZ = Dialect(
    SOURCE,
    "GPU-Z",
    "Date , GPU Clock [MHz] , ...",
    "GPU-Z writes one while 'Log to file' is ticked on its Sensors tab",
    _is_header,
    GpuzHeaders,
    is_native=True,
)
