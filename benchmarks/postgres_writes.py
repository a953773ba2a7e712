"""How fast the sink `timescale` writes readings to PostgreSQL, beside plain inserts: executemany and one row at a time.

All three write the same readings of 25 metrics into tables of the same shape, in batches of 5,000 (one row at a time:
transactions of 500), with ON CONFLICT DO NOTHING; in turns, on a real server of its own. Ours also notes which
aggregates are due and what is newest. In the end each table must hold every reading once, or the benchmark ends with an
error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import orjson
import psycopg
from encode_lines import readings

from kafka_consumers.database import instant
from kafka_consumers.sinks.timescale import Timescale
from telemetry import catalogue, reading
from telemetry.clock import SystemClock
from telemetry.reading import Reading
from telemetry.settings import Settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.engines import Engines, PostgreSQL, has_timescale  # noqa: E402  # tests are not installed
from support.loop_fakes import message  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/postgres_writes.py                        50,000 readings, 5 runs of each
  python benchmarks/postgres_writes.py --timescale            with TimescaleDB (POSTGRES_HOME)
  python benchmarks/postgres_writes.py --readings 5000 --runs 1 --at-least 3
"""
BATCH = 5000


def statement(table: str, metrics: Sequence[str]) -> str:
    names = ["time", "gpu", "host", "source", "mode", "origin", '"row"', "flags", *(f'"{name}"' for name in metrics)]
    marks = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"


def values(each: Reading) -> tuple[object, ...]:
    flags = orjson.dumps(each.flags).decode()
    fixed = (instant(each.time), each.gpu, each.host, each.source, each.mode, each.origin, each.row, flags)
    return (*fixed, *each.metrics.values())


class Writers:
    """Each writes all of the readings; the answer is the seconds that it took, decoding included."""

    def __init__(self, settings: Settings, raws: Sequence[bytes]) -> None:
        self._raws = raws
        self._clock = SystemClock()
        self.sink = Timescale(settings, catalogue.load(ROOT / "config" / "metrics.yaml"), self._clock)
        self.sink.start()
        self.connection = psycopg.connect(
            host=settings.postgres_host,
            port=settings.postgres_port,
            user=settings.postgres_user,
            dbname=settings.postgres_database,
            password=settings.postgres_password_file.read_text().strip(),
            autocommit=True,
        )
        self._metrics = list(reading.decode(raws[0], self._clock.now()).metrics)

    def ours(self) -> float:
        begin = time.perf_counter()
        for first in range(0, len(self._raws), BATCH):
            batch = [self.sink.encode(message(0, value=raw)) for raw in self._raws[first : first + BATCH]]
            if refused := self.sink.write(batch):
                raise SystemExit(f"{len(refused)} refused: {refused[0]}")
        return time.perf_counter() - begin

    def executemany(self) -> float:
        begin = time.perf_counter()
        insert = statement("plain_many", self._metrics).encode()
        for first in range(0, len(self._raws), BATCH):
            rows = [values(reading.decode(raw, self._clock.now())) for raw in self._raws[first : first + BATCH]]
            with self.connection.transaction(), self.connection.cursor() as cursor:
                cursor.executemany(insert.decode(), rows)
        return time.perf_counter() - begin

    def row_by_row(self) -> float:
        begin = time.perf_counter()
        insert = statement("plain_rows", self._metrics).encode()
        for first in range(0, len(self._raws), 500):
            with self.connection.transaction():
                for raw in self._raws[first : first + 500]:
                    self.connection.execute(insert, values(reading.decode(raw, self._clock.now())))
        return time.perf_counter() - begin


def compare(server: PostgreSQL, count: int, runs: int) -> float:
    """Prints all three and returns our speed, executemany's being 1."""
    settings = Settings(postgres_port=server.port, postgres_password_file=server.password_file)
    writers = Writers(settings, readings(count, time.time_ns() // 1000))
    tables = {"gpu_metrics": writers.ours, "plain_many": writers.executemany, "plain_rows": writers.row_by_row}
    for table in ("plain_many", "plain_rows"):
        writers.connection.execute(f"CREATE TABLE {table} (LIKE gpu_metrics, PRIMARY KEY (gpu, time))".encode())
    taken: dict[str, list[float]] = {table: [] for table in tables}
    for number in range(runs + 1):
        for table, write in tables.items():
            writers.connection.execute(f"TRUNCATE {table}".encode())
            seconds = write()
            if number:  # the first fills caches and makes the partition
                taken[table].append(seconds)
    for table in tables:
        (found,) = writers.connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()
        if found != (count,):
            raise SystemExit(f"{table}: found {found[0]} readings, expected {count}")
    writers.sink.close()
    names = {"gpu_metrics": "sink timescale (COPY)", "plain_many": "executemany", "plain_rows": "one row at a time"}
    print(f"{count:,} readings of 25 metrics; medians of {runs} runs in turns; every table holds each once")
    for table, times in taken.items():
        print(f"{names[table]:24}{median(times):8.2f} s{count / median(times):12,.0f} readings/s")
    ratios = {
        table: median(theirs / own for theirs, own in zip(taken[table], taken["gpu_metrics"], strict=True))
        for table in ("plain_many", "plain_rows")
    }
    print(f"speed of ours: {ratios['plain_many']:.2f} x executemany, {ratios['plain_rows']:.2f} x one row at a time")
    return ratios["plain_many"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readings", type=int, default=50_000, help="how many (default: 50000)")
    parser.add_argument("--runs", type=int, default=5, help="of each writer (default: 5)")
    parser.add_argument("--timescale", action="store_true", help="with TimescaleDB")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="RATIO", help="exit 1 below this x executemany")
    options = parser.parse_args()
    if options.timescale and not has_timescale():
        parser.error("no TimescaleDB beside PostgreSQL here (docs/recipes/timescale.md)")
    with tempfile.TemporaryDirectory() as folder, Engines(Path(folder, "engines")) as engines:
        server = engines.postgres(timescale=options.timescale)
        return int(compare(server, options.readings, options.runs) < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
