"""Each window is written whole, and what the table may have is never appended."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from spark_jobs.open_windows import HELD_BATCHES, OpenWindows, Ready
from spark_jobs.window_keys import Key
from telemetry.timestamp import SECOND

LENGTH = 30 * SECOND
SCHEMA = pa.schema(
    [("gpu", pa.string()), ("start", pa.timestamp("us", "UTC")), ("metric", pa.string()), ("count", pa.int64())]
)


def rows(counts: dict[Key, int]) -> pa.Table:
    """Two of each window."""
    return pa.Table.from_pylist(
        [
            {"gpu": gpu, "start": start, "metric": metric, "count": count}
            for (gpu, start), count in counts.items()
            for metric in (None, "gpu_load")
        ],
        pa.schema([SCHEMA.field(0), ("start", pa.int64()), SCHEMA.field(2), SCHEMA.field(3)]),
    ).cast(SCHEMA)


def counts(table: pa.Table) -> list[tuple[str, int, int]]:
    """One of each window: gpu, place of the window, count."""
    if not table:
        return []
    assert len(table) % 2 == 0
    found = zip(
        table["gpu"].to_pylist(),
        table["start"].cast(pa.int64()).to_pylist(),
        table["metric"].to_pylist(),
        table["count"].to_pylist(),
        strict=True,
    )
    return sorted((gpu, start // LENGTH, count) for gpu, start, metric, count in found if metric is None)


class Table:
    """What is written, as the stream writes it; ``readings`` of a window are what the lake has."""

    def __init__(self) -> None:
        self.readings: dict[Key, int] = {}
        self.written: dict[Key, int] = {}
        self.merged = 0
        self.open = OpenWindows()

    def batch(self, live: set[str], *touched: tuple[str, int]) -> Ready:
        keys = [(gpu, place * LENGTH) for gpu, place in touched]
        fresh = [key for key in keys if key not in self.readings]
        for key in keys:
            self.readings[key] = self.readings.get(key, 0) + 1
        return self.write(self.open.take(rows({key: self.readings[key] for key in keys}), keys, fresh, live))

    def write(self, ready: Ready) -> Ready:
        for gpu, place, count in counts(ready.fresh):
            assert (gpu, place * LENGTH) not in self.written, "appended, and there"
            self.written[gpu, place * LENGTH] = count
        for gpu, place, count in counts(ready.others):
            self.written[gpu, place * LENGTH] = count
            self.merged += 1
        return ready


def test_a_window_is_appended_once_the_next_one_has_come() -> None:
    table = Table()
    for _ in range(3):
        ready = table.batch({"a:0"}, ("a:0", 1))
        assert not ready.fresh
        assert not ready.others
    assert counts(table.batch({"a:0"}, ("a:0", 2)).fresh) == [("a:0", 1, 3)]
    assert counts(table.batch({"a:0"}, ("a:0", 2), ("a:0", 3)).fresh) == [("a:0", 2, 2)]
    assert counts(table.write(table.open.flush()).fresh) == [("a:0", 3, 1)]
    assert table.merged == 0


def test_the_window_of_a_gpu_that_is_gone_is_written() -> None:
    table = Table()
    table.batch({"a:0"}, ("a:0", 1))
    for number in range(HELD_BATCHES):
        ready = table.batch({"b:0"}, ("b:0", number))
    assert ("a:0", 1, 1) in counts(ready.fresh)
    # It was not gone.
    table.batch({"a:0"}, ("a:0", 1))
    assert counts(table.batch({"a:0"}, ("a:0", 2)).others) == [("a:0", 1, 2)]


def test_imports_and_late_readings_are_not_kept_back() -> None:
    table = Table()
    assert counts(table.batch(set(), ("log:0", 1), ("log:0", 2)).fresh) == [("log:0", 1, 1), ("log:0", 2, 1)]
    table.batch({"a:0"}, ("a:0", 9))
    assert counts(table.batch({"a:0"}, ("a:0", 5)).fresh) == [("a:0", 5, 1)]
    assert table.open.has(("a:0", 9 * LENGTH))
    assert not table.open.has(("a:0", 5 * LENGTH))
    assert counts(table.batch({"a:0"}, ("a:0", 5)).others) == [("a:0", 5, 2)]


@pytest.mark.parametrize("seed", range(20))
def test_in_the_end_all_stands_there_as_it_is(seed: int) -> None:
    chance = random.Random(seed)
    table = Table()
    at = dict.fromkeys(("a:0", "b:0", "log:0"), 10)
    for _ in range(80):
        touched = set()
        for gpu in chance.sample(sorted(at), chance.randint(1, 3)):
            at[gpu] = max(0, at[gpu] + chance.choice([0, 0, 1, 1, 2, -3]))
            touched |= {(gpu, max(0, at[gpu] - back)) for back in range(chance.randint(1, 3))}
        table.batch({"a:0", "b:0"}, *sorted(touched))
        if chance.random() < 0.1:
            table.write(table.open.flush())
    table.write(table.open.flush())
    assert table.written == table.readings
    assert not table.open.flush().fresh
