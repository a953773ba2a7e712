"""How many bytes a reading takes in the lake once it is compacted, beside the same rows as CSV under ``zstd -19`` and
as the JSON that Kafka has.

The readings are of logs, each of which becomes a lake of its own: judged, appended and compacted by our own code, on
the disk of this machine (HDFS adds nothing to a file). The lake holds more than the CSV: it knows whose reading it is,
of which log and row, what the source wrote, when it came, and why a value is missing. Logs: those given, else a day of
our simulator, and the real ones in ../shared/gpuz/logs that have a thousand rows, where there are any.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from deltalake import DeltaTable
from verdict import status

from telemetry import catalogue
from telemetry.settings import Settings

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "gpuz" / "logs"
PRODUCER = str(Path(sys.executable).with_name("kafka-producer"))
EXAMPLES = """examples:
  python benchmarks/lake_bytes.py
  python benchmarks/lake_bytes.py "GPU-Z Sensor Log.txt"
  python benchmarks/lake_bytes.py --of-csv 1 --of-json 0.0286    exit status 3 where the lake takes more than that
"""
FEWEST_ROWS = 1000
"""A file of the lake says of each of its columns where it begins; in a log of some minutes that is most of it."""
SIMULATED_ROWS = 86_400
"""A day of one GPU, a reading a second: what one file of the lake has of it."""
APPENDS = 4
"""What is appended in several batches, one after the other, is several files until it is compacted."""


class Sizes(NamedTuple):
    """Bytes of the same readings."""

    readings: int
    json: int
    csv: int
    lake: int
    footer: int
    """Of the lake's: what a file says of its columns."""
    empty: int
    """Of the lake's: the pages of columns without a value."""


def into_lake(lines: Path) -> None:
    """The JSON readings in ``lines`` into the lake of the settings, compacted. In a process of its own."""
    from pyspark.sql import functions as F

    from spark_jobs.lake import Lake
    from spark_jobs.report_store import ReportStore
    from spark_jobs.session import session
    from spark_jobs.spans import covering
    from spark_jobs.transforms import clean
    from spark_jobs.upkeep import Upkeep
    from telemetry.timestamp import SECOND

    settings = Settings.load()
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    spark = session("lake bytes", settings, page=False)
    lake = Lake(spark, settings, metrics)
    lake.create()
    records = spark.read.text(lines.as_uri()).select(
        F.encode("value", "UTF-8").alias("value"), F.current_timestamp().alias("timestamp")
    )
    readings = clean.judged(clean.packed(records, metrics), time.time_ns() // 1000).readings.sort_by("row")
    for number in range(APPENDS):
        first, end = (len(readings) * edge // APPENDS for edge in (number, number + 1))
        lake.append_readings(spark.createDataFrame(readings.slice(first, end - first)), "bench", number)
    times = readings["time"].cast(pa.int64()).to_pylist()
    touched = covering(times, 3600 * SECOND, 1000)
    Upkeep(spark, settings, ReportStore(spark, settings)).compact(touched, datetime.now(UTC).date())
    spark.stop()


def sizes(log: Path, gpu: str, folder: Path) -> Sizes:
    """Raises SystemExit where the lake does not hold the log's readings, each once."""
    folder.mkdir()
    lines = folder / "readings.jsonl"
    with lines.open("wb") as file:
        command = [PRODUCER, "replay", "--dry-run", "--time", "original", "--gpu", gpu, str(log)]
        subprocess.run(command, check=True, stdout=file, stderr=subprocess.DEVNULL)
    readings = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    environment = os.environ | {
        "GPUSTREAM_RUN_DIR": str(folder),
        "HDFS_URL": f"file:{folder}",
        "CONFIG_DIR": str(ROOT / "config"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, __file__, "--into-lake", str(lines)],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    table = DeltaTable(str(folder / "gpu-metrics" / "readings"))
    held = {(each["origin"], each["row"]) for each in table.to_pyarrow_table(columns=["origin", "row"]).to_pylist()}
    count = sum(table.get_add_actions(flatten=True)["num_records"].to_pylist())
    if (held, count) != ({(each["origin"], each["row"]) for each in readings}, len(readings)):
        raise SystemExit(f"{log.name}: found {count} readings, {len(held)} different ones, expected {len(readings)}")
    lake = sum(table.get_add_actions(flatten=True)["size_bytes"].to_pylist())
    packed = zstandard.ZstdCompressor(level=19).compress(as_csv(readings))
    footer, empty = overhead(table)
    return Sizes(len(readings), lines.stat().st_size, len(packed), lake, footer, empty)


def overhead(table: DeltaTable) -> tuple[int, int]:
    """Bytes of the files' footers, and of columns without a value."""
    footer = empty = 0
    for uri in table.file_uris():
        told = pq.ParquetFile(uri.removeprefix("file://")).metadata
        footer += told.serialized_size
        for group, column in product(range(told.num_row_groups), range(told.num_columns)):
            chunk = told.row_group(group).column(column)
            if chunk.statistics is not None and chunk.statistics.null_count == told.row_group(group).num_rows:
                empty += chunk.total_compressed_size
    return footer, empty


def as_csv(readings: list[dict[str, Any]]) -> bytes:
    """Time and metrics, a column for each that the log has."""
    names = list(dict.fromkeys(name for each in readings for name in each["metrics"]))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["time", *names])
    rows.writerows([each["time"], *(each["metrics"].get(name, "") for name in names)] for each in readings)
    return text.getvalue().encode()


def logs_of(given: list[Path], folder: Path, rows: int, *, real: bool) -> Iterator[Path]:
    """Those to be measured: without any given a simulated one, and ``real`` ones where they are beside this
    checkout."""
    if given:
        yield from given
        return
    made = folder / "simulated.txt"
    simulate = [PRODUCER, "simulate", "gpuz", "--scenario", "gaming", "--duration", f"{rows}s"]
    subprocess.run([*simulate, "--out", str(made)], check=True)
    yield made
    if real:
        yield from (log for log in sorted(REAL.glob("*.txt")) if log.read_bytes().count(b"\n") > FEWEST_ROWS)


def show(name: str, found: Sizes) -> None:
    each = [size / found.readings for size in (found.json, found.csv, found.lake, found.footer, found.empty)]
    ratios = f"{found.lake / found.csv:6.2f}{found.json / found.lake:8.1f}"
    sizes = f"{each[0]:8.1f}{each[1]:12.2f}{each[2]:8.2f}{ratios}{each[3]:8.2f}{each[4]:7.2f}"
    print(f"{name:38}{found.readings:9,}{sizes}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("logs", type=Path, nargs="*", metavar="LOG", help="GPU-Z logs")
    parser.add_argument("--rows", type=int, default=SIMULATED_ROWS, help="of the simulated log (%(default)s)")
    parser.add_argument("--simulated-alone", action="store_true", help="without a given log, no real one either")
    parser.add_argument("--of-csv", type=float, metavar="RATIO", help="exit status 3 above this share of the CSV")
    parser.add_argument("--of-json", type=float, metavar="RATIO", help="exit status 3 above this share of the JSON")
    parser.add_argument("--into-lake", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.into_lake:
        into_lake(options.into_lake)
        return 0
    print(
        f"{'bytes per reading':38}{'readings':>9}{'JSON':>8}{'CSV, zstd':>12}{'lake':>8}{'/ CSV':>6}{'JSON /':>8}"
        f"{'footer':>8}{'empty':>7}"
    )
    with tempfile.TemporaryDirectory(prefix="gpustream-bench-") as name:
        given = [log.absolute() for log in options.logs]
        logs = list(logs_of(given, Path(name), options.rows, real=not options.simulated_alone))
        found = [sizes(log, f"bench:{number}", Path(name, str(number))) for number, log in enumerate(logs)]
    for log, each in zip(logs, found, strict=True):
        show(log.stem, each)
    total = Sizes(*(sum(column) for column in zip(*found, strict=True)))
    show("all", total)
    limits = ((options.of_csv, total.csv), (options.of_json, total.json))
    return status(any(limit is not None and total.lake > limit * other for limit, other in limits))


if __name__ == "__main__":
    sys.exit(main())
