"""A lake whose servers end while they are read: an error that callers wait on, no traceback."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from dashboard.stores.lake import LakeReadings
from dashboard.stores.loads import Held
from dashboard.stores.loads_lake import LakeLoads
from telemetry.errors import Unavailable
from telemetry.settings import Settings


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    """Ten readings of two modes in one file: its statistics do not say which is the newest, so it is read."""
    settings = Settings(hdfs_url=f"file://{tmp_path}")
    rows = pa.table(
        {
            "gpu": ["demo-load-lunch:0"] * 10,
            "host": ["demo-load-lunch"] * 10,
            "row": list(range(10)),
            "mode": ["import", "live"] * 5,
            "time": [datetime(2026, 11, 27, 12, number, tzinfo=UTC) for number in range(10)],
        }
    )
    write_deltalake(f"{tmp_path}{settings.lake_path}/readings", rows)
    return settings


def test_what_is_there_is_found(lake: Settings) -> None:
    assert LakeLoads(lake).held("lunch") == {"demo-load-lunch:0": Held(10, 10, 0, 9)}
    assert LakeReadings(lake).newest().keys() == {"live"}


def test_a_file_that_cannot_be_read_to_its_end_is_a_server_that_is_away(lake: Settings, tmp_path: Path) -> None:
    for file in tmp_path.rglob("*.parquet"):
        file.unlink()
    with pytest.raises(Unavailable, match="stopped answering"):
        LakeLoads(lake).held("lunch")
    with pytest.raises(Unavailable, match="stopped answering"):
        LakeReadings(lake).newest()
