"""Readings as CSV, Parquet and Arrow, piece by piece."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, Literal

from dashboard import columnar
from dashboard.stores.history import Row
from telemetry.timestamp import format_time

Format = Literal["csv", "parquet", "arrow"]
MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
COLUMNS: Final = ("time", "gpu", "host", "source", "row")
"""Before those of the metrics."""


def pieces(
    kind: Format, gpu: str, metrics: Sequence[str], first: list[Row], rest: Iterable[list[Row]]
) -> Iterator[bytes]:
    """The file."""
    # A metric of such a name (no catalogue has one) must not take the place of a column of ours.
    names = {metric: f"{metric}_value" if metric in COLUMNS else metric for metric in metrics}
    batches = chain([first], rest)
    if kind == "csv":
        return _csv(gpu, names, batches)
    return columnar.encoded(columnar.Head(kind, gpu, names), batches)


def _csv(gpu: str, names: dict[str, str], batches: Iterable[list[Row]]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *names.values()])
    for batch in batches:
        for row in batch:
            values = [_number(row.metrics.get(metric)) for metric in names]
            writer.writerow([format_time(row.time), gpu, row.host, row.source, row.row, *values])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _number(value: float | None) -> str:
    """The shortest text that is this number; empty where there is none."""
    return "" if value is None else repr(value).removesuffix(".0")
