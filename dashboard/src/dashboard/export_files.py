"""Readings as CSV, Parquet and Arrow, piece by piece."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Literal

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
    return _csv(gpu, names, batches) if kind == "csv" else _columns(kind, gpu, names, batches)


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


class _Sink(io.RawIOBase):
    """What a writer of files has written since it was last asked."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def _columns(kind: Format, gpu: str, names: dict[str, str], batches: Iterable[list[Row]]) -> Iterator[bytes]:
    # Heavy to import, and few ask for it.
    import pyarrow as pa
    from pyarrow import parquet

    texts = [pa.field(name, pa.string()) for name in ("gpu", "host", "source")]
    numbers = [pa.field(name, pa.float64()) for name in names.values()]
    schema = pa.schema([pa.field("time", pa.timestamp("us", "UTC")), *texts, pa.field("row", pa.int64()), *numbers])
    sink = _Sink()
    if kind == "parquet":
        writer = parquet.ParquetWriter(sink, schema, compression="zstd")
    else:
        writer = pa.ipc.new_stream(sink, schema)
    with writer:
        for batch in batches:
            writer.write_table(_table(pa, schema, gpu, names, batch))
            yield sink.take()
    yield sink.take()


def _table(pa: Any, schema: Any, gpu: str, names: dict[str, str], batch: list[Row]) -> Any:
    columns = [
        pa.array([row.time for row in batch], pa.timestamp("us", "UTC")),
        pa.array([gpu] * len(batch)),
        pa.array([row.host for row in batch]),
        pa.array([row.source for row in batch]),
        pa.array([row.row for row in batch], pa.int64()),
        *(pa.array([row.metrics.get(metric) for row in batch], pa.float64()) for metric in names),
    ]
    return pa.Table.from_arrays(columns, schema=schema)
