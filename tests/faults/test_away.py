"""A server that is away for 40 s: it does not answer, or there is nothing where it was."""

from __future__ import annotations

import time
from functools import partial
from itertools import product

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, Sent

pytestmark = pytest.mark.timeout(1800)
SECONDS = 48
SERVERS = ("influxdb", "namenode", "datanode", "kafka", "postgres")
WORDS = {"frozen": "does not answer", "stopped": "connection refused"}


def test_away(field: Field, record: Record, away: int) -> None:
    """One after the other; a load is counted while the next server is away, which it then waits for, too."""

    field.all_settled([partial(_away, field, name, how, away) for name, how in product(SERVERS, WORDS)], record)


def _away(field: Field, name: str, how: str, away: int) -> Sent:
    running = field.load(f"away-{name}-{how}", SECONDS - 40 + away)
    running.until(0.1)
    with getattr(field, how)(name):
        # The length of the outage is what is tried here; nothing is waited for.
        time.sleep(away)
    return Sent(running, Outcome(f"{WORDS[how]} for {away} s", name, 0))
