"""A small lake and its reports, apart from those of other tests, for the nightly batch."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hdfs import InsecureClient
from kafka.admin import KafkaAdminClient, NewTopic
from pyspark.sql import SparkSession

from spark_jobs.batch import Batch
from spark_jobs.lake import Lake
from spark_jobs.report_list import REPORTS
from support.detecting import table_of
from support.engines import Hdfs, Kafka
from support.readings import made_up
from telemetry import catalogue, topics
from telemetry.reading import Reading
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


class Place(NamedTuple):
    """A lake and its reports, apart from those of other tests."""

    settings: Settings
    environment: dict[str, str]
    spark: SparkSession
    lake: Lake
    web: InsecureClient

    @classmethod
    def made(cls, kafka: Kafka, hdfs: Hdfs, spark: SparkSession, name: str) -> Self:
        """Empty, under this name; the topics are there."""
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        needed = NEEDED - set(admin.list_topics())
        if needed:
            admin.create_topics([NewTopic(name, 1, 1) for name in sorted(needed)])
        admin.close()
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "HDFS_URL": hdfs.uri,
            "LAKE_PATH": f"/{name}/lake",
            "REPORTS_PATH": f"/{name}/reports",
            "CONFIG_DIR": str(ROOT / "config"),
            "REPORT_TIMEZONE": "UTC",
        }
        settings = Settings(**{name.lower(): value for name, value in environment.items()})  # type: ignore[arg-type]
        lake = Lake(spark, settings, CATALOGUE)
        lake.create()
        return cls(settings, os.environ | environment, spark, lake, InsecureClient(hdfs.url, user=hdfs.user))

    def add(self, readings: list[Reading]) -> None:
        """A commit of ``readings``, as the stream makes it."""
        rows = self.spark.createDataFrame(table_of(readings, CATALOGUE))
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

    def touched(self, *reports: str) -> list[str]:
        """The days that a run makes anew. ``reports``: these alone, where the others would only take their time."""
        wanted = [each for each in REPORTS if each.name in reports or not reports]
        return [day.isoformat() for day in Batch(self.spark, self.settings, CATALOGUE, wanted).run_touched()]

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


def day(date: str, rows: int = 100, **changes: object) -> list[Reading]:
    start = parse_time(f"{date}T10:00:00Z")
    return [made_up(row, start + row * SECOND, origin=f"{date}/0", **changes) for row in range(rows)]
