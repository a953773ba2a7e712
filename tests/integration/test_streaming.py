"""Kafka -> lake by the real job on a real HDFS, killed at random moments; then the batch on what it wrote."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from deltalake import DeltaTable
from hdfs import InsecureClient
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from support.engines import Engines, free_ports
from support.fake_clock import FakeClock
from support.identities import Row, eventually, rows_in_lake
from support.readings import made_up
from telemetry import catalogue, topics
from telemetry.messages import PipelineReport
from telemetry.reading import Reading, encode
from telemetry.timestamp import parse_time

ROOT = Path(__file__).parents[2]
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
SECOND = 1_000_000
NOW = time.time_ns() // 1000 // (60 * SECOND) * 60 * SECOND
LIVE = [made_up(row, NOW - 1200 * SECOND + row * SECOND) for row in range(900)]
OLD_START = 1_452_351_600 * SECOND  # 2016-01-09
OLD = [
    made_up(
        row,
        OLD_START + row * SECOND,
        origin="fedcba9876543210/0",
        gpu="old:0",
        host="old",
        mode="import",
        labels={"rack": "r12", "job": f"train-{row // 100}"} if row % 3 else {},
    )
    for row in range(700)
]
DEMO_START = NOW - 600 * SECOND
DEMO = [made_up(row, DEMO_START + row * SECOND, gpu="demo-01:0", host="demo-01", mode="demo") for row in range(60)]
SEED = 20261123

# The first test waits for the job to start five times.
pytestmark = pytest.mark.timeout(2400)


class Stream:
    """The streaming job as a process that can be killed and started again."""

    def __init__(self, environment: dict[str, str], cwd: Path) -> None:
        self.environment = environment
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "spark-jobs" / "streaming_processor.py")]
        # Should the test itself be killed, the job must not live on.
        command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._process = subprocess.Popen(command, env=self.environment, cwd=self._cwd)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(120)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("stream")
    with Engines(folder / "engines") as engines:
        kafka, hdfs = engines.kafka(), engines.hdfs()
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        admin.create_topics([NewTopic(name, 2, 1) for name in topics.ALL])
        admin.close()
        yield os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "HDFS_URL": hdfs.uri,
            "WEBHDFS_URL": hdfs.url,
            "GPUSTREAM_RUN_DIR": str(folder),
            "CONFIG_DIR": str(ROOT / "config"),
            "SPARK_TRIGGER_SECONDS": "1",
            "SPARK_MAX_OFFSETS_PER_TRIGGER": "400",
            "SPARK_UI_PORT": str(free_ports(1)[0]),
            "REPORT_TIMEZONE": "UTC",
        }


@pytest.fixture(scope="module")
def lake(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The lake after everything was sent, some of it twice, and the job was killed three times meanwhile."""
    stream = Stream(environment, tmp_path_factory.mktemp("cwd"))
    chance = random.Random(SEED)
    uri = f"{environment['HDFS_URL']}/gpu-metrics"
    everything = [*LIVE, *OLD, *DEMO]
    stream.start()
    for part in range(4):
        before = in_lake(uri).total()
        # What a producer that was killed leaves in Kafka: the beginning comes twice, and more than once.
        send(environment, everything[500 * part :][:500] + everything[:50])
        eventually(lambda: in_lake(uri).total(), before.__lt__, 120)
        if part < 3:
            time.sleep(chance.uniform(0, 3))  # the moment of the kill, not a wait for a result
            stream.kill()
            stream.start()
    eventually(lambda: in_lake(uri), lambda found: found.total() >= len(everything), 180)
    send(environment, [made_up(9_000, NOW - SECOND, gpu="last:0", host="last")])
    eventually(lambda: rows_in_lake(f"{uri}/readings", "last:0").total(), lambda found: found > 0, 120)
    assert stream.stop() == 0
    return uri


def in_lake(uri: str) -> Counter[Row]:
    return sum((rows_in_lake(f"{uri}/readings", gpu) for gpu in ("desk:0", "old:0", "demo-01:0")), Counter())


def send(environment: dict[str, str], readings: list[Reading]) -> None:
    producer = KafkaProducer(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
    for reading in readings:
        producer.send(topics.GPU_METRICS, key=reading.gpu.encode(), value=encode(reading))
    producer.send(topics.GPU_METRICS, key=b"poison", value=b"{broken")
    producer.flush()
    producer.close()


def test_lake_holds_each_identity_once_though_the_job_was_killed(lake: str) -> None:
    sent = Counter(Row(each.origin, each.gpu, each.row) for each in [*LIVE, *OLD, *DEMO])
    assert in_lake(lake) == sent


def test_values_arrive_as_they_were_sent(lake: str) -> None:
    columns = ["row", "time", "gpu_load", "gpu_temperature", "board_power_draw", "mode", "more", "labels"]
    table = DeltaTable(f"{lake}/readings").to_pyarrow_table(columns=columns, filters=[("gpu", "=", "old:0")])
    rows = sorted(table.to_pylist(), key=lambda each: each["row"])
    assert [each["gpu_temperature"] for each in rows] == [each.metrics["gpu_temperature"] for each in OLD]
    assert [int(each["time"].timestamp()) * SECOND for each in rows] == [each.time for each in OLD]
    assert {each["mode"] for each in rows} == {"import"}
    assert [dict(each["labels"] or {}) for each in rows] == [each.labels for each in OLD]
    assert any(each.labels for each in OLD)


def test_a_file_has_the_metrics_that_were_measured_and_no_other(lake: str, environment: dict[str, str]) -> None:
    """Before the nightly batch has compacted them."""
    client = InsecureClient(environment["WEBHDFS_URL"])
    files = DeltaTable(f"{lake}/readings").file_uris()
    assert files
    for uri in files:
        with client.read(uri.removeprefix(environment["HDFS_URL"])) as stream:
            columns = set(pq.ParquetFile(io.BytesIO(stream.read())).schema_arrow.names)
        assert columns & CATALOGUE.metrics.keys() == LIVE[0].metrics.keys()


@pytest.mark.parametrize("readings", [LIVE, OLD, DEMO], ids=["live", "ten years old", "demo"])
def test_windows_equal_pandas_for_live_and_old_data(lake: str, readings: list[Reading]) -> None:
    frame = pd.DataFrame([{"start": each.time // (30 * SECOND) * 30, **each.metrics} for each in readings])
    wanted = frame.groupby("start").agg(["mean", "min", "max", "count"])
    table = DeltaTable(f"{lake}/windows").to_pyarrow_table(filters=[("gpu", "=", readings[0].gpu)])
    found = table.to_pylist()
    whole = {int(row["start"].timestamp()): row["count"] for row in found if row["metric"] is None}
    assert whole == dict(frame.groupby("start").size())
    assert len(found) == len(wanted) * 4
    for row in found:
        if row["metric"] is None:
            continue
        expected = wanted.loc[int(row["start"].timestamp())][row["metric"]]
        assert [row[name] for name in ("avg", "min", "max", "count")] == pytest.approx(list(expected))


def batch(environment: dict[str, str], *arguments: str) -> None:
    """As a user does in a fresh shell after `. .venv/bin/activate`: no flags, nothing but PATH."""
    shell = environment | {"PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}
    command = ["spark-submit", str(ROOT / "spark-jobs" / "batch_analytics.py"), *arguments]
    subprocess.run(command, env=shell, check=True, cwd=ROOT, timeout=400)


def report(environment: dict[str, str], date: str) -> pd.DataFrame:
    """The rows of daily_statistics for ``date``, read through WebHDFS as docs/reports.md says."""
    client = InsecureClient(environment["WEBHDFS_URL"])
    with client.read(f"/gpu-analytics/daily_statistics/date={date}/part-0.parquet") as stream:
        frame: pd.DataFrame = pq.read_table(io.BytesIO(stream.read())).to_pandas()
    return frame.sort_values(["gpu", "metric"], na_position="first").reset_index(drop=True)


@pytest.mark.long
def test_batch_twice_gives_the_same_rows_and_equals_pandas(lake: str, environment: dict[str, str]) -> None:
    date = time.strftime("%Y-%m-%d", time.gmtime(OLD[0].time / SECOND))
    batch(environment, "--date", date)
    first = report(environment, date)
    batch(environment, "--date", date)
    pd.testing.assert_frame_equal(first, report(environment, date))
    values = pd.DataFrame([each.metrics for each in OLD])
    for gpu in ("old:0", "all"):
        rows = first[first.gpu == gpu].set_index("metric")
        for name in values.columns:
            series = values[name]
            row = rows.loc[name]
            found = [row[key] for key in ("readings", "avg", "min", "max", "stddev", "p95")]
            wanted = [len(series), series.mean(), series.min(), series.max(), series.std(), series.quantile(0.95)]
            assert found == pytest.approx(wanted)
        power = values.board_power_draw
        joules = ((power + power.shift())[1:] / 2).sum()
        assert rows[rows.index.isna()].energy_kwh.item() == pytest.approx(joules / 3.6e6)


def test_stream_says_what_it_received_and_what_it_rejected(
    lake: str, environment: dict[str, str], tmp_path: Path
) -> None:
    readings = [made_up(row, NOW - 300 * SECOND + row * SECOND, gpu="told:0", host="told") for row in range(40)]
    year_one = parse_time("0001-01-01T00:00:00Z")
    readings.append(made_up(40, year_one, gpu="told:0", host="told", mode="import"))
    consumer = KafkaConsumer(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"], group_id=None)
    parts = [TopicPartition(topics.GPU_PIPELINE, number) for number in (0, 1)]
    consumer.assign(parts)
    consumer.seek_to_end(*parts)
    for part in parts:
        consumer.position(part)
    stream = Stream(environment, tmp_path)
    stream.start()
    try:
        send(environment, readings)
        send(environment, readings[:10])  # copies are received, and written no second time
        send(environment, [readings[0]._replace(host="no\u00a0break")])

        def newest() -> PipelineReport | None:
            found = [each.value for batch in consumer.poll(1000).values() for each in batch]
            return PipelineReport.decode(found[-1]) if found else None

        told = eventually(newest, lambda report: report is not None and report.received >= 55, 240)
    finally:
        stopped = stream.stop()
    assert stopped == 0
    assert told is not None
    assert (told.received, told.sent) == (55, 51)
    assert told.rejected == {"not_json": 3, "bad_value": 1}
    assert told.latency_seconds is not None
    assert told.latency_seconds > 0
    assert told.gauges["lake_files"] > 0
    assert told.gauges["lake_bytes"] > told.gauges["lake_files"]
    assert rows_in_lake(f"{lake}/readings", "told:0").total() == len(readings)


def test_an_older_catalogue_goes_on_though_the_clock_is_set_back(
    lake: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """It does not know a column of the lake; and Spark waits for its next batch until a time of day."""
    older = tmp_path / "config"
    shutil.copytree(ROOT / "config", older)
    content = yaml.safe_load((older / "metrics.yaml").read_text(encoding="utf-8"))
    del content["metrics"]["pwr_src_power_draw"]
    (older / "metrics.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    clock = FakeClock(tmp_path / "clock")
    stream = Stream(environment | {"CONFIG_DIR": str(older), **clock.settings}, tmp_path)
    readings = [made_up(row, NOW - 300 * SECOND + row * SECOND, gpu="older:0", host="older") for row in range(40)]

    def arrived(count: int) -> int:
        return eventually(lambda: rows_in_lake(f"{lake}/readings", "older:0").total(), lambda n: n >= count, 240)

    stream.start()
    try:
        # And one that lies in a window of the lake, among readings that today's catalogue has written.
        send(environment, [*readings[:20], made_up(900, NOW - 310 * SECOND + SECOND // 2)])
        assert arrived(20) == 20
        clock.jump(-3600)
        send(environment, readings[20:])
        assert arrived(40) == 40
    finally:
        stopped = stream.stop()
    assert stopped == 0
