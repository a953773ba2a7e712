"""The records of one partition as a Parquet file: any tool reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_SCHEMA = pa.schema(
    [
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.int64(), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
    ]
)
_ROWS = 5_000
_BYTES = 16 * 1024 * 1024


class Kept(NamedTuple):
    """``timestamp`` is Kafka's, in milliseconds UTC."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def write(path: Path, records: Iterable[Kept]) -> int:
    """Returns how many there were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        for rows in _groups(records):
            columns = list(zip(*rows, strict=True))
            writer.write_table(pa.table([pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], _SCHEMA))
            count += len(rows)
    return count


def read(path: Path) -> Iterator[Kept]:
    """In the order in which they were written."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            columns = (column.to_pylist() for column in batch.columns)
            yield from map(Kept._make, zip(*columns, strict=True))


def _groups(records: Iterable[Kept]) -> Iterator[list[Kept]]:
    rows: list[Kept] = []
    size = 0
    for each in records:
        rows.append(each)
        size += len(each.value or b"")
        if len(rows) >= _ROWS or size >= _BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows
