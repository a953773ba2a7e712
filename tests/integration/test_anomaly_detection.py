"""Batches in any order, twice, or cut off: the lake (on this disk) holds the same anomalies. What
is picked for the judge is what the judge would find. No server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from spark_jobs.detectors.anomaly_store import AnomalyStore
from spark_jobs.detectors.baselines import LOOK_AGAIN_SECONDS, Baselines
from spark_jobs.detectors.detection import Detection
from spark_jobs.detectors.of_readings import of_readings
from spark_jobs.detectors.of_windows import Usual, metrics_judged
from spark_jobs.detectors.suspects import Suspects
from spark_jobs.detectors.window_rows import WindowRows
from spark_jobs.evaluation import in_memory
from spark_jobs.lake import Lake
from spark_jobs.spans import covering
from spark_jobs.transforms import windows
from spark_jobs.transforms.copies import without_copies
from spark_jobs.transforms.enrich import DERIVED, enriched
from spark_jobs.window_keys import different
from support.detecting import CATALOGUE, SECONDS, START, detected, frame_of, simulated, table_of
from support.loop_fakes import SteppingClock
from support.readings import made_up
from telemetry.messages import Anomaly
from telemetry.reading import Reading
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

pytestmark = pytest.mark.timeout(2400)
WIDTH = SECONDS * SECOND
BEGIN = parse_time(f"{START.isoformat()}Z")
STUCK = simulated("stuck-sensor", seconds=3000, interval=10, gpu="stuck:0")
FAN = simulated("failing-fan", seconds=720, interval=2, gpu="fan:0")
EVERYTHING = sorted([*STUCK, *FAN], key=lambda reading: reading.time)


class Stream:
    """The stream's steps on a lake of this disk, without Kafka."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._settings = Settings(hdfs_url=f"file:{folder}", gpustream_run_dir=folder, spark_anomalies=True)
        self.sent: list[Anomaly] = []
        self.fails = False
        self._spark = spark
        self._batches = 0
        self.lake = Lake(spark, self._settings, CATALOGUE)
        self.lake.create()
        self.start()

    def start(self) -> None:
        """A process that remembers nothing."""
        store = AnomalyStore(self._spark, self.lake, CATALOGUE, self._settings, self._send)
        self._detection = Detection(self._spark, self.lake, CATALOGUE, self._settings, SteppingClock(), store)

    def _send(self, told: list[Anomaly]) -> None:
        self.sent += told
        if self.fails:
            raise ConnectionError("the process is killed here")

    def batch(self, readings: Sequence[Reading]) -> None:
        """Readings that are new, or copies."""
        table = windows.started(table_of(readings), SECONDS)
        touched = different(table)
        covered = covering((start for _, start in touched), WIDTH, 20)
        fresh = without_copies(table, self.lake.readings_between(covered).toArrow())
        self._batches += 1
        self.lake.append_readings(self._spark.createDataFrame(fresh.drop_columns("start")), "test", self._batches)
        near = windows.started(self.lake.readings_between(covered).toArrow(), SECONDS)
        made = windows.windows(near, CATALOGUE, SECONDS)
        self.lake.replace_windows(self._spark.createDataFrame(made), covered)
        self._detection(table, made, touched)
        self._detection.end_batch()

    def anomalies(self) -> list[tuple[object, ...]]:
        rows = self._spark.read.format("delta").load(self.lake.anomalies_uri)
        return sorted(
            tuple(row) for row in rows.select("id", "gpu", "kind", "metric", "start", "end", "value").collect()
        )


def test_late_repeated_and_killed_batches_find_what_is_in_all_readings(spark: SparkSession, tmp_path: Path) -> None:
    # That it is so in any order is shown without Spark, in tests/unit/spark_jobs/test_detector.py.
    stream = Stream(spark, tmp_path)
    half = len(EVERYTHING) // 2
    stream.batch(EVERYTHING[half:])
    stream.fails = True
    with pytest.raises(ConnectionError):
        stream.batch(EVERYTHING[:half])
    stream.fails = False
    stream.start()
    stream.batch(EVERYTHING[: half + 40])
    assert [row[0] for row in stream.anomalies()] == sorted(each.id for each in detected(EVERYTHING))
    assert {row[2] for row in stream.anomalies()} >= {"stuck", "limit", "throttle"}
    # The last word on each id is what the lake holds.
    last = {each.id: each.end for each in stream.sent if not each.sentence.startswith("Taken back")}
    assert {row[0] for row in stream.anomalies()} <= set(last)


def test_newest_baselines_are_read_and_looked_for_again(spark: SparkSession, tmp_path: Path) -> None:
    settings = Settings(hdfs_url=f"file:{tmp_path}", gpustream_run_dir=tmp_path)
    clock = SteppingClock()
    known = Baselines(spark, settings, clock)
    assert known.known() == {}
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
    assert known.known() == {}
    clock.sleep(LOOK_AGAIN_SECONDS)
    assert known.known() == {("a:0", "gpu_temperature", "full"): Usual(60.0, 1.0)}


def test_every_reading_is_picked_in_which_the_judge_finds_something() -> None:
    models = [None, "", "NVIDIA GeForce RTX 4090", "nvidia geforce rtx 3090 ti", "NVIDIA H100 80GB HBM3", "A100-SXM4"]
    readings: list[Reading] = []

    def add(metrics: dict[str, float], model: str | None = None, flags: dict[str, str] | None = None) -> None:
        row = len(readings)
        readings.append(
            made_up(row, BEGIN + row * SECOND, mode="import", metrics=metrics, model=model, flags=flags or {})
        )

    for metric in CATALOGUE:
        levels = {0.0, *metric.plausible}
        for limits in (metric.limits, *metric.limits_by_model):
            for level in (limits.warning, limits.critical) if limits else ():
                if level is not None:
                    levels |= {level, level * (1 + 1e-12), level * (1 - 1e-12), level - 1, level + 1, level + 200}
        for value in levels:
            for model in models:
                add({metric.name: value}, model)
        for bit in metric.bits:
            add({metric.name: float(bit)})
    add({}, flags={"gpu_voltage": "implausible", "gpu_load": "failed_read"})
    add({}, flags={"gpu_voltage": "failed_read"})
    picked = Suspects(CATALOGUE).of(table_of(readings))
    kept = {each.time for each in picked}
    wanted = {each.time for each in readings if of_readings([in_memory.suspect(each)], CATALOGUE)}
    assert len(readings) > 500
    assert len(wanted) > 100
    assert wanted <= kept
    # The rest of what is picked lies beyond the limits of another model.
    assert len(kept) < len(wanted) + 100 < len(readings)
    of_time = {each.time: each for each in readings}
    assert picked == [in_memory.suspect(of_time[each.time]) for each in picked]


def test_windows_of_the_stream_and_of_memory_are_the_same() -> None:
    log = simulated("single-spike", seconds=400, gpu="spike:0")
    made = windows.windows(windows.started(table_of(log), SECONDS), CATALOGUE, SECONDS)
    of_stream = [window for _, window in sorted(WindowRows(metrics_judged(CATALOGUE)).of(made))]
    of_memory = in_memory.windows(log, CATALOGUE, SECONDS)
    assert [each._replace(metrics={}) for each in of_stream] == [each._replace(metrics={}) for each in of_memory]
    for one, other in zip(of_stream, of_memory, strict=True):
        assert one.metrics.keys() == other.metrics.keys()
        for name in one.metrics:
            assert one.metrics[name] == pytest.approx(other.metrics[name])


def test_enrichment_derives_and_invents_nothing(spark: SparkSession) -> None:
    known = {"gpu_temperature": 70.0, "hot_spot_temperature": 84.5, "board_power_draw": 235.0, "perfcap_reason": 3.0}
    readings = [
        made_up(0, BEGIN, mode="import", metrics=known, model="NVIDIA GeForce RTX 4090"),
        made_up(1, BEGIN + 2 * SECOND, mode="import", metrics=known | {"power_consumption_percent": 61.0}),
        made_up(2, BEGIN + 3 * SECOND, mode="import", metrics={"board_power_draw": 235.0}),
    ]
    rows = enriched(frame_of(spark, readings), CATALOGUE).orderBy("time").select(*DERIVED).toArrow().to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (14.5, None, 50.0, ["power limit", "thermal limit"], None),
        (14.5, None, 61.0, ["power limit", "thermal limit"], 2.0),
        (None, None, None, None, 1.0),
    ]
