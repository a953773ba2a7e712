"""One message per window, whatever the order of its rows, that telemetry can read."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from spark_jobs.transforms import window_messages
from spark_jobs.transforms.window_messages import messages
from telemetry.messages import Window

BEGIN = datetime(2026, 11, 27, 10, tzinfo=UTC)
LENGTH = timedelta(seconds=30)


def rows_of(gpu: str, start: datetime, end: datetime, *metrics: str | None) -> list[dict[str, Any]]:
    return [
        {"gpu": gpu, "start": start, "end": end, "metric": metric, "host": "pc", "source": "nvml", "mode": "live"}
        | {"avg": None if metric is None else 1.5, "min": None if metric is None else 1.0, "max": 2.0, "count": 3}
        for metric in metrics
    ]


def table(rows: list[dict[str, Any]]) -> pa.Table:
    texts = [(name, pa.string()) for name in ("gpu", "metric", "host", "source", "mode")]
    times = [(name, pa.timestamp("us", "UTC")) for name in ("start", "end")]
    numbers = [(name, pa.float64()) for name in ("avg", "min", "max")]
    return pa.Table.from_pylist(rows, pa.schema([*texts, *times, *numbers, ("count", pa.int64())]))


def told(rows: list[dict[str, Any]], size: int = 100) -> list[tuple[str, Window]]:
    made = messages(pa.Table.from_batches(table(rows).to_batches(max_chunksize=size))).to_pylist()
    return [(each["key"], Window.decode(each["value"])) for each in made]


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("at_once", [10, 20, 10_000])
def test_one_message_per_window(monkeypatch: pytest.MonkeyPatch, size: int, at_once: int) -> None:
    monkeypatch.setattr(window_messages, "AT_ONCE", at_once)
    keys = [(gpu, BEGIN + number * LENGTH) for gpu in ("a:0", "b:0") for number in range(4)]
    rows = [row for gpu, start in keys for row in rows_of(gpu, start, start + LENGTH, None, "gpu_load", "odd one")]
    found = told(random.Random(size).sample(rows, len(rows)), size)
    assert [(key, each.start) for key, each in found] == [
        (gpu, start.strftime("%Y-%m-%dT%H:%M:%S.000Z")) for gpu, start in keys
    ]
    for key, each in found:
        assert each.gpu == key
        assert (each.host, each.source, each.mode, each.readings) == ("pc", "nvml", "live", 3)
        assert {name: tuple(value) for name, value in each.metrics.items()} == {
            "gpu_load": tuple({"avg": 1.5, "min": 1.0, "max": 2.0, "count": 3}.items()),
            "odd one": tuple({"avg": 1.5, "min": 1.0, "max": 2.0, "count": 3}.items()),
        }


def test_at_the_ends_of_time() -> None:
    """As Arrow can say them, and a Python datetime cannot."""
    rows = table(rows_of("a:0", BEGIN, BEGIN + LENGTH, None, "gpu_load"))
    for start, end in ((-62_135_596_800_000_000 - 20_000_000, -62_135_596_800_000_000), (253_402_300_770_000_000,) * 2):
        shifted = rows.set_column(5, "start", pa.array([start] * 2).cast(pa.timestamp("us", "UTC")))
        shifted = shifted.set_column(6, "end", pa.array([end + 30_000_000] * 2).cast(pa.timestamp("us", "UTC")))
        (message,) = messages(shifted).to_pylist()
        Window.decode(message["value"])


def test_nothing_comes_of_nothing() -> None:
    assert len(messages(table([]))) == 0
