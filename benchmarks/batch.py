"""How the nightly batch grows with the readings of a day, and how long its daily statistics take beside DuckDB's over
the same Parquet files.

Readings of one day are written straight into a lake on this machine's disk (HDFS would hide the files from DuckDB), as
the stream lays them there. Then ``batch_analytics.py --date`` makes all of its reports; what it says of
``daily_statistics`` is compared with a DuckDB that counts, averages, finds extremes, spread and the exact 95th
percentile of each metric of each GPU and of all, and the energy of each GPU. Both must come to the same numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from process import Usage
from spark_stage import METRICS, ROOT, SparkStage, measured
from verdict import status

from support.engines import Engines
from telemetry.settings import Settings

EXAMPLES = """examples:
  python benchmarks/batch.py                                       1, 5 and 25 million readings: half an hour
  python benchmarks/batch.py --readings 20000 --runs 1             does it run?
  python benchmarks/batch.py --growth-at-most 1.2 --duckdb-at-most 3    exit status 3 above these
"""
GPUS = 100
CHUNK = 500_000
"""Readings in a file."""
PATIENCE = 3600
DAY = date(2026, 11, 26)
_MADE = re.compile(r"report=(\w+) .* seconds=([0-9.]+)")
_LONGEST_GAP, _INTERVALS_BRIDGED, _JOULES_PER_KWH = 10, 2.5, 3.6e6
"""As in the report."""


class Night(NamedTuple):
    """One run of the batch."""

    seconds: float
    reports: dict[str, float]
    """Report -> seconds of them."""
    usage: Usage

    @property
    def statistics(self) -> float:
        return self.reports["daily_statistics"]


class Size(NamedTuple):
    """What was found with so many readings."""

    readings: int
    seconds: float
    """Of the batch."""
    ratio: float
    """Of our statistics to DuckDB's."""


def fill(total: int) -> None:
    """``total`` readings of ``DAY`` into the lake of the settings. In a process of its own."""
    from pyspark.sql import functions as F

    from spark_jobs import schema
    from spark_jobs.lake import Lake
    from spark_jobs.session import session
    from telemetry import catalogue

    settings = Settings.load()
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    spark = session("fill", settings, page=False)
    lake = Lake(spark, settings, metrics)
    lake.create()
    begin = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).timestamp()
    rows = max(1, total // GPUS)
    # As they come: one of each GPU after the other.
    row, gpu = F.floor(F.col("id") / GPUS), F.col("id") % GPUS
    # A sensor shows few different values: a wave, in steps of a tenth.
    wave = F.sin(row / 600 + gpu)
    values = {value.metric: F.round(F.lit(value.middle) + value.swing * wave, value.decimals) for value in measured()}
    made = {
        "date": F.lit(DAY), "origin": F.lit("bench/0"), "row": row.cast("long"), "mode": F.lit("live"),
        "time": F.timestamp_micros(((F.lit(begin) + row * (86_400 / rows)) * 1_000_000).cast("long")),
        "gpu": F.concat(F.lit("bench:"), gpu.cast("long")), "host": F.lit("bench"), "source": F.lit("load"),
        "ingested": F.current_timestamp(),
        **values,
    }  # fmt: skip
    for number, first in enumerate(range(0, rows * GPUS, CHUNK)):
        ids = spark.range(first, min(first + CHUNK, rows * GPUS))
        columns = (
            made.get(field.name, F.lit(None)).cast(field.dataType).alias(field.name)
            for field in schema.readings(metrics)
        )
        lake.append_readings(ids.select(*columns), "bench", number)
    spark.stop()


def duckdb_statistics(table: Path, into: Path) -> None:
    """The same by DuckDB, of the files of ``table`` that count (compaction leaves those before it where they are):
    (gpu, metric) -> readings, avg, min, max, stddev, p95, and the energy. In a process of its own, so that its memory
    can be measured."""
    import duckdb
    from deltalake import DeltaTable

    files = [unquote(urlsplit(uri).path) for uri in DeltaTable(str(table)).file_uris()]
    names = [value.metric for value in measured()]
    each = ", ".join(
        f"count({name}), avg({name}), min({name}), max({name}), stddev_samp({name}), quantile_cont({name}, 0.95)"
        for name in names
    )
    source = f"read_parquet({files})"
    connection = duckdb.connect()
    found = connection.execute(f"SELECT gpu, {each} FROM {source} GROUP BY GROUPING SETS ((gpu), ())").fetchall()
    # One source, and no two readings of one second: the usual interval is the median of the steps.
    energy = connection.execute(f"""
        WITH steps AS (
            SELECT gpu, board_power_draw AS power, lag(board_power_draw) OVER w AS before,
                   epoch(time - lag(time) OVER w) AS seconds
            FROM {source} WINDOW w AS (PARTITION BY gpu ORDER BY time)),
        usual AS (SELECT gpu, median(seconds) AS interval FROM steps GROUP BY gpu)
        SELECT gpu, sum((power + before) / 2 * seconds) / {_JOULES_PER_KWH}
        FROM steps JOIN usual USING (gpu)
        WHERE seconds <= greatest({_LONGEST_GAP}, {_INTERVALS_BRIDGED} * interval)
        GROUP BY gpu""").fetchall()
    told = {
        f"{gpu or 'all'} {name}": values[6 * number : 6 * number + 6]
        for gpu, *values in found
        for number, name in enumerate(names)
    }
    into.write_text(json.dumps(told | {f"{gpu} energy": [kwh] for gpu, kwh in energy}), encoding="utf-8")


def reported(folder: Path) -> Iterator[tuple[str, list[float]]]:
    """What ours has written, in the words of :func:`duckdb_statistics`."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "reports" / "daily_statistics")
    for row in table.to_pylist():
        if row["metric"] is not None:
            names = ("readings", "avg", "min", "max", "stddev", "p95")
            yield f"{row['gpu']} {row['metric']}", [row[name] for name in names]
        elif row["gpu"] != "all":
            yield f"{row['gpu']} energy", [row["energy_kwh"]]


class Bench:
    """A Kafka for what the batch sends, and a lake of each size."""

    def __init__(self, stage: SparkStage, runs: int) -> None:
        self._stage = stage
        self._runs = runs

    def measure(self, total: int) -> tuple[float, float]:
        """Prints both; the seconds of our batch, and the ratio of the two statistics."""
        name = f"day-{total}"
        environment = self._stage.place(name) | {"HDFS_URL": f"file:{self._stage.folder / name}"}
        environment |= {"LAKE_PATH": "/lake", "REPORTS_PATH": "/reports"}
        folder = self._stage.folder / name
        # To write is not what is measured, and takes a quarter of an hour with one of Java's compilers; a batch has the
        # memory, and the compiler, that start.sh gives it.
        roomy = environment | {"PYSPARK_SUBMIT_ARGS": "--driver-memory 2g pyspark-shell"}
        roomy |= {"_JAVA_OPTIONS": "-XX:TieredStopAtLevel=4"}
        self._stage.job(f"{name}-fill", [sys.executable, __file__, "--fill", str(total)], roomy).wait(PATIENCE)
        nights: list[Night] = []
        rivals: list[Usage] = []
        ratios: list[float] = []
        for number in range(self._runs):
            nights.append(self._night(f"{name}-{number}", environment))
            answer = folder / "duckdb.json"
            began = time.monotonic()
            rival = self._stage.job(
                f"{name}-duckdb-{number}",
                [sys.executable, __file__, "--duckdb", str(folder / "lake" / "readings"), str(answer)],
                environment,
            )
            usage = rival.watched(PATIENCE)
            seconds = time.monotonic() - began
            rivals.append(usage)
            ratios.append(nights[-1].statistics / seconds)
        compare(dict(reported(folder)), json.loads(answer.read_text(encoding="utf-8")))
        night = median(each.seconds for each in nights)
        print(
            f"{total:12,}{night:10.1f}{median(each.usage.cpu for each in nights):9.0f}"
            f"{max(each.usage.mebibytes for each in nights):9.0f}{median(each.statistics for each in nights):14.1f}"
            f"{median(each.statistics for each in nights) / median(ratios):12.1f}"
            f"{max(each.mebibytes for each in rivals):9.0f}{median(ratios):9.2f}",
            flush=True,
        )
        longest = sorted(nights[-1].reports.items(), key=lambda each: -each[1])
        print(f"{'':12}of it: {', '.join(f'{report} {seconds:.0f} s' for report, seconds in longest[:6])}", flush=True)
        return night, median(ratios)

    def _night(self, name: str, environment: dict[str, str]) -> Night:
        program = [sys.executable, str(ROOT / "spark-jobs" / "batch_analytics.py"), "--date", DAY.isoformat()]
        began = time.monotonic()
        job = self._stage.job(name, program, environment | {"LOG_LEVEL": "INFO"})
        usage = job.watched(PATIENCE)
        seconds = time.monotonic() - began
        reports = {report: float(took) for report, took in _MADE.findall(job.log())}
        if "daily_statistics" not in reports:
            raise SystemExit(f"found no daily_statistics in what the batch said:\n{job.log()[-3000:]}")
        return Night(seconds, reports, usage)


def compare(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> None:
    """Raises SystemExit where ours does not say the same; it also says what two metrics make together."""
    if missing := theirs.keys() - ours.keys():
        raise SystemExit(f"found nothing of {sorted(missing)[:3]} in our report, {len(missing)} in all")
    for key, values in theirs.items():
        for own, other in zip(ours[key], values, strict=True):
            if abs(own - other) > 1e-6 * max(1.0, abs(other)):
                raise SystemExit(f"{key}: ours says {ours[key]}, DuckDB {values}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--readings", type=int, nargs="+", default=[1_000_000, 5_000_000, 25_000_000], help="of the day, one run each"
    )
    parser.add_argument("--runs", type=int, default=1, help="of both, in turns, with each number (%(default)s)")
    parser.add_argument(
        "--growth-at-most", type=float, metavar="RATIO", help="exit 3 where a further million takes so much longer"
    )
    parser.add_argument("--duckdb-at-most", type=float, metavar="RATIO", help="exit 3 above it, with the most readings")
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--duckdb", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options.fill)
        return 0
    if options.duckdb:
        duckdb_statistics(*options.duckdb)
        return 0
    with tempfile.TemporaryDirectory(prefix="gpustream-bench-") as name, Engines(Path(name, "engines")) as engines:
        bench = Bench(SparkStage(engines, Path(name)), options.runs)
        print(f"{GPUS} GPUs, {METRICS} metrics each, one day; {options.runs} run(s) in turns; both say the same")
        print(
            f"{'readings':>12}{'batch s':>10}{'cpu s':>9}{'MiB':>9}{'statistics s':>14}{'DuckDB s':>12}{'MiB':>9}"
            f"{'ratio':>9}"
        )
        found = [Size(total, *bench.measure(total)) for total in sorted(options.readings)]
    grown = growth(found)
    too_much = options.growth_at_most is not None and grown > options.growth_at_most
    return status(too_much or (options.duckdb_at_most is not None and found[-1].ratio > options.duckdb_at_most))


def growth(found: list[Size]) -> float:
    """Prints what a further million readings took, between two sizes that follow each other; how much longer between
    the last two than between the first two. 0 of less than three sizes. What a batch takes whatever there is does not
    hide anything here."""
    slopes = [
        (after.seconds - before.seconds) / (after.readings - before.readings) for before, after in pairwise(found)
    ]
    for (before, after), slope in zip(pairwise(found), slopes, strict=True):
        print(f"from {before.readings:,} to {after.readings:,}: {slope * 1e6:.1f} s for each further million")
    return slopes[-1] / slopes[0] if len(slopes) > 1 else 0.0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
