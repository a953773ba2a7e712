"""A server that is away for 40 s: it does not answer, or there is nothing where it was."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, Running

pytestmark = pytest.mark.timeout(1800)
SECONDS = 48


@pytest.mark.parametrize("name", ["influxdb", "namenode", "datanode", "kafka", "postgres"])
def test_away(field: Field, record: Record, away: int, name: str) -> None:
    words = {"frozen": f"does not answer for {away} s", "stopped": f"connection refused for {away} s"}

    def loads() -> Iterator[tuple[Running, Outcome]]:
        for how, harm in words.items():
            running = field.load(f"away-{name}-{how}", SECONDS - 40 + away)
            running.until(0.1)
            with getattr(field, how)(name):
                # The length of the outage is what is tried here; nothing is waited for.
                time.sleep(away)
            yield running, Outcome(harm, name, 0)

    record(*field.all_settled(loads()))
