"""How fast the sink `timescale` writes readings to PostgreSQL, beside plain inserts: executemany and one row at a time.

All three write the same readings of 25 metrics into tables of the same shape, in batches of 5,000 (one row at a time:
transactions of 500), with ON CONFLICT DO NOTHING; in turns, on a real server of its own. Ours also notes which
aggregates are due and what is newest. In the end each table must hold every reading once, or the benchmark ends with an
error.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import orjson
import psycopg
from verdict import status

from kafka_consumers.database import instant
from kafka_consumers.sinks.timescale import Timescale
from kafka_consumers.timescale import columns
from telemetry import catalogue, reading
from telemetry.catalogue import Metric
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
METRICS = 25


def statement(table: str, metrics: Sequence[str]) -> str:
    names = ["time", "gpu", "host", "source", "mode", "origin", '"row"', "flags", *(f'"{name}"' for name in metrics)]
    marks = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"


def values(each: Reading) -> tuple[object, ...]:
    flags = orjson.dumps(each.flags).decode()
    fixed = (instant(each.time), each.gpu, each.host, each.source, each.mode, each.origin, each.row, flags)
    return (*fixed, *each.metrics.values())


def readings(count: int, now: int, metrics: Mapping[str, Metric]) -> list[bytes]:
    """As a producer sends them: 25 metrics, values within their ranges, eight GPUs."""
    chance = random.Random(1)
    spans = [(name, each.plausible[0], min(each.plausible[1], 3000.0)) for name, each in metrics.items()][:METRICS]
    made = []
    for row in range(count):
        gpu = f"desk-{row % 8}"
        values = {name: round(chance.uniform(low, high), row % 3) for name, low, high in spans}
        origin, time_of_row = "7f3c9ab2e01d4c55/0", now - (count - row) * 1000
        each = Reading(origin, row, "live", time_of_row, None, f"{gpu}:0", gpu, "gpuz", None, values, {})
        made.append(reading.encode(each))
    return made


class Cost(NamedTuple):
    """Of one run."""

    seconds: float
    cpu: float
    """Seconds of processor time, of this process and of its server processes: others on the machine disturb it less."""


class Writers:
    """Each writes all of the readings, decoding included."""

    def __init__(self, settings: Settings, count: int) -> None:
        known = catalogue.load(ROOT / "config" / "metrics.yaml")
        self._raws = raws = readings(count, time.time_ns() // 1000, columns.metrics_of(known))
        self._clock = SystemClock()
        self.sink = Timescale(settings, known, self._clock)
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

    def ours(self) -> None:
        for first in range(0, len(self._raws), BATCH):
            batch = [self.sink.encode(message(0, value=raw)) for raw in self._raws[first : first + BATCH]]
            if refused := self.sink.write(batch):
                raise SystemExit(f"{len(refused)} refused: {refused[0]}")

    def executemany(self) -> None:
        insert = statement("plain_many", self._metrics).encode()
        for first in range(0, len(self._raws), BATCH):
            rows = [values(reading.decode(raw, self._clock.now())) for raw in self._raws[first : first + BATCH]]
            with self.connection.transaction(), self.connection.cursor() as cursor:
                cursor.executemany(insert.decode(), rows)

    def row_by_row(self) -> None:
        insert = statement("plain_rows", self._metrics).encode()
        for first in range(0, len(self._raws), 500):
            with self.connection.transaction():
                for raw in self._raws[first : first + 500]:
                    self.connection.execute(insert, values(reading.decode(raw, self._clock.now())))

    def cost_of(self, write: Callable[[], None]) -> Cost:
        seconds, cpu = time.perf_counter(), self._cpu()
        write()
        return Cost(time.perf_counter() - seconds, self._cpu() - cpu)

    def _cpu(self) -> float:
        query = "SELECT pid FROM pg_stat_activity WHERE usename = current_user AND backend_type = 'client backend'"
        ticks = 0
        for (pid,) in self.connection.execute(query).fetchall():
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime, stime: proc(5) counts them from 14 on
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def compare(server: PostgreSQL, count: int, runs: int) -> float:
    """Prints all three and returns our speed by processor time, executemany's being 1."""
    settings = Settings(postgres_port=server.port, postgres_password_file=server.password_file)
    writers = Writers(settings, count)
    tables = {"gpu_metrics": writers.ours, "plain_many": writers.executemany, "plain_rows": writers.row_by_row}
    for table in ("plain_many", "plain_rows"):
        writers.connection.execute(f"CREATE TABLE {table} (LIKE gpu_metrics, PRIMARY KEY (gpu, time))".encode())
    taken: dict[str, list[Cost]] = {table: [] for table in tables}
    for number in range(runs + 1):
        for table, write in tables.items():
            writers.connection.execute(f"TRUNCATE {table}".encode())
            cost = writers.cost_of(write)
            if number:  # the first fills caches and makes the partition
                taken[table].append(cost)
    for table in tables:
        (found,) = writers.connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()
        if found != (count,):
            raise SystemExit(f"{table}: found {found[0]} readings, expected {count}")
    writers.sink.close()
    names = {"gpu_metrics": "sink timescale (COPY)", "plain_many": "executemany", "plain_rows": "one row at a time"}
    print(f"{count:,} readings of 25 metrics; medians of {runs} runs in turns; every table holds each once")
    print(f"{'':24}{'wall s':>8}{'cpu s':>8}{'readings/s':>13}{'readings/cpu s':>16}")
    for table, costs in taken.items():
        wall, cpu = median(each.seconds for each in costs), median(each.cpu for each in costs)
        print(f"{names[table]:24}{wall:8.2f}{cpu:8.2f}{count / wall:13,.0f}{count / cpu:16,.0f}")
    for table in ("plain_many", "plain_rows"):
        pairs = list(zip(taken[table], taken["gpu_metrics"], strict=True))
        wall, cpu = median(each.seconds / own.seconds for each, own in pairs), ratio(pairs)
        print(f"speed of ours beside {names[table]}: {wall:.2f} x by the wall clock, {cpu:.2f} x by processor time")
    return ratio(list(zip(taken["plain_many"], taken["gpu_metrics"], strict=True)))


def ratio(pairs: Sequence[tuple[Cost, Cost]]) -> float:
    """Of processor time: the other's to ours, the median."""
    return median(each.cpu / own.cpu for each, own in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readings", type=int, default=50_000, help="how many (default: 50000)")
    parser.add_argument("--runs", type=int, default=5, help="of each writer (default: 5)")
    parser.add_argument("--timescale", action="store_true", help="with TimescaleDB")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="RATIO", help="exit 3 below this x executemany")
    options = parser.parse_args()
    if options.timescale and not has_timescale():
        parser.error("no TimescaleDB beside PostgreSQL here (docs/recipes/timescale.md)")
    with tempfile.TemporaryDirectory() as folder, Engines(Path(folder, "engines")) as engines:
        server = engines.postgres(timescale=options.timescale)
        return status(compare(server, options.readings, options.runs) < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
