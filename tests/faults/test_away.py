"""A server that is away for 40 s: it does not answer, or there is nothing where it was."""

from __future__ import annotations

import time

import pytest

from faults.conftest import Record
from support.fault_field import Field, Outcome, Running, at_moments

pytestmark = pytest.mark.timeout(1800)
AWAY = 40
SECONDS = 60


@pytest.mark.parametrize("how", ["frozen", "stopped"])
@pytest.mark.parametrize("name", ["influxdb", "namenode", "datanode", "kafka", "postgres"])
def test_away(field: Field, record: Record, name: str, how: str) -> None:
    running = Running(field, f"away-{name}-{how}", SECONDS)

    def harm() -> None:
        with getattr(field, how)(name):
            # The length of the outage is what is tried here; nothing is waited for.
            time.sleep(AWAY)

    at_moments(running, [0.2], harm)
    words = {"frozen": "does not answer for 40 s", "stopped": "connection refused for 40 s"}
    record(field.settled(running, Outcome(words[how], name, 0)))
