"""The nightly batch on a small lake of its own: which days it makes anew, and what is in a total."""

from __future__ import annotations

import argparse
import gc
import io
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hdfs import InsecureClient
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from py4j.finalizer import ThreadSafeFinalizer
from pyspark.sql import SparkSession

from spark_jobs.batch import Batch
from spark_jobs.knowledge import Knowledge, keep_model
from spark_jobs.lake import Lake
from spark_jobs.report_list import REPORTS
from spark_jobs.report_store import ReportStore
from spark_jobs.risk import train_command
from spark_jobs.risk.features import NAMES
from spark_jobs.risk.model import Calibration, HorizonModel, Weight, model
from spark_jobs.transforms import clean
from support.engines import Hdfs, Kafka
from support.readings import made_up
from telemetry import catalogue, topics
from telemetry.errors import Rejected
from telemetry.health import Decision, FailurePrediction
from telemetry.messages import DeadLetter, GpuEvent, ReportRow, TopicOrigin
from telemetry.reading import Reading, encode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

ROOT = Path(__file__).parents[2]
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
FIRST, SECOND_DAY = "2026-03-01", "2026-03-02"
REPORT = "daily_statistics"
NEEDED = {
    topics.GPU_REPORTS,
    topics.GPU_METRICS,
    topics.GPU_DEAD_LETTERS,
    topics.GPU_EVENTS,
    topics.GPU_PREDICTIONS,
    topics.GPU_DECISIONS,
}
MAY_BE_EMPTY = {"temperature_spikes", "failures", "failure_risk"}

pytestmark = pytest.mark.timeout(2400)


class Place(NamedTuple):
    """A lake and its reports, apart from those of other tests."""

    settings: Settings
    environment: dict[str, str]
    spark: SparkSession
    lake: Lake
    web: InsecureClient

    def add(self, readings: list[Reading]) -> None:
        """A commit of ``readings``, as the stream makes it."""
        sent = pa.array([0] * len(readings), pa.timestamp("us", "UTC"))
        records = self.spark.createDataFrame(
            pa.table({"value": [encode(each) for each in readings], "timestamp": sent})
        )
        rows = clean.judged(records, CATALOGUE).filter(clean.is_reading()).drop(clean.REJECTED, clean.SENT)
        self.lake.append_readings(rows, "test", self.lake.mark().version)

    def add_windows(self, of_days: list[tuple[str, float]]) -> None:
        """On each day three windows of desk:0 at half load, with this temperature."""
        rows = [
            {"gpu": "desk:0", "host": "desk", "source": "gpuz", "mode": "live", "date": date.fromisoformat(day),
             "metric": metric, "avg": value,
             "start": datetime.fromisoformat(f"{day}T10:00:00+00:00") + timedelta(seconds=30 * number),
             "end": datetime.fromisoformat(f"{day}T10:00:30+00:00") + timedelta(seconds=30 * number)}
            for day, temperature in of_days
            for number in range(3)
            for metric, value in (("gpu_load", 50.0), ("gpu_temperature", temperature), (None, None))
        ]  # fmt: skip
        made = self.spark.createDataFrame(pa.Table.from_pylist(rows))
        made.write.format("delta").mode("append").save(self.lake.windows_uri)

    def touched(self) -> list[str]:
        return [day.isoformat() for day in Batch(self.spark, self.settings, CATALOGUE).run_touched()]

    def submit(self) -> str:
        """As a user does in a fresh shell after `. .venv/bin/activate`: no flags, nothing but PATH."""
        shell = self.environment | {"PATH": f"{Path(sys.executable).parent}:{self.environment['PATH']}"}
        command = ["spark-submit", str(ROOT / "spark-jobs" / "batch_analytics.py")]
        done = subprocess.run(command, env=shell, check=True, cwd=ROOT, timeout=900, stdout=subprocess.PIPE, text=True)
        return done.stdout.splitlines()[-1]  # spark-submit sends the log there too

    def report(self, date: str, report: str = REPORT) -> pd.DataFrame:
        with self.web.read(f"{self.settings.reports_path}/{report}/date={date}/part-0.parquet") as stream:
            frame: pd.DataFrame = pq.read_table(io.BytesIO(stream.read())).to_pandas()
            return frame

    def dates(self, report: str) -> list[str]:
        folder = f"{self.settings.reports_path}/{report}"
        names = self.web.list(folder) if self.web.status(folder, strict=False) else []
        return sorted(name.removeprefix("date=") for name in names if name.startswith("date="))

    def rows(self) -> dict[tuple[str, str], list[str]]:
        """(report, date) -> its rows, in an order of their own."""
        return {
            (report.name, date): sorted(map(repr, self.report(date, report.name).to_dict("records")))
            for report in REPORTS
            for date in self.dates(report.name)
        }

    def killed(self, moment: str) -> None:
        """A run that is killed, with all of its processes, when it says ``moment``."""
        shell = self.environment | {"PATH": f"{Path(sys.executable).parent}:{self.environment['PATH']}"}
        command = ["spark-submit", str(ROOT / "spark-jobs" / "batch_analytics.py")]
        with subprocess.Popen(
            command, env=shell, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        ) as run:  # fmt: skip
            assert run.stdout is not None
            said = next((line for line in run.stdout if moment in line), "")
            os.killpg(run.pid, signal.SIGKILL)
        assert said, f"the run ended before it said {moment}"

    def made_at(self, date: str, report: str = REPORT) -> int:
        status = self.web.status(f"{self.settings.reports_path}/{report}/date={date}/part-0.parquet")
        return int(status["modificationTime"])


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    session = SparkSession.builder.appName("test").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def place(kafka: Kafka, hdfs: Hdfs, spark: SparkSession, request: pytest.FixtureRequest) -> Place:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    needed = NEEDED - set(admin.list_topics())
    if needed:
        admin.create_topics([NewTopic(name, 1, 1) for name in sorted(needed)])
    admin.close()
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "HDFS_URL": hdfs.uri,
        "LAKE_PATH": f"/{request.node.name}/lake",
        "REPORTS_PATH": f"/{request.node.name}/reports",
        "CONFIG_DIR": str(ROOT / "config"),
        "REPORT_TIMEZONE": "UTC",
    }
    settings = Settings(**{name.lower(): value for name, value in environment.items()})  # type: ignore[arg-type]
    lake = Lake(spark, settings, CATALOGUE)
    lake.create()
    return Place(settings, os.environ | environment, spark, lake, InsecureClient(hdfs.url, user=hdfs.user))


def day(date: str, rows: int = 100, **changes: object) -> list[Reading]:
    start = parse_time(f"{date}T10:00:00Z")
    return [made_up(row, start + row * SECOND, origin=f"{date}/0", **changes) for row in range(rows)]


def test_without_arguments_every_day_once_and_a_late_reading_only_its_own(place: Place) -> None:
    place.add([*day(FIRST), *day(SECOND_DAY)])
    assert place.submit() == f"reports made for 2 days: {FIRST} to {SECOND_DAY}"
    assert place.submit() == "reports made for 0 days"
    before = place.made_at(SECOND_DAY)
    late = parse_time(f"{FIRST}T23:59:59.999Z")
    measured = {"gpu_load": 1000.0, "gpu_temperature": 60.0, "hot_spot_temperature": 75.5}
    place.add([made_up(9_000, late, origin="late/0", metrics=measured)])
    assert place.touched() == [FIRST]
    assert place.made_at(SECOND_DAY) == before
    rows = place.report(FIRST)
    assert rows[(rows.gpu == "desk:0") & (rows.metric == "gpu_load")]["max"].item() == 1000.0
    assert rows[(rows.gpu == "desk:0") & (rows.metric == "hot_spot_delta")][["readings", "avg"]].values.tolist() == [
        [1, 15.5]
    ]
    # Compaction writes every reading into a new file, and adds none.
    place.spark.sql(f"OPTIMIZE delta.`{place.lake.readings_uri}`")
    assert place.touched() == []


def test_late_readings_make_anew_what_looks_back_to_their_day(place: Place) -> None:
    place.add_windows([(FIRST, 50.0), (SECOND_DAY, 50.0)])
    place.add([*day(FIRST), *day(SECOND_DAY)])
    assert place.touched() == [FIRST, SECOND_DAY]
    before = {report.name: place.made_at(SECOND_DAY, report.name) for report in REPORTS}
    place.add_windows([("2026-02-20", 90.0)])
    place.add([made_up(9_000, parse_time("2026-02-20T10:00:00Z"), origin="late/0")])
    assert place.touched() == ["2026-02-20"]
    anew = {name for name, time in before.items() if place.made_at(SECOND_DAY, name) > time}
    assert anew == {"trends", "summary", "baselines"}
    usual = place.report(SECOND_DAY, "baselines")
    assert list(usual.columns) == ["gpu", "host", "demo", "metric", "band", "windows", "median", "mad"]
    assert usual[["gpu", "metric", "band", "windows", "median"]].values.tolist() == [
        ["desk:0", "gpu_temperature", "medium", 9, 50.0]
    ]
    assert place.report("2026-02-20", "baselines")["median"].tolist() == [90.0]


def test_killed_at_any_moment_and_run_again_the_rows_are_the_same(place: Place) -> None:
    place.add_windows([(FIRST, 50.0), (SECOND_DAY, 60.0)])
    place.add([*day(FIRST), *day(SECOND_DAY)])
    for moment in (
        f"report=daily_statistics date={FIRST}",
        f"report=trends date={FIRST}",
        f"date={SECOND_DAY} reports=",
    ):
        place.killed(moment)
        # What is there is whole: every file can be read.
        assert place.rows()
    assert place.touched() == [FIRST, SECOND_DAY]
    found = place.rows()
    assert found.keys() == {(report.name, date) for report in REPORTS for date in (FIRST, SECOND_DAY)}
    assert all(rows for (name, _), rows in found.items() if name not in MAY_BE_EMPTY)
    Batch(place.spark, place.settings, CATALOGUE).run([date.fromisoformat(each) for each in (FIRST, SECOND_DAY)])
    assert place.rows() == found
    for report in REPORTS:
        leavings = place.web.list(f"{place.settings.reports_path}/{report.name}")
        assert [name for name in leavings if name.startswith("_")] == []


def test_copies_and_rejects_are_counted_out_of_kafka(place: Place) -> None:
    today = datetime.now(UTC).date().isoformat()
    readings = [
        each._replace(gpu="twice:0", host="twice", time=parse_time(f"{today}T00:00:00Z") + each.row)
        for each in day(FIRST)
    ]
    place.add(readings)
    reject = DeadLetter.of(
        b'{"gpu": "twice:0"}', Rejected("missing_field", "row"), "test", f"{today}T00:00:01.000Z",
        TopicOrigin(topic="gpu-metrics", partition=0, offset=0),
    )  # fmt: skip
    with KafkaProducer(bootstrap_servers=place.settings.kafka_bootstrap_servers) as producer:
        for each in [*readings, *readings[:7]]:
            producer.send(topics.GPU_METRICS, encode(each), key=each.gpu.encode())
        producer.send(topics.GPU_DEAD_LETTERS, reject.encode())
    assert place.touched() == [today]
    rows = place.report(today, "data_quality")
    assert rows[rows.gpu == "twice:0"][["readings", "duplicated", "rejected"]].values.tolist() == [[100, 7, 1]]


def test_every_row_that_is_told_reaches_kafka_and_can_be_read(place: Place) -> None:
    place.add_windows([(FIRST, 50.0)])
    hot = [
        made_up(1_000 + n, parse_time(f"{FIRST}T12:00:00Z") + n * SECOND, metrics={"gpu_temperature": 99.0})
        for n in range(5)
    ]
    place.add([*day(FIRST), *hot])
    consumer = KafkaConsumer(topics.GPU_REPORTS, bootstrap_servers=place.settings.kafka_bootstrap_servers)
    while not consumer.assignment():
        consumer.poll(100)
    consumer.seek_to_end()
    ends = {part: consumer.position(part) for part in consumer.assignment()}
    place.touched()
    told: list[ReportRow] = []
    wanted = {report.name: len(place.report(FIRST, report.name)) for report in REPORTS if report.numbers}
    consumer.seek(*next(iter(ends.items())))
    deadline = time.monotonic() + 60
    while len(told) < sum(wanted.values()) and time.monotonic() < deadline:
        told += [ReportRow.decode(record.value) for records in consumer.poll(500).values() for record in records]
    consumer.close()
    assert Counter(row.report for row in told) == wanted
    assert wanted["temperature_spikes"] == 3
    # No two are one point of InfluxDB.
    places = {(row.report, row.gpu, row.metric, row.time or row.day_start) for row in told}
    assert len(places) == len(told)


def test_predictions_and_decisions_reach_their_topics_and_grave_events_the_lake(place: Place) -> None:
    store = ReportStore(place.spark, place.settings)
    weights = {name: Weight(weight=float(name == "earlier_failures"), mean=0.0, scale=1.0) for name in NAMES}
    horizon = HorizonModel(
        horizon_hours=168, intercept=-1.0, weights=weights, calibration=Calibration(slope=1.0, intercept=0.0),
        samples=1, failures=1, evaluation={},
    )  # fmt: skip
    known = model("2026-02-01T00:00:00.000Z", "nothing", 24.0, [horizon])
    kept = keep_model(store, known)
    assert kept.endswith(f"{known.version}.json")
    today = datetime.now(UTC).date().isoformat()
    grave = GpuEvent(
        id=place.settings.reports_path, kind="xid", number=79, host="desk", device="0000:3b:00", gpu="desk:0",
        source="xid", mode="live", name="fell off the bus", action="reboot", severity="critical", text="NVRM",
        first=f"{today}T09:00:00.000Z", last=f"{today}T09:00:00.000Z", count=1,
    )  # fmt: skip
    with KafkaProducer(bootstrap_servers=place.settings.kafka_bootstrap_servers) as producer:
        producer.send(topics.GPU_EVENTS, grave.encode())
    place.add_windows([(today, 50.0)])
    place.add(day(today))
    consumer = KafkaConsumer(
        topics.GPU_PREDICTIONS, topics.GPU_DECISIONS, bootstrap_servers=place.settings.kafka_bootstrap_servers
    )
    while len(consumer.assignment()) < 2:
        consumer.poll(100)
    consumer.seek_to_end()
    for part in consumer.assignment():
        consumer.position(part)
    assert place.touched() == [today]
    # The same again: what Kafka would have forgotten is still there.
    Batch(place.spark, place.settings, CATALOGUE).run([date.fromisoformat(today)])
    told: dict[str, list[bytes]] = {topics.GPU_PREDICTIONS: [], topics.GPU_DECISIONS: []}
    deadline = time.monotonic() + 60
    while min(map(len, told.values())) < 2 and time.monotonic() < deadline:
        for records in consumer.poll(500).values():
            for record in records:
                told[record.topic].append(record.value)
    consumer.close()
    prediction, same = (FailurePrediction.decode(each) for each in told[topics.GPU_PREDICTIONS])
    assert prediction == same
    assert prediction.model_version == known.version
    assert prediction.reasons == ["1 failures before"]
    decision, same_decision = (Decision.decode(each) for each in told[topics.GPU_DECISIONS])
    assert decision == same_decision
    assert decision.action == "watch"
    failures = place.report(today, "failures")
    # Other tests of this Kafka have told of events today, too.
    ours = failures[failures.gpu == "desk:0"]
    assert ours[["gpu", "kind", "number"]].values.tolist() == [["desk:0", "xid", 79]]
    assert place.report(today, "failure_risk").probability.tolist() == [pytest.approx(prediction.probability)]
    assert place.report(today, "decisions").action.tolist() == ["watch"]


def test_a_model_is_learned_from_the_lake_and_the_next_batch_has_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ReportStore(place.spark, place.settings)
    options = argparse.Namespace(days=120, demo=False, budget=1.0, dry_run=False)
    place.add_windows([(FIRST, 50.0)])
    assert train_command.train(options, place.settings, place.spark, store) == 1
    assert "too little to learn from" in capsys.readouterr().out
    rows = fleet_that_shows_when_it_fails(datetime.now(UTC).date() - timedelta(days=120), 120)
    made = place.spark.createDataFrame(pa.Table.from_pylist(rows))
    made.write.format("delta").mode("append").save(place.lake.windows_uri)
    assert train_command.train(options, place.settings, place.spark, store) == 0
    said = capsys.readouterr().out
    assert "| lost |" in said
    known = Knowledge(place.settings, store).risk_model
    assert known is not None
    assert f"{known.version}.json" in said
    assert [each.horizon_hours for each in known.horizons] == [24, 168]
    assert known.horizons[0].weights["temperature_rise"].weight > 0.3
    assert known.horizons[0].evaluation["ways"]


def fleet_that_shows_when_it_fails(first: date, days: int) -> list[dict[str, object]]:
    """A window a day of 64 GPUs, 8 a host. From the 20th day on every other one is hotter for three days each month,
    then silent for one."""
    chance = random.Random(3)
    rows: list[dict[str, object]] = []
    for gpu, number in itertools.product(range(64), range(days)):
        until = (gpu - number) % 31 if gpu % 2 == 0 and number > 20 else 31
        if until == 0:
            continue
        host, when = f"node-{gpu // 8}", first + timedelta(days=number)
        start = datetime(when.year, when.month, when.day, 12, tzinfo=UTC)
        hot = 60 + chance.gauss(0, 0.4) + 2.5 * max(0, 4 - until)
        rows += [
            {"gpu": f"{host}:{gpu % 8}", "host": host, "source": "dcgm", "mode": "live", "date": when,
             "metric": name, "avg": value, "start": start, "end": start + timedelta(seconds=30)}
            for name, value in ((None, None), ("gpu_load", 95.0), ("gpu_temperature", hot))
        ]  # fmt: skip
    return rows


def test_day_of_which_readings_have_expired_keeps_its_reports(place: Place) -> None:
    place.add(day(FIRST))
    assert place.touched() == [FIRST]
    before = place.rows()
    ReportStore(place.spark, place.settings).remember("expired_dates", FIRST)
    place.add([made_up(9_000, parse_time(f"{FIRST}T23:00:00Z"), origin="late/0")])
    assert place.touched() == [FIRST]
    assert place.rows() == before


def test_what_came_since_is_known_by_commits_and_not_by_a_clock(place: Place) -> None:
    place.add(day(FIRST))
    assert place.touched() == [FIRST]
    # Committed now, and stamped by a clock that was an hour late.
    place.add(day(SECOND_DAY))
    place.spark.sql(f"UPDATE delta.`{place.lake.readings_uri}` SET ingested = ingested - INTERVAL 1 HOUR")
    assert SECOND_DAY in place.touched()


@pytest.mark.parametrize("remembered", ["another-table 0", "no mark", ""])
def test_a_mark_of_another_lake_makes_every_day_anew(place: Place, remembered: str) -> None:
    place.add([*day(FIRST), *day(SECOND_DAY)])
    ReportStore(place.spark, place.settings).remember("reported_until", remembered)
    assert place.touched() == [FIRST, SECOND_DAY]
    assert place.touched() == []


def test_demo_gpus_have_rows_of_their_own_and_are_in_no_total(place: Place) -> None:
    real = day(FIRST)
    demo = day(
        FIRST, gpu="demo-01:0", host="demo-01", mode="demo", metrics={"gpu_load": 7000.0, "board_power_draw": 9e3}
    )
    place.add([*real, *demo])
    assert place.touched() == [FIRST]
    rows = place.report(FIRST)
    assert set(rows.gpu) == {"desk:0", "demo-01:0", "all"}
    assert set(rows[rows.demo].gpu) == {"demo-01:0"}
    load = rows[rows.metric == "gpu_load"].set_index("gpu")
    assert dict(load["readings"]) == {"desk:0": len(real), "all": len(real), "demo-01:0": len(demo)}
    assert dict(load["max"]) == {"desk:0": 99.0, "all": 99.0, "demo-01:0": 7000.0}
    whole = rows[rows.metric.isna()].set_index("gpu")
    energy = dict(whole.energy_kwh)
    assert energy["all"] == pytest.approx(energy["desk:0"])
    assert energy["demo-01:0"] == pytest.approx(9e3 * (len(demo) - 1) / 3.6e6)


def test_plans_of_a_day_do_not_outlive_it(place: Place) -> None:
    """Each stands for a plan in the driver's memory: of a run over months all would be there at its end."""
    days = [f"2026-03-0{number}" for number in range(1, 5)]
    held = []
    for each in days:
        place.add(day(each))
    gc.disable()
    try:
        for each in days:
            Batch(place.spark, place.settings, CATALOGUE).run([date.fromisoformat(each)])
            held.append(len(ThreadSafeFinalizer.finalizers))
    finally:
        gc.enable()
    assert held[-1] < held[0] + 50, held


def test_reader_always_sees_one_whole_version(place: Place) -> None:
    """Twenty replacements under the eyes of a reader that lists the folder and reads what it finds."""
    store, versions, size = ReportStore(place.spark, place.settings), 20, 500
    folder = f"{place.settings.reports_path}/polled/date={FIRST}"
    seen: list[tuple[list[str], int, set[int]]] = []
    failures: list[Exception] = []
    done = threading.Event()

    def version(number: int) -> None:
        store.replace("polled", FIRST, place.spark.range(size).selectExpr(f"{number} AS version"))

    def poll() -> None:
        while not done.is_set():
            try:
                names = place.web.list(folder)
                with place.web.read(f"{folder}/{names[0]}") as stream:
                    column = pq.read_table(io.BytesIO(stream.read())).column("version").to_pylist()
            except Exception as error:  # whatever it is, a reader was disturbed
                failures.append(error)
            else:
                seen.append((names, len(column), set(column)))

    version(0)
    reader = threading.Thread(target=poll)
    reader.start()
    for number in range(1, versions + 1):
        version(number)
    done.set()
    reader.join()
    assert not failures
    assert {tuple(names) for names, _, _ in seen} == {("part-0.parquet",)}
    assert all(count == size and len(values) == 1 for _, count, values in seen)
    numbers = [next(iter(values)) for _, _, values in seen]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > versions / 2


def test_what_a_killed_run_left_is_swept_and_the_report_stays(place: Place) -> None:
    store = ReportStore(place.spark, place.settings)
    store.sweep("swept")  # nothing there yet
    store.replace("swept", FIRST, place.spark.range(3))
    root = f"{place.settings.reports_path}/swept"
    place.web.write(f"{root}/_making-{FIRST}-0/part-00000.parquet", b"half", overwrite=True)
    store.sweep("swept")
    assert place.web.list(root) == [f"date={FIRST}"]
    assert place.web.list(f"{root}/date={FIRST}") == ["part-0.parquet"]
