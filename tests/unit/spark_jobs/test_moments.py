"""How two columns go together, in parts: put together they are what numpy makes of the whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from spark_jobs.transforms import moments
from spark_jobs.transforms.columnar import AT_ONCE
from spark_jobs.transforms.other_sensors import MORE

KEYS = ("gpu", "host", "demo")
ROWS = 2 * AT_ONCE + 100


def batches(columns: dict[str, pa.Array], more: list[list[tuple[str, float]] | None] | None = None) -> pa.Table:
    count = len(next(iter(columns.values())))
    table = {"gpu": pa.array(["a:0"] * count), "host": pa.array(["a"] * count), "demo": pa.array([False] * count)}
    others = pa.array(more or [None] * count, pa.map_(pa.string(), pa.float64()))
    return pa.table(table | columns | {MORE: others})


def merged(
    table: pa.Table, metrics: tuple[str, ...], beside: tuple[str, ...]
) -> dict[tuple[str, str], dict[str, float]]:
    parts = pa.Table.from_batches(list(moments.Pairs(metrics, KEYS, beside)(iter(table.to_batches(10_000)))))
    rows = moments.together(parts).to_pylist()
    found = {(row["metric"], row["beside"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def pearson(row: dict[str, float]) -> float:
    return row["products"] / float(np.sqrt(row["squares"] * row["squares_beside"]))


@pytest.fixture
def noise() -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).normal(size=(2, ROWS))


def test_chunks_put_together_are_the_whole_far_from_zero(noise: npt.NDArray[np.float64]) -> None:
    """A drift, so that no chunk is like another, and an offset that sums of products would not survive."""
    load = 1e9 + noise[0] + np.linspace(0, 5, ROWS)
    heat = 1e9 + 0.5 * noise[0] + noise[1] + np.linspace(0, 9, ROWS)
    missing = noise[1] > 1
    table = batches({"load": pa.array(load), "heat": pa.array(heat, mask=missing)})
    row = merged(table, ("load", "heat"), ("load",))["heat", "load"]
    assert row["readings"] == row["n"] == (~missing).sum()
    assert pearson(row) == pytest.approx(np.corrcoef(load[~missing], heat[~missing])[0, 1], rel=1e-6)
    assert row["mean"] == pytest.approx(heat[~missing].mean(), rel=1e-14)


def test_what_stands_still_has_no_deviation_at_all(noise: npt.NDArray[np.float64]) -> None:
    table = batches({"load": pa.array(noise[0]), "fan": pa.array(np.full(ROWS, 0.1))})
    row = merged(table, ("load", "fan"), ("load",))["fan", "load"]
    assert (row["squares"], row["products"], row["mean"]) == (0, 0, 0.1)


def test_a_metric_beside_itself_has_its_readings_and_no_pair(noise: npt.NDArray[np.float64]) -> None:
    row = merged(batches({"load": pa.array(noise[0])}), ("load",), ("load",))["load", "load"]
    assert (row["readings"], row["n"], row["squares"]) == (ROWS, 0, 0)


def test_a_sensor_that_the_catalogue_does_not_know_is_compared(noise: npt.NDArray[np.float64]) -> None:
    load, other = noise[:, :40]
    more = [[("Odd", value)] if number % 4 else None for number, value in enumerate(other.tolist())]
    found = merged(batches({"load": pa.array(load)}, more), ("load",), ("load",))
    there = np.arange(40) % 4 > 0
    assert found["Odd", "load"]["readings"] == there.sum()
    assert pearson(found["Odd", "load"]) == pytest.approx(np.corrcoef(load[there], other[there])[0, 1])


def test_nothing_is_made_of_nothing() -> None:
    empty = batches({"load": pa.array([], pa.float64())})
    assert list(moments.Pairs(("load",), KEYS, ("load",))(iter(empty.to_batches()))) == []
