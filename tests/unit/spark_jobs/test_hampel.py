"""Medians of counted values are those of the values, and what is far from them is told by metric and band."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.transforms import hampel

GROUPS = st.lists(
    st.dictionaries(st.floats(-1e6, 1e6), st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=4
)


@given(GROUPS)
def test_medians_of_counted_values(groups: list[dict[float, int]]) -> None:
    rows = [(number, value, times) for number, group in enumerate(groups) for value, times in group.items()]
    place, value, times = (np.array(column) for column in zip(*rows, strict=True))
    wanted = [np.median(np.repeat(list(each), list(each.values()))) for each in groups]
    assert hampel.medians(place, value, times).tolist() == pytest.approx(wanted)


def test_what_is_far_is_told_by_band_and_metric() -> None:
    rows = [
        # band, metric, value, times
        ("busy", "heat", 60.0, 90), ("busy", "heat", 70.0, 10),
        ("idle", "heat", 30.0, 1), ("idle", "heat", 34.0, 1),
        ("busy", "spot", 80.0, 5),
    ]  # fmt: skip
    columns = zip(*rows, strict=True)
    names = ("band", "metric", "value", "times")
    table = {"gpu": ["a:0"] * len(rows)} | {name: list(each) for name, each in zip(names, columns, strict=True)}
    told = {(row["band"], row["metric"]): row["beyond"] for row in hampel.bounds(pa.table(table)).to_pylist()}
    # A deviation of 0 counts as a degree; one of 2 as 1.4826 times as much.
    assert told == {
        ("busy", "heat"): 65.0,
        ("idle", "heat"): pytest.approx(32 + 5 * 1.4826 * 2),
        ("busy", "spot"): 85.0,
    }
