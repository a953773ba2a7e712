"""Servers that answer late, over lines that are long and bad."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, at_moments
from support.slow_link import Passed, Weather, slow_link

pytestmark = pytest.mark.timeout(1800)
SECONDS = 45
SLOW = ("INFLUXDB_PORT", "HDFS_RPC_PORT", "POSTGRES_PORT")
LATE = 5.0
"""Seconds until an answer."""


def test_influxdb_answers_after_5_seconds(field: Field, record: Record) -> None:
    running = field.load("slow-influxdb", SECONDS)

    def harm() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with field.frozen("influxdb"):
                time.sleep(LATE)
            # Long enough to answer what came meanwhile.
            time.sleep(0.3)

    at_moments(running, [0.1], harm)
    record(field.settled(running, Outcome(f"answers after {LATE:g} s", "influxdb", 0)))


@pytest.mark.parametrize("seed", [1])
def test_bad_line(field: Field, record: Record, seed: int) -> None:
    """Between the writer and InfluxDB, the stream and the NameNode, the alert engine and PostgreSQL."""
    weather, passed = Weather(), [Passed() for _ in SLOW]
    with ExitStack() as stack:
        to_influxdb, to_namenode, to_postgres = (
            stack.enter_context(slow_link(int(field.environment[name]), weather, seed, each))
            for name, each in zip(SLOW, passed, strict=True)
        )
        for name, settings in (
            ("influxdb-writer", {"INFLUXDB_URL": f"http://127.0.0.1:{to_influxdb}"}),
            ("streaming", {"HDFS_URL": f"hdfs://127.0.0.1:{to_namenode}"}),
            ("alert-engine", {"POSTGRES_PORT": str(to_postgres)}),
        ):
            stack.enter_context(field.instead(name, **settings))
        running = field.load("slow-line", SECONDS)
        words = f"{2000 * weather.delay:.0f} ms longer both ways, {weather.lost:.0%} lost, connections break"
        record(field.settled(running, Outcome(words, "influxdb, namenode, postgres", seed)))
    print(*passed, sep="\n")
    assert all(each.lost for each in passed)
    assert sum(each.broken for each in passed)
