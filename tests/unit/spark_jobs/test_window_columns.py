"""Windows made column by column are those that a loop over the readings makes, in whatever order these come."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pytest

from spark_jobs import schema
from spark_jobs.transforms.window_columns import Windows
from telemetry.timestamp import SECOND

METRICS = ("temperature", "load", "never")
LENGTH = 30
READINGS: list[dict[str, Any]] = [
    {"gpu": gpu, "time": at, "row": row, "host": host, "source": source, "mode": "live", "more": more}
    | {"temperature": temperature, "load": load, "never": None}
    for row, (gpu, at, host, source, temperature, load, more) in enumerate(
        [
            ("a:0", 0.0, "a", "nvml", 50.0, None, None),
            ("a:0", 0.25, "a", "dcgm", None, 7.0, []),
            ("a:0", 10.0, "a", "nvml", 54.0, 7.0, [("odd", 1.5), ("none", None)]),
            ("b:0", 10.0, "b", "nvml", 1e308, 0.0, [("odd", 9.0)]),
            ("b:0", 29.999, None, "nvml", -1e308, 0.0, None),
            # Two at one time: the row says which came first.
            ("a:0", 30.0, "a", "nvml", 60.0, None, None),
            ("a:0", 30.0, "a", "nvml", 61.0, None, [("odd", -2.0)]),
            ("b:0", 90.0, None, "nvml", None, None, None),
            # Before 1970, when rounding towards zero would be another window.
            ("a:0", -1.0, "a", "nvml", 40.0, 3.0, None),
        ]
    )
]


def table(readings: list[dict[str, Any]]) -> pa.Table:
    microseconds = [round(each["time"] * SECOND) for each in readings]
    starts = [at // (LENGTH * SECOND) * LENGTH * SECOND for at in microseconds]
    texts = {
        name: pa.array([each[name] for each in readings], pa.string()) for name in ("gpu", "host", "source", "mode")
    }
    return pa.table(
        {
            **texts,
            "start": pa.array(starts, pa.timestamp("us", "UTC")),
            "time": pa.array(microseconds, pa.timestamp("us", "UTC")),
            "row": pa.array([each["row"] for each in readings], pa.int64()),
            **{name: pa.array([each[name] for each in readings], pa.float64()) for name in METRICS},
            "more": pa.array([each["more"] for each in readings], pa.map_(pa.string(), pa.float64())),
        }
    )


def expected() -> dict[tuple[str, float, str | None], dict[str, Any]]:
    found: defaultdict[tuple[str, float, str | None], list[tuple[dict[str, Any], float]]] = defaultdict(list)
    for each in READINGS:
        start = each["time"] // LENGTH * LENGTH
        found[each["gpu"], start, None].append((each, 1.0))
        for name, value in (*((name, each[name]) for name in METRICS), *(each["more"] or ())):
            if value is not None:
                found[each["gpu"], start, name].append((each, value))
    return {key: row(key[2], of_window) for key, of_window in found.items()}


def row(metric: str | None, of_window: list[tuple[dict[str, Any], float]]) -> dict[str, Any]:
    values = [value for _, value in of_window]
    pairs = itertools.pairwise(of_window)
    changes = [abs(b - a) / max(later["time"] - earlier["time"], 1.0) for (earlier, a), (later, b) in pairs]
    is_whole = metric is None
    whose = {
        name: max((each[name] for each, _ in of_window if each[name] is not None), default=None)
        for name in ("host", "source", "mode")
    }
    return whose | {
        "avg": None if is_whole else sum(values) / len(values),
        "min": None if is_whole else min(values),
        "max": None if is_whole else max(values),
        "count": len(values),
        "change": max(changes) if metric == "temperature" and changes else None,
    }


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [1, 4, 100])
def test_as_a_loop_makes_them(seed: int, size: int) -> None:
    shuffled = random.Random(seed).sample(READINGS, len(READINGS))
    makes = Windows(schema.WINDOWS.names, METRICS, ["temperature"], LENGTH)
    made = makes.of(pa.Table.from_batches(table(shuffled).to_batches(max_chunksize=size)))
    assert made.column_names == schema.WINDOWS.names
    found = {}
    for each in made.to_pylist():
        start = each.pop("start")
        assert each.pop("date") == start.date()
        assert (each.pop("end") - start).total_seconds() == LENGTH
        found[each.pop("gpu"), start.timestamp(), each.pop("metric")] = each
    assert len(found) == made.num_rows
    assert found == expected()


def test_nothing_comes_of_nothing() -> None:
    assert len(Windows(schema.WINDOWS.names, METRICS, [], LENGTH).of(table([]))) == 0


def test_the_mean_of_values_whose_sum_is_too_large() -> None:
    large = [reading | {"gpu": "c:0", "temperature": 1.7e308, "time": 0.0} for reading in READINGS[:3]]
    makes = Windows(schema.WINDOWS.names, METRICS, [], LENGTH)
    made = makes.of(table(large)).to_pylist()
    assert [each["avg"] for each in made if each["metric"] == "temperature"] == [pytest.approx(1.7e308)]


def test_a_sensor_that_the_catalogue_learnt_of_within_a_window_is_one_metric() -> None:
    """Two rows of one window and metric would end the stream: MERGE takes no two sources for a row."""
    told: list[dict[str, Any]] = [
        {"temperature": 70.0, "time": 10.0, "row": 1, "more": None},
        {"temperature": 60.0, "time": 20.0, "row": 2, "more": None},
        {"temperature": None, "time": 0.0, "row": 0, "more": [("temperature", 50.0)]},
    ]
    readings = [READINGS[0] | each for each in told]
    makes = Windows(schema.WINDOWS.names, METRICS, ["temperature"], LENGTH)
    made = makes.of(table(readings)).to_pylist()
    (found,) = [each for each in made if each["metric"] == "temperature"]
    assert [found[name] for name in ("avg", "min", "max", "count", "change")] == [60.0, 50.0, 70.0, 3, 2.0]
