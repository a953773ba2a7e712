"""What the memory says is in the lake is what is in the lake, in whatever order windows are touched."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pytest

from spark_jobs.near_readings import AHEAD, NearReadings
from spark_jobs.spans import Span
from spark_jobs.window_keys import Key
from telemetry.timestamp import SECOND

LENGTH = 30 * SECOND
SCHEMA = pa.schema([("gpu", pa.string()), ("start", pa.timestamp("us", "UTC")), ("time", pa.int64())])


class Lake:
    """Readings (gpu, time) in a set, and how often it was asked."""

    def __init__(self) -> None:
        self.readings: set[tuple[str, int]] = set()
        self.asked = 0
        self.near = NearReadings(self.of, self.first, LENGTH)

    def of(self, touched: Sequence[Key]) -> pa.Table:
        self.asked += bool(touched)
        return table(pair for pair in self.readings if window(pair) in set(touched))

    def first(self, wanted: Mapping[str, Span]) -> Mapping[str, int]:
        found = {
            gpu: [time for name, time in self.readings if name == gpu and span.begin <= time < span.end]
            for gpu, span in wanted.items()
        }
        return {gpu: min(times) for gpu, times in found.items() if times}

    def batch(self, readings: set[tuple[str, int]], live: set[str]) -> None:
        """As the stream: asks, adds, tells."""
        touched = sorted({window(pair) for pair in readings})
        there = pairs(self.near.of(touched))
        assert sorted(there) == sorted(pair for pair in self.readings if window(pair) in set(touched))
        self.readings |= readings
        self.near.take(table(readings | set(there)), touched, live)


def window(pair: tuple[str, int]) -> tuple[str, int]:
    return pair[0], pair[1] // LENGTH * LENGTH


def table(found: object) -> pa.Table:
    rows = [{"gpu": gpu, "start": window((gpu, time))[1], "time": time} for gpu, time in sorted(found)]  # type: ignore[call-overload]
    return pa.Table.from_pylist(rows, pa.schema([SCHEMA.field(0), ("start", pa.int64()), SCHEMA.field(2)])).cast(SCHEMA)


def pairs(readings: pa.Table) -> list[tuple[str, int]]:
    return list(zip(readings["gpu"].to_pylist(), readings["time"].to_pylist(), strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    lake = Lake()
    at = {f"{name}:0": chance.randrange(4 * AHEAD) for name in "abc"}
    live = {"a:0", "b:0"}
    for _ in range(60):
        readings: set[tuple[str, int]] = set()
        for gpu in chance.sample(sorted(at), chance.randint(1, 3)):
            # Goes on, comes again, comes late, or is elsewhere for a while.
            if chance.random() < 0.2:
                at[gpu] = max(0, at[gpu] + chance.choice([-2 * AHEAD, -LENGTH, -5 * SECOND, LENGTH * 3, 2 * AHEAD]))
            for _ in range(chance.randint(1, 6)):
                at[gpu] += chance.randrange(20 * SECOND)
                readings.add((gpu, at[gpu]))
        if chance.random() < 0.05:
            lake.near.forget()
        lake.batch(readings, live)


def test_a_live_gpu_is_read_once_an_hour() -> None:
    lake = Lake()
    for second in range(0, 3600, 10):
        lake.batch({("a:0", second * SECOND), ("a:0", (second + 5) * SECOND)}, {"a:0"})
    assert lake.asked == 1
    for second in range(3600, 7200, 10):
        lake.batch({("a:0", second * SECOND)}, {"a:0"})
    assert lake.asked == 2


def test_an_imported_log_is_asked_for_with_each_batch() -> None:
    """Its next batch is hours later, by its own time."""
    lake = Lake()
    for hour in range(3):
        lake.batch({("a:0", hour * AHEAD)}, set())
    assert lake.asked == 3


def test_a_batch_that_was_cut_off_is_read_again() -> None:
    lake = Lake()
    lake.batch({("a:0", 0)}, {"a:0"})
    lake.readings.add(("a:0", SECOND))
    lake.near.forget()
    lake.batch({("a:0", 2 * SECOND)}, {"a:0"})
