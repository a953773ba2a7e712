"""Compaction and retention, on Delta tables of the local file system: readers are not disturbed, nothing else goes."""

from __future__ import annotations

import os
import shutil
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from delta.tables import DeltaTable as SparkDeltaTable
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.lake import Lake
from spark_jobs.report_store import ReportStore
from spark_jobs.spans import Span
from spark_jobs.upkeep import Upkeep, delete, expired_dates
from support.identities import eventually
from support.lake_day import CATALOGUE, readings, to_spark
from telemetry.catalogue import Catalogue
from telemetry.settings import Settings
from telemetry.timestamp import parse_time

pytestmark = pytest.mark.timeout(2400)
FIRST = date(2026, 11, 22)
FILES = 100


class Place:
    """A lake of its own, kept for ``days``."""

    def __init__(self, spark: SparkSession, root: Path, days: int = 0) -> None:
        settings = Settings(hdfs_url=f"file:{root}", config_dir=Path("config"), lake_retention_days=days)
        self.lake = Lake(spark, settings, CATALOGUE)
        self.lake.create()
        self.store = ReportStore(spark, settings)
        self.upkeep = Upkeep(spark, settings, self.store)
        self.path = f"{root}/gpu-metrics/readings"

    def add(self, rows: DataFrame, files: int) -> None:
        rows.repartition(files).write.format("delta").mode("append").save(self.lake.readings_uri)

    def files(self) -> int:
        return len(DeltaTable(self.path).file_uris())

    def identities(self) -> list[tuple[str, int]]:
        """As a reader without Spark finds them."""
        table = pa.table(DeltaTable(self.path).to_pyarrow_table(columns=["gpu", "row"]))
        return sorted(zip(table["gpu"].to_pylist(), table["row"].to_pylist(), strict=True))


def test_a_lake_made_by_an_older_catalogue_gets_columns_for_new_metrics(spark: SparkSession, tmp_path: Path) -> None:
    new = ("clocks_event_reasons", "total_energy")
    fewer = {name: metric for name, metric in CATALOGUE.metrics.items() if name not in new}
    settings = Settings(hdfs_url=f"file:{tmp_path}", config_dir=Path("config"))
    older = Lake(spark, settings, Catalogue(CATALOGUE.units, CATALOGUE.kinds, fewer))
    older.create()
    frame = readings(rows=20)
    older.append_readings(to_spark(spark, frame).drop(*new), "test", 1)
    before = older.mark()
    lake = Lake(spark, settings, CATALOGUE)
    # A batch may read before the stream has started with the newer catalogue.
    assert [tuple(row) for row in lake.readings().select(*new).distinct().collect()] == [(None, None)]
    lake.create()
    # As the stream does it: whatever it appends has the columns of what is there.
    columns = lake.readings().columns
    assert set(new) <= set(columns)
    fresh = to_spark(spark, frame).withColumns({"row": F.col("row") + 1000, **{name: F.lit(4.0) for name in new}})
    lake.append_readings(fresh.select(*columns), "test", 2)
    values = lake.readings().groupBy(*new).count().collect()
    assert sorted(map(tuple, values), key=str) == [(4.0, 4.0, len(frame)), (None, None, len(frame))]
    assert lake.readings_added(before, lake.mark()).filter("total_energy = 4").count() == len(frame)
    version = lake.mark().version
    lake.create()
    assert lake.mark().version == version, "a table that is as it should be is left alone"


def span(day: date) -> Span:
    begin = parse_time(f"{day.isoformat()}T00:00:00Z")
    return Span(begin, begin + 86_400_000_000)


def test_many_files_of_a_day_become_one_under_the_eyes_of_a_reader(spark: SparkSession, tmp_path: Path) -> None:
    place = Place(spark, tmp_path)
    frame = readings(rows=1000)
    place.add(to_spark(spark, frame), FILES)
    assert place.files() == FILES
    wanted = sorted(zip(frame.gpu, frame.row, strict=True))
    seen: list[bool] = []
    failures: list[Exception] = []
    begun, done = threading.Event(), threading.Event()

    def read() -> None:
        while not done.is_set() or len(seen) < 2:
            try:
                seen.append(place.identities() == wanted)
            except Exception as error:  # whatever it is, a reader was disturbed
                failures.append(error)
                return
            finally:
                begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(60)
    place.upkeep.compact([span(FIRST)], date(2026, 11, 25))
    done.set()
    reader.join()
    assert failures == []
    assert set(seen) == {True}
    assert place.files() == 1
    assert place.identities() == wanted


def test_days_that_were_not_touched_and_what_the_stream_rewrites_today_stay_as_they_are(
    spark: SparkSession, tmp_path: Path
) -> None:
    place = Place(spark, tmp_path)
    place.add(to_spark(spark, readings(rows=50)), 5)
    rewritten = (place.lake.windows_uri, place.lake.anomalies_uri)
    start = pd.Timestamp("2026-11-22T10:00:00Z")
    table = pa.table(
        {"gpu": [f"desk:{n}" for n in range(8)], "start": pa.array([start] * 8, pa.timestamp("us", "UTC"))}
    )
    rows = spark.createDataFrame(table).selectExpr("*", "to_date(start) AS date")
    for uri in rewritten:
        rows.repartition(4).write.format("delta").mode("append").save(uri)

    def files() -> list[int]:
        return [len(DeltaTable(uri.removeprefix("file:")).file_uris()) for uri in rewritten]

    place.upkeep.compact([span(FIRST + timedelta(days=1))], FIRST + timedelta(days=1))
    assert place.files() == 5
    before = files()
    assert min(before) > 1
    place.upkeep.compact([span(FIRST)], FIRST)
    assert place.files() == 1
    assert files() == before
    place.upkeep.compact([span(FIRST)], FIRST + timedelta(days=1))
    assert files() == [1, 1]
    for uri in rewritten:
        kept = DeltaTable(uri.removeprefix("file:")).to_pyarrow_table(columns=["gpu"])
        assert sorted(kept["gpu"].to_pylist()) == sorted(table["gpu"].to_pylist())


def test_files_that_nobody_needs_go_once_the_table_is_old_enough_and_no_other(
    spark: SparkSession, tmp_path: Path
) -> None:
    place = Place(spark, tmp_path)
    place.add(to_spark(spark, readings(rows=40)), 4)
    wanted = place.identities()
    needed = sorted(Path(file.removeprefix("file:")) for file in DeltaTable(place.path).file_uris())
    # What a writer leaves that was killed before its commit, a week ago.
    left_over = needed[0].with_name(f"part-00099-{uuid4()}.c000.zstd.parquet")
    shutil.copy(needed[0], left_over)
    week_ago = time.time() - 8 * 86_400
    os.utime(left_over, (week_ago, week_ago))
    today = datetime.now(UTC).date()
    place.upkeep.clear(today)
    assert left_over.exists(), "the table is of today: it is not looked through"
    place.upkeep.clear(today + timedelta(days=7))
    assert sorted(Path(place.path).rglob("part-*.parquet")) == needed
    assert place.identities() == wanted


@pytest.mark.parametrize("days", [0, 10])
def test_retention_counts_from_when_a_reading_came(spark: SparkSession, tmp_path: Path, days: int) -> None:
    """An import of years ago stays, a live reading that came eleven days ago goes; 0 keeps everything."""
    place = Place(spark, tmp_path, days)
    now = pd.Timestamp(datetime.now(UTC))
    imported = readings(pd.Timestamp("2016-05-01T10:00:00Z"), rows=40).assign(ingested=now - pd.Timedelta(days=1))
    fresh = readings(now.floor("D") - pd.Timedelta(days=9), rows=40).assign(ingested=now - pd.Timedelta(days=9))
    old = readings(now.floor("D") - pd.Timedelta(days=12), rows=40).assign(ingested=now - pd.Timedelta(days=11))
    frames = [imported.assign(gpu="local:0"), fresh, old.assign(row=old.row + 1000)]
    for frame in frames:
        place.add(to_spark(spark, frame), 1)
    place.upkeep.clear(now.date())
    kept = frames if days == 0 else frames[:2]
    assert place.identities() == sorted(pair for each in kept for pair in zip(each.gpu, each.row, strict=True))
    assert expired_dates(place.store) == ([] if days == 0 else [old.time.min().date()])


def test_a_writer_that_comes_between_does_not_end_the_expiry(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It changes the rows that are to go while they are looked for."""
    place = Place(spark, tmp_path)
    place.add(to_spark(spark, readings(rows=4)), 1)
    table = SparkDeltaTable.forPath(spark, place.lake.readings_uri)
    looked, changed = tmp_path / "looked", tmp_path / "changed"

    def is_old(row: int) -> bool:
        # By itself: a worker of Spark does not know the modules of tests.
        looked.touch()
        deadline = time.monotonic() + 60
        while not changed.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        return True

    def change() -> None:
        eventually(looked.exists, bool)
        table.update(F.col("row") >= 0, {"row": F.col("row") + 1})
        changed.touch()

    other = threading.Thread(target=change)
    other.start()
    assert delete(table, F.udf(is_old, "boolean", useArrow=False)("row"))
    other.join()
    assert "try=1 of=5" in caplog.text
    assert place.identities() == []


def test_what_grows_evenly_takes_little_room(spark: SparkSession, tmp_path: Path) -> None:
    place = Place(spark, tmp_path)
    place.add(to_spark(spark, readings(rows=500)), 1)
    (file,) = DeltaTable(place.path).file_uris()
    group = pq.ParquetFile(file.removeprefix("file://")).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.physical_type for column in columns if column.path_in_schema == "time"} == {"INT64"}
    # The older format has this one, and none for what grows.
    assert not any("PLAIN_DICTIONARY" in column.encodings for column in columns)
