"""kill -9 at two random moments of a load, one in each half; everything at once: once.

The next load begins while the one before is on its way to the stores, so a kill hits that, too.
"""

from __future__ import annotations

import random
from functools import partial
from itertools import product

import pytest

from faults.conftest import Record
from support.fault_field import Field, Part
from support.fault_load import Count, Outcome, Sent, at_moments
from support.fault_logs import Wanted
from support.platform import long_log

pytestmark = pytest.mark.timeout(1800)
OURS = ("influxdb-writer", "timescale-writer", "alert-engine", "health-engine", "streaming")
ENGINES = ("kafka", "datanode", "namenode", "influxdb", "postgres")
SEEDS = (1, 2, 3)
DRIVER: dict[int, Part] = {1: "process", 2: "children", 3: "all"}
"""Seed -> what of the stream is killed: its Python, its JVM, both."""
HALVES = ((0.05, 0.4), (0.55, 0.9))
SECONDS = 20
ROWS = 6000
FIRST = 200
"""Lines from the start: a log that is seen with fewer than a hundred rows is known by fewer, for ever."""


@pytest.mark.parametrize("names", [OURS, ENGINES], ids=", ".join)
def test_killed(field: Field, record: Record, names: tuple[str, ...]) -> None:
    field.all_settled([partial(_killed, field, name, seed) for name, seed in product(names, SEEDS)], record)


def _killed(field: Field, name: str, seed: int) -> Sent:
    chance = random.Random(f"{name} {seed}")
    running = field.load(f"kill-{name}-{seed}", SECONDS)
    moments = [chance.uniform(*half) for half in HALVES]
    part = DRIVER[seed] if name == "streaming" else "process"
    at_moments(running, moments, lambda: field.kill(name, part))
    words = {"process": name, "children": f"{name}, its JVM", "all": f"{name} and its JVM"}
    return Sent(running, Outcome("kill -9", words[part], seed))


def test_producer_is_killed(field: Field, record: Record) -> None:
    """What watches the drop folder, while it follows a log that grows under it."""
    field.all_settled([partial(_with_a_log, field, seed) for seed in SEEDS], record)


def _with_a_log(field: Field, seed: int) -> Sent:
    chance = random.Random(f"watch {seed}")
    gpu = f"kill-watch:{seed}"
    log = long_log(field.platform.folder, f"kill-watch-{seed}.txt", seed, ROWS, f"2016-02-0{seed} 20:00:00")
    lines = log.read_bytes().splitlines(keepends=True)
    growing = field.platform.place(log, gpu)
    growing.write_bytes(b"".join(lines[:FIRST]))
    running = field.load(f"kill-watch-{seed}", SECONDS)
    kills = {chance.uniform(*half) for half in HALVES}
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

    def of_the_log() -> dict[str, Count]:
        wanted = Wanted()
        wanted.add_logs(field.platform, gpu, [log])
        return {f"{store}, of the log": count for store, count in wanted.counted(field.platform).items()}

    return Sent(running, Outcome("kill -9", "watch", seed), of_the_log)


def test_all_are_killed_at_once(field: Field, record: Record) -> None:
    field.all_settled([partial(_all_killed, field, seed) for seed in SEEDS], record)


def _all_killed(field: Field, seed: int) -> Sent:
    chance = random.Random(seed)
    names = [*OURS, *ENGINES, "watch"]
    chance.shuffle(names)
    running = field.load(f"kill-all-{seed}", SECONDS)
    at_moments(running, [chance.uniform(0.2, 0.8)], lambda: field.kill_all(names))
    return Sent(running, Outcome("kill -9", "all at once", seed))
