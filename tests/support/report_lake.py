"""Report tables put into an HDFS as Spark leaves them: times of 96 bits, maps."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hdfs import InsecureClient


def put(client: InsecureClient, path: str, rows: list[dict[str, Any]]) -> None:
    """A table of these rows; of none it has columns all the same."""
    columns = {name: _column([row[name] for row in rows]) for name in (rows[0] if rows else {"gpu": "", "demo": True})}
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, use_deprecated_int96_timestamps=True, compression="zstd")
    client.write(path, data=content.getvalue(), overwrite=True)


def _column(values: list[Any]) -> Any:
    """A map as Spark writes it; counts of minutes and of values alike."""
    if not any(isinstance(value, dict) for value in values):
        return pa.array(values)
    return pa.array([value and list(value.items()) for value in values], pa.map_(pa.string(), pa.float64()))
