"""Batches in any order, twice, or cut off: the lake (on this disk) holds the same anomalies. No server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.detectors.baselines import COLUMNS, LOOK_AGAIN_SECONDS, Baselines
from spark_jobs.detectors.detection import Detection
from spark_jobs.lake import Lake
from spark_jobs.spans import Span
from spark_jobs.transforms import windows
from support.detecting import CATALOGUE, SECONDS, detected, frame_of, simulated
from support.loop_fakes import SteppingClock
from telemetry.messages import Anomaly
from telemetry.reading import Reading
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

pytestmark = pytest.mark.timeout(900)
WIDTH = SECONDS * SECOND
STUCK = simulated("stuck-sensor", seconds=3000, interval=10, gpu="stuck:0")
FAN = simulated("failing-fan", seconds=720, interval=2, gpu="fan:0")
EVERYTHING = sorted([*STUCK, *FAN], key=lambda reading: reading.time)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    session = SparkSession.builder.appName("detection").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


class Stream:
    """The stream's steps on a lake of this disk, without Kafka."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        settings = Settings(hdfs_url=f"file:{folder}", gpustream_run_dir=folder, spark_anomalies=True)
        self.sent: list[Anomaly] = []
        self.fails = False
        self._spark = spark
        self._batches = 0
        self.lake = Lake(spark, settings, CATALOGUE)
        self.lake.create()
        self._detect = Detection(spark, self.lake, CATALOGUE, settings, SteppingClock(), self._send)

    def _send(self, told: list[Anomaly]) -> None:
        self.sent += told
        if self.fails:
            raise ConnectionError("the process is killed here")

    def batch(self, readings: Sequence[Reading]) -> None:
        """Readings that are new, or copies."""
        touched = sorted({(each.gpu, each.time // WIDTH * WIDTH) for each in readings})
        covered = [Span(start, start + WIDTH) for start in sorted({start for _, start in touched})]
        frame = frame_of(self._spark, readings)
        keys = frame.select("gpu", windows.start_of(SECONDS).alias("start")).distinct()
        there = self.lake.readings_between(covered).drop("ingested").localCheckpoint()
        fresh = frame.join(there, on=["origin", "gpu", "row"], how="left_anti").select(*there.columns)
        fresh = fresh.dropDuplicates(["origin", "gpu", "row"]).localCheckpoint()
        self._batches += 1
        self.lake.append_readings(fresh, "test", self._batches)
        whole = there.unionByName(fresh).withColumn("start", windows.start_of(SECONDS))
        whole = whole.join(F.broadcast(keys), on=["gpu", "start"], how="left_semi").drop("start").localCheckpoint()
        self.lake.replace_windows(windows.windows(whole, CATALOGUE, SECONDS), covered)
        self._detect(whole, touched)

    def anomalies(self) -> list[tuple[object, ...]]:
        rows = self._spark.read.format("delta").load(self.lake.anomalies_uri)
        return sorted(
            tuple(row) for row in rows.select("id", "gpu", "kind", "metric", "start", "end", "value").collect()
        )

    def commits(self) -> int:
        return DeltaTable.forPath(self._spark, self.lake.anomalies_uri).history().count()


def chunks(readings: Sequence[Reading], number: int) -> list[list[Reading]]:
    size = -(-len(readings) // number)
    return [list(readings[place : place + size]) for place in range(0, len(readings), size)]


def expected(spark: SparkSession) -> list[str]:
    return sorted(each.id for each in detected(spark, EVERYTHING))


def test_order_copies_and_a_kill_change_nothing(spark: SparkSession, tmp_path: Path) -> None:
    in_order, late = Stream(spark, tmp_path / "in-order"), Stream(spark, tmp_path / "late")
    parts = chunks(EVERYTHING, 3)
    for part in parts:
        in_order.batch(part)
    # The middle comes last, its seams lie within windows, and it comes twice; the first sending of it is cut off.
    late.batch([*parts[0], *parts[0][:40]])
    late.batch(parts[2])
    late.fails = True
    with pytest.raises(ConnectionError):
        late.batch(parts[1])
    late.fails = False
    late.batch(parts[1])
    assert in_order.anomalies() == late.anomalies()
    assert [row[0] for row in in_order.anomalies()] == expected(spark)
    assert {row[2] for row in late.anomalies()} >= {"stuck", "limit", "throttle"}
    # The last word on each id is what the lake holds.
    last = {each.id: each.end for each in late.sent if not each.sentence.startswith("Taken back")}
    assert {row[0] for row in late.anomalies()} <= set(last)

    before = late.commits(), len(late.sent)
    late.batch(parts[1])
    assert (late.commits(), len(late.sent)) == before


def test_batch_without_findings_writes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    stream = Stream(spark, tmp_path)
    stream.batch(simulated("idle", seconds=300, interval=5, gpu="idle:0"))
    assert stream.commits() == 1
    assert stream.sent == []


def test_anomaly_that_goes_on_keeps_its_id_and_its_start(spark: SparkSession, tmp_path: Path) -> None:
    stream = Stream(spark, tmp_path)
    for part in chunks(simulated("thermal-throttling", "gtx-970", seconds=400, interval=2, gpu="hot:0"), 2):
        stream.batch(part)
    told = [each for each in stream.sent if each.kind == "throttle"]
    assert len({(each.id, each.start) for each in told}) == 1
    assert len({each.end for each in told}) == 2


def test_newest_baselines_are_read_and_looked_for_again(spark: SparkSession, tmp_path: Path) -> None:
    settings = Settings(hdfs_url=f"file:{tmp_path}", gpustream_run_dir=tmp_path)
    clock = SteppingClock()
    known = Baselines(spark, settings, clock)
    assert known.known().count() == 0
    columns = (
        "gpu string, host string, demo boolean, metric string, band string, windows bigint, median double, mad double"
    )
    for day, middle in (("2026-01-02", 60.0), ("2026-01-01", 50.0)):
        rows = [
            ("a:0", "a", False, "gpu_temperature", "full", 20, middle, 1.0),
            ("a:0", "a", False, "gpu_temperature", "idle", 19, 30.0, 1.0),
        ]
        folder = tmp_path / "gpu-analytics" / "baselines" / f"date={day}"
        folder.mkdir(parents=True)
        spark.createDataFrame(rows, columns).toPandas().to_parquet(folder / "part-0.parquet")
    assert known.known().count() == 0
    clock.sleep(LOOK_AGAIN_SECONDS)
    (row,) = known.known().collect()
    assert tuple(row) == ("a:0", "gpu_temperature", "full", 60.0, 1.0)
    assert row.asDict().keys() == set(COLUMNS)
