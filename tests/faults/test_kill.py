"""kill -9 at random moments of a load, twice in each; everything at once: once."""

from __future__ import annotations

import random

import pytest

from faults.conftest import Record
from support.fault_field import Field, Outcome, Running, at_moments

pytestmark = pytest.mark.timeout(1800)
OURS = ("influxdb-writer", "alert-engine", "streaming")
ENGINES = ("kafka", "datanode", "namenode", "influxdb", "postgres")
SECONDS = 45


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", OURS + ENGINES)
def test_killed(field: Field, record: Record, name: str, seed: int) -> None:
    chance = random.Random(f"{name} {seed}")
    running = Running(field, f"kill-{name}-{seed}", SECONDS)
    at_moments(running, [chance.uniform(0.05, 0.9) for _ in range(2)], lambda: field.kill(name))
    record(field.settled(running, Outcome("kill -9", name, seed)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_are_killed_at_once(field: Field, record: Record, seed: int) -> None:
    chance = random.Random(seed)
    names = [*OURS, *ENGINES]

    def harm() -> None:
        chance.shuffle(names)
        for name in names:
            field.kill(name)

    running = Running(field, f"kill-all-{seed}", SECONDS)
    at_moments(running, [chance.uniform(0.2, 0.8)], harm)
    record(field.settled(running, Outcome("kill -9", "all at once", seed)))
