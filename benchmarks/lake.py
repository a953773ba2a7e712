"""How fast readings come from Kafka into the lake, judged, without copies, with windows and anomalies, beside the least
that a Spark job could do with them: ``from_json`` and an append of Parquet files.

A real Kafka, a real HDFS, the same session settings and as many records a batch for both, in turns; ours is the
program that ``./start.sh`` runs. The clock runs from the end of the first batch, in which Spark starts and compiles, to
the end of the last one. Each lake must hold every reading once, or the benchmark ends.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from contest import Contest, Cost
from deltalake import DeltaTable
from process import Usage
from spark_stage import METRICS, ROOT, SparkStage, measured
from verdict import status

from support.engines import Engines
from telemetry import topics
from telemetry.settings import Settings

EXAMPLES = """examples:
  python benchmarks/lake.py                                  250,000 readings, 3 runs of each: some 10 minutes
  python benchmarks/lake.py --gpus 10000                     a window of each GPU, so a row of it per metric
  python benchmarks/lake.py --readings 4000 --batch 1000 --runs 1     does it run?
  python benchmarks/lake.py --at-least 0.75                  exit status 3 below 0.75 of the bare job's speed
"""
GPUS = 20
PATIENCE = 1200
END = "batches: "
CAUGHT_UP = "behind=0"
"""What the stream says of a batch after which nothing waits in Kafka."""


def bare(settings: Settings, total: int) -> None:
    """The other job: prints (rows, end in seconds) of each batch once all is written."""
    from pyspark.sql import functions as F

    from spark_jobs.session import session

    spark = session("bare", settings, page=False)
    metrics = ", ".join(f"{value.metric}: double" for value in measured())
    schema = (
        "origin string, row bigint, mode string, time timestamp, recorded string, gpu string, host string, "
        f"source string, model string, metrics struct<{metrics}>, flags map<string,string>"
    )
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka_bootstrap_servers)
        .option("subscribe", topics.GPU_METRICS)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", settings.spark_max_offsets_per_trigger)
        .load()
    )
    found = records.select(F.from_json(F.col("value").cast("string"), schema).alias("found")).select("found.*")
    query = (
        found.select("*", "metrics.*", F.to_date("time").alias("date"))
        .drop("metrics")
        .writeStream.format("parquet")
        .partitionBy("date")
        .option("path", f"{settings.hdfs_url}{settings.lake_path}/readings")
        .option("checkpointLocation", settings.spark_checkpoint)
        .start()
    )
    query.processAllAvailable()
    done = [(each["numInputRows"], _end(each)) for each in query.recentProgress if each["numInputRows"]]
    query.stop()
    held = spark.read.parquet(f"{settings.hdfs_url}{settings.lake_path}/readings").count()
    if held != total:
        raise SystemExit(f"the bare job wrote {held} readings, expected {total}")
    print(END + json.dumps(done), flush=True)
    sys.stdin.read()


def _end(progress: dict[str, Any]) -> float:
    from telemetry.timestamp import parse_time

    return parse_time(progress["timestamp"]) / 1e6 + float(progress["durationMs"]["triggerExecution"]) / 1e3


class Race:
    """Both jobs over the same topic."""

    def __init__(self, stage: SparkStage, total: int, batch: int) -> None:
        self._stage = stage
        self._total = total
        self._settings = {"SPARK_MAX_OFFSETS_PER_TRIGGER": str(batch), "SPARK_TRIGGER_SECONDS": "1"}

    def run_bare(self, number: int) -> Cost:
        environment = self._stage.place(f"bare-{number}") | self._settings
        program = [sys.executable, __file__, "--bare", str(self._total)]
        job = self._stage.job(f"bare-{number}", program, environment)
        job.until(lambda: END in job.log(), PATIENCE)
        told = next(line for line in job.log().splitlines() if line.startswith(END))
        return self._cost(job.ended(), json.loads(told.removeprefix(END)))

    def run_ours(self, number: int) -> Cost:
        environment = self._stage.place(f"ours-{number}") | self._settings | {"LOG_LEVEL": "INFO"}
        program = [sys.executable, str(ROOT / "spark-jobs" / "streaming_processor.py")]
        job = self._stage.job(f"ours-{number}", program, environment)
        root = f"{self._stage.hdfs.uri}{environment['LAKE_PATH']}"
        # By its log: a look at the lake would take from both cores what the job needs.
        job.until(lambda: CAUGHT_UP in job.log(), PATIENCE)
        # At its end it writes the windows that still fill.
        usage = job.ended()
        self._check(root)
        # From one append to the next is a batch with all that belongs to it.
        commits = list(reversed(_commits(f"{root}/readings", "WRITE")))
        batches = [(int(each["operationMetrics"]["numOutputRows"]), each["timestamp"] / 1e3) for each in commits]
        return self._cost(usage, batches)

    def _cost(self, usage: Usage, batches: list[tuple[int, float]]) -> Cost:
        if len(batches) < 3:
            raise SystemExit(f"found {len(batches)} batches, expected 3 at least: more --readings or a smaller --batch")
        share = sum(rows for rows, _ in batches[1:]) / self._total
        return Cost((batches[-1][1] - batches[0][1]) / share, usage.cpu, usage.mebibytes)

    def _check(self, root: str) -> None:
        table = DeltaTable(f"{root}/readings").to_pyarrow_table(columns=["origin", "gpu", "row"])
        different = table.group_by(["origin", "gpu", "row"]).aggregate([]).num_rows
        counted = DeltaTable(f"{root}/windows").to_pyarrow_table(columns=["metric", "count"])
        windowed = sum(each["count"] for each in counted.to_pylist() if each["metric"] is None)
        if (table.num_rows, different, windowed) != (self._total,) * 3:
            found = f"found {table.num_rows} readings, {different} different ones, {windowed} in windows"
            raise SystemExit(f"{found} in the lake, expected {self._total}")


def _commits(uri: str, operation: str) -> list[dict[str, Any]]:
    """Newest first."""
    return [each for each in DeltaTable(uri).history() if each["operation"] == operation]


def compare(stage: SparkStage, total: int, gpus: int, batch: int, runs: int) -> float:
    """Prints both and returns our speed by the clock, the bare job's being 1."""
    stage.fill(total, gpus)
    race = Race(stage, total, batch)
    contest = Contest("from_json, Parquet append", [], "streaming_processor.py", [])
    for number in range(runs):
        contest.plain_costs.append(race.run_bare(number))
        contest.our_costs.append(race.run_ours(number))
    print(
        f"{total:,} readings of {gpus:,} GPUs, {METRICS} metrics each, {batch:,} a batch; "
        f"{runs} runs in turns; all there"
    )
    contest.show("readings", total)
    return contest.speed("seconds")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readings", type=int, default=250_000, help="on the topic (%(default)s)")
    parser.add_argument("--gpus", type=int, default=GPUS, help="that they are of (%(default)s)")
    parser.add_argument("--batch", type=int, default=50_000, help="records in a batch (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of each job (%(default)s)")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="RATIO", help="exit 3 below this (wall clock)")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        bare(Settings.load(), options.bare)
        return 0
    with tempfile.TemporaryDirectory(prefix="gpustream-bench-") as name, Engines(Path(name, "engines")) as engines:
        stage = SparkStage(engines, Path(name))
        return status(compare(stage, options.readings, options.gpus, options.batch, options.runs) < options.at_least)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
