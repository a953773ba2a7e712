"""kill -9 at random moments of a load, twice in each; everything at once: once.

The load of the next seed begins while the one before is on its way to the stores, so a kill hits that, too.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, Running, at_moments
from support.fault_logs import Wanted
from support.platform import long_log

pytestmark = pytest.mark.timeout(1800)
OURS = ("influxdb-writer", "alert-engine", "health-engine", "streaming")
ENGINES = ("kafka", "datanode", "namenode", "influxdb", "postgres")
SEEDS = (1, 2, 3)
SECONDS = 20
ROWS = 6000
FIRST = 200
"""Lines from the start: a log that is seen with fewer than a hundred rows is known by fewer, for ever."""


@pytest.mark.parametrize("name", OURS + ENGINES)
def test_killed(field: Field, record: Record, name: str) -> None:
    def loads() -> Iterator[tuple[Running, Outcome]]:
        for seed in SEEDS:
            chance = random.Random(f"{name} {seed}")
            running = field.load(f"kill-{name}-{seed}", SECONDS)
            at_moments(running, [chance.uniform(0.05, 0.9) for _ in range(2)], lambda: field.kill(name))
            yield running, Outcome("kill -9", name, seed)

    record(*field.all_settled(loads()))


@pytest.mark.parametrize("seed", SEEDS)
def test_producer_is_killed(field: Field, record: Record, seed: int) -> None:
    """What watches the drop folder, while it follows a log that grows under it."""
    chance = random.Random(f"watch {seed}")
    gpu = f"kill-watch:{seed}"
    log = long_log(field.platform.folder, f"kill-watch-{seed}.txt", seed, ROWS, f"2016-02-0{seed} 20:00:00")
    lines = log.read_bytes().splitlines(keepends=True)
    growing = field.platform.place(log, gpu)
    growing.write_bytes(b"".join(lines[:FIRST]))
    running = field.load(f"kill-watch-{seed}", SECONDS)
    kills = {chance.uniform(0.05, 0.9) for _ in range(2)}
    done = FIRST
    for share in sorted({*kills, *(number / 40 for number in range(1, 40))}):
        running.until(share)
        if share in kills:
            field.kill("watch")
        until = max(done, round(share * len(lines)))
        with growing.open("ab") as file:
            file.writelines(lines[done:until])
        done = until
    with growing.open("ab") as file:
        file.writelines(lines[done:])
    outcome = field.settled(running, Outcome("kill -9", "watch", seed))
    wanted = Wanted()
    wanted.add_logs(field.platform, gpu, [log])
    outcome.counts |= {f"{store}, of the log": count for store, count in wanted.counted(field.platform).items()}
    record(outcome)


def test_all_are_killed_at_once(field: Field, record: Record) -> None:
    names = [*OURS, *ENGINES, "watch"]

    def loads() -> Iterator[tuple[Running, Outcome]]:
        for seed in SEEDS:
            chance = random.Random(seed)

            def harm(chance: random.Random = chance) -> None:
                chance.shuffle(names)
                for name in names:
                    field.kill(name)

            running = field.load(f"kill-all-{seed}", SECONDS)
            at_moments(running, [chance.uniform(0.2, 0.8)], harm)
            yield running, Outcome("kill -9", "all at once", seed)

    record(*field.all_settled(loads()))
