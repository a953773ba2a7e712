"""A server that is away for 40 s: it does not answer, or there is nothing where it was."""

from __future__ import annotations

import time

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, at_moments

pytestmark = pytest.mark.timeout(1800)
SECONDS = 48


@pytest.mark.parametrize("how", ["frozen", "stopped"])
@pytest.mark.parametrize("name", ["influxdb", "namenode", "datanode", "kafka", "postgres"])
def test_away(field: Field, record: Record, away: int, name: str, how: str) -> None:
    running = field.load(f"away-{name}-{how}", SECONDS - 40 + away)

    def harm() -> None:
        with getattr(field, how)(name):
            # The length of the outage is what is tried here; nothing is waited for.
            time.sleep(away)

    at_moments(running, [0.1], harm)
    words = {"frozen": f"does not answer for {away} s", "stopped": f"connection refused for {away} s"}
    record(field.settled(running, Outcome(words[how], name, 0)))
