"""What a metric's values make together is the same however the readings are cut into batches and chunks."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.transforms import columnar, distribution

READINGS = [
    # gpu, temperature, load, what the catalogue does not know
    ("a:0", 50.0, None, None),
    ("a:0", 50.0, 1.0, []),
    ("b:0", None, None, [("odd", 1.5)]),
    ("a:0", 51.5, 1.0, [("odd", 1.5), ("even", None)]),
    ("b:0", 50.0, None, [("even", 2.0), ("odd", 1.5), ("last", -0.5)]),
    ("a:0", None, None, None),
    ("b:0", 50.0, None, [("odd", 2.5)]),
]
METRICS = ("temperature", "load", "never")


def batches(rows: int) -> list[pa.RecordBatch]:
    gpus, temperatures, loads, more = zip(*READINGS, strict=True)
    table = pa.table(
        {
            "gpu": pa.array(gpus),
            "temperature": pa.array(temperatures, pa.float64()),
            "load": pa.array(loads, pa.float64()),
            "never": pa.nulls(len(READINGS), pa.float64()),
            "more": pa.array(more, pa.map_(pa.string(), pa.float64())),
        }
    )
    parts: list[pa.RecordBatch] = table.to_batches(max_chunksize=rows)
    return parts


def values() -> defaultdict[tuple[str, str], list[float]]:
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for gpu, temperature, load, more in READINGS:
        for metric, value in (("temperature", temperature), ("load", load), *(more or ())):
            if value is not None:
                found[gpu, metric].append(value)
    return found


@pytest.mark.parametrize(("rows", "at_once", "pending"), [(1, 1, 0), (2, 3, 2), (3, 2, 100), (100, 100, 100)])
def test_cuts_change_nothing(monkeypatch: pytest.MonkeyPatch, rows: int, at_once: int, pending: int) -> None:
    monkeypatch.setattr(columnar, "AT_ONCE", at_once)
    monkeypatch.setattr(columnar, "PENDING", pending)
    counted: Counter[tuple[str, str, float]] = Counter()
    for part in columnar.Columns(METRICS, ("gpu",), columnar.COUNTED)(iter(batches(rows))):
        for row in part.to_pylist():
            counted[row["gpu"], row["metric"], row["value"]] += row["times"]
    assert counted == Counter((*key, value) for key, each in values().items() for value in each)
    spread = {}
    for part in columnar.Columns(METRICS, ("gpu",), columnar.SPREAD)(iter(batches(rows))):
        for row in part.to_pylist():
            key = (row["gpu"], row["metric"])
            assert key not in spread
            spread[key] = (row["readings"], row["sum"], row["min"], row["max"])
    assert spread == {key: (len(each), sum(each), min(each), max(each)) for key, each in values().items()}


def test_nothing_of_nothing() -> None:
    assert list(columnar.Columns(METRICS, ("gpu",), columnar.COUNTED)(iter(()))) == []


def test_statistics_of_counted_values_equal_those_of_the_values() -> None:
    chance = np.random.default_rng(3)
    raw = {
        "many": np.round(chance.normal(60, 9, 997), 1),
        "two": np.array([1.0, 2.0]),
        "still": np.full(3, 0.1),
    }
    rows = [(metric, value, 1) for metric, each in raw.items() for value in each]
    # A value may come several times, from several workers.
    rows += [(metric, value, 2) for metric, value, _ in rows[::2]]
    metrics, found, times = zip(*(rows[place] for place in chance.permutation(len(rows))), strict=True)
    who = {"gpu": ["a:0"] * len(rows), "host": ["a"] * len(rows), "demo": [False] * len(rows)}
    told = distribution.statistics(pa.table({**who, "metric": metrics, "value": found, "times": times})).to_pylist()
    assert [row["gpu"] for row in told] == ["a:0"] * len(raw)
    for row in told:
        every = np.array([value for metric, value, n in rows if metric == row["metric"] for _ in range(n)])
        assert row["readings"] == len(every)
        assert (row["min"], row["max"]) == (every.min(), every.max())
        assert row["avg"] == pytest.approx(every.mean(), rel=1e-12)
        assert row["stddev"] == pytest.approx(every.std(ddof=1), rel=1e-9, abs=1e-12)
        assert row["p95"] == pytest.approx(np.quantile(every, 0.95), rel=1e-12)
    assert next(row for row in told if row["metric"] == "still")["stddev"] == 0.0
    (single,) = distribution.statistics(
        pa.table({"gpu": ["a:0"], "host": ["a"], "demo": [True], "metric": ["m"], "value": [0.3], "times": [1]})
    ).to_pylist()
    assert (single["avg"], single["stddev"], single["p95"]) == (0.3, None, 0.3)
