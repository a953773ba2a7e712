"""A reading as a row of PostgreSQL. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

import orjson

from telemetry.catalogue import Metric
from telemetry.reading import IMPLAUSIBLE, Reading
from telemetry.timestamp import format_time

NULL = "\\N"
_PIECE = 500
"""Rows: PostgreSQL reads one piece while the next is written down."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Row(NamedTuple):
    """A reading, ready for COPY but for the columns of its metrics: which of them a batch needs is known at its end."""

    gpu: str
    time: int
    """Microseconds UTC."""
    aside: bool
    """For the table of imports, which do not expire."""
    moved: bool
    """Aside for its age alone: the same reading, sent twice, may have come while it was young."""
    fixed: str
    """The values of ``columns.FIXED``, as COPY has them."""
    metrics: Mapping[str, float]
    """Those that are columns."""


class Rows:
    """Makes rows for the columns of one catalogue."""

    def __init__(self, metrics: Mapping[str, Metric], kept: int) -> None:
        """``kept``: microseconds for which readings are kept."""
        self._ranges = {name: metric.plausible for name, metric in metrics.items()}
        self._kept = kept

    def of(self, reading: Reading, arrived: int) -> Row:
        """``arrived``: when Kafka took it, microseconds UTC. Not now: read again it must get into the same table."""
        metrics, more, flags = self._sorted_out(reading)
        imported = reading.mode == "import"
        old = reading.time < arrived - self._kept
        fixed = (
            format_time(reading.time),
            _text(reading.gpu),
            _text(reading.host),
            _text(reading.source),
            _text(reading.model),
            reading.mode,
            _text(reading.origin),
            str(reading.row),
            NULL if reading.recorded is None else reading.recorded.translate(_ESCAPES),
            _json(more),
            _json(flags),
            _json(reading.labels),
        )
        return Row(reading.gpu, reading.time, imported or old, old and not imported, "\t".join(fixed), metrics)

    def _sorted_out(self, reading: Reading) -> tuple[Mapping[str, float], Mapping[str, float], Mapping[str, str]]:
        """Metrics that are columns, those that are none, and the flags. An implausible value is dropped and flagged, as
        where it is read: one such number would spoil every aggregate, or make PostgreSQL refuse to compute it."""
        ranges, metrics = self._ranges, reading.metrics
        more, wild = {}, []
        for name, value in metrics.items():
            bounds = ranges.get(name)
            if bounds is None:
                more[name] = value
            elif not bounds[0] <= value <= bounds[1]:
                wild.append(name)
        if not more and not wild:
            return metrics, more, reading.flags
        columns = {name: value for name, value in metrics.items() if name not in more and name not in wild}
        return columns, more, {**dict.fromkeys(wild, IMPLAUSIBLE), **reading.flags}


def lines(rows: Sequence[Row], metrics: Sequence[str], *, staged: bool = False) -> Iterator[bytes]:
    """COPY's text, piece by piece: (``staged``: aside, moved,) the fixed columns, the metrics named."""
    nothing = repeat(NULL)
    for begin in range(0, len(rows), _PIECE):
        yield "".join(
            [
                (f"{row.aside:d}\t{row.moved:d}\t" if staged else "")
                + row.fixed
                + "".join([f"\t{value}" for value in map(row.metrics.get, metrics, nothing)])
                + "\n"
                for row in rows[begin : begin + _PIECE]
            ]
        ).encode()


def _text(value: str | None) -> str:
    return NULL if value is None else _escaped(value)


# Names repeat with every reading of a GPU.
@lru_cache(maxsize=65_536)
def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode().replace("\\", "\\\\") if value else NULL
