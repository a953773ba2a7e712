"""Parquet and Arrow made and read by a process of their own."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from dashboard import columnar
from dashboard.columnar import Head
from dashboard.stores.history import Row
from telemetry.errors import Unavailable

NAMES = {"gpu_load": "gpu_load", "row": "row_value"}
BATCHES = [
    [Row(1_000_000 * n, "desk", "gpuz", n, {"gpu_load": float(n), "row": 5.0}) for n in range(start, start + 3)]
    for start in (0, 3)
]
EXPECTED = [(n, float(n), 5.0) for n in range(6)]


def test_batches_become_one_parquet_file() -> None:
    pieces = list(columnar.encoded(Head("parquet", "desk:0", NAMES), BATCHES))
    table = parquet.read_table(io.BytesIO(b"".join(pieces)))
    assert list(zip(*(table[name].to_pylist() for name in ("row", "gpu_load", "row_value")), strict=True)) == EXPECTED
    assert set(table["gpu"].to_pylist()) == {"desk:0"}
    assert columnar.decoded(b"".join(pieces))[5]["gpu_load"] == 5.0


def test_batches_become_one_arrow_stream() -> None:
    pieces = list(columnar.encoded(Head("arrow", "desk:0", NAMES), BATCHES))
    assert len(pieces) == 3
    table = pa.ipc.open_stream(b"".join(pieces)).read_all()
    assert table["row"].to_pylist() == list(range(6))


def test_an_export_that_is_left_halfway_leaves_no_process() -> None:
    # A JVM that another file's tests have begun is none of it.
    before = children()
    pieces = columnar.encoded(Head("parquet", "desk:0", NAMES), BATCHES)
    next(pieces)
    assert children() > before
    del pieces
    assert children() == before


def children() -> set[int]:
    """Of this process."""
    return {int(pid) for each in Path("/proc/self/task").glob("*/children") for pid in each.read_text().split()}


def test_what_is_no_parquet_file_is_said_to_be_none() -> None:
    with pytest.raises(Unavailable, match="no Parquet file"):
        columnar.decoded(b"PAR1 and nothing behind it")
