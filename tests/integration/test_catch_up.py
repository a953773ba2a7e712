"""What a killed run had kept back is made again out of the lake, which is on this disk. No server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from spark_jobs import catch_up, window_store
from spark_jobs.catch_up import CatchUp
from spark_jobs.lake import Lake
from spark_jobs.lake_windows import LakeWindows
from spark_jobs.transforms import windows
from spark_jobs.window_keys import different
from spark_jobs.window_store import WindowStore
from support.detecting import CATALOGUE, SECONDS, simulated, table_of
from telemetry.reading import Reading
from telemetry.settings import Settings

pytestmark = pytest.mark.timeout(600)
READINGS = [
    *simulated("single-spike", seconds=300, gpu="a:0"),
    *simulated("stuck-sensor", seconds=600, interval=5, gpu="b:0"),
]


class Place:
    """A lake of its own."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._spark = spark
        settings = Settings(hdfs_url=f"file:{folder}", gpustream_run_dir=folder)
        self.lake = Lake(spark, settings, CATALOGUE)
        self.lake.create()
        of_lake = LakeWindows(spark, self.lake, CATALOGUE, SECONDS)
        self.store = WindowStore(spark, self.lake, of_lake, settings)
        self.catch_up = CatchUp(self.lake, of_lake, self.store, None, CATALOGUE, SECONDS)
        self._batches = 0

    def append(self, readings: Sequence[Reading]) -> None:
        self.lake.append_readings(self._spark.createDataFrame(table_of(readings)), "test", self._batches)
        self._batches += 1

    def windows(self) -> list[dict[str, object]]:
        path = self.lake.windows_uri.removeprefix("file:")
        return in_order(DeltaTable(path).to_pyarrow_table())


def made(readings: Sequence[Reading]) -> pa.Table:
    return windows.windows(windows.started(table_of(readings), SECONDS), CATALOGUE, SECONDS)


def in_order(rows: pa.Table) -> list[dict[str, object]]:
    found: list[dict[str, object]] = rows.select(sorted(rows.column_names)).to_pylist()
    return sorted(found, key=lambda row: (row["gpu"], row["start"], row["metric"] or ""))


@pytest.mark.parametrize("at_once", [60, 50_000])
def test_windows_that_are_absent_or_of_fewer_readings_are_made_again(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(catch_up, "MOST_READINGS", at_once)
    place = Place(spark, tmp_path)
    for begin in range(0, len(READINGS), 150):
        place.append(READINGS[begin : begin + 150])
    # The first ones are there as they should be, the last of them without its last readings.
    place.lake.append_windows(spark.createDataFrame(made(READINGS[:140])))
    place.catch_up.run()
    assert place.windows() == in_order(made(READINGS))
    version = DeltaTable(place.lake.windows_uri.removeprefix("file:")).version()
    place.catch_up.run()
    place.catch_up.needed()
    place.catch_up.run()
    assert DeltaTable(place.lake.windows_uri.removeprefix("file:")).version() == version, "there was nothing to mend"


def test_windows_that_were_cut_off_between_two_appends_are_made_again(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each window some rows are there."""
    monkeypatch.setattr(window_store, "ROWS_AT_ONCE", 100)
    place = Place(spark, tmp_path)
    place.append(READINGS)
    rows = made(READINGS)
    append = Lake.append_windows
    appended = 0

    def cut_off(lake: Lake, windows: DataFrame) -> None:
        nonlocal appended
        if appended == 2:
            raise ConnectionError("the process is killed here")
        appended += 1
        append(lake, windows)

    monkeypatch.setattr(Lake, "append_windows", cut_off)
    touched = different(rows)
    with pytest.raises(ConnectionError):
        place.store.take(rows, touched, set(), set(), now=0)
    assert len(place.windows()) == 200 < len(rows)
    place.catch_up.run()
    assert place.windows() == in_order(rows)


def test_only_the_last_appends_are_looked_at(spark: SparkSession, tmp_path: Path) -> None:
    place = Place(spark, tmp_path)
    for begin in range(0, 300, 30):
        place.append(READINGS[begin : begin + 30])
    place.catch_up.run()
    rows = place.windows()
    assert rows
    first = {row["start"] for row in in_order(made(READINGS[:30]))}
    assert first.isdisjoint({row["start"] for row in rows})
    last = made(READINGS[240:300])
    assert {key[1] for key in different(last)} <= {int(row["start"].timestamp() * 1e6) for row in rows}  # type: ignore[attr-defined]


def test_an_empty_lake(spark: SparkSession, tmp_path: Path) -> None:
    place = Place(spark, tmp_path)
    place.catch_up.run()
    assert place.windows() == []
