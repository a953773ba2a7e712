"""What is usual between the readings of a source equals plain Python, and how long a step is no absence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.transforms.usual_interval import Moments, Usual, longest_gap
from support.usual_interval import pace

BEGIN = 1_700_000_000_000_000
MILLISECOND = 1000


@given(st.lists(st.sampled_from([0, 1, 5, 6, 400, 1000, 1001, 2500, 60_000]), min_size=1, max_size=60))
def test_usual_is_that_of_plain_python(steps: list[int]) -> None:
    times = BEGIN + np.cumsum(steps) * MILLISECOND
    found, wanted = Usual.of(Moments.of(times)), pace(pd.Timestamp(time, unit="us") for time in times)
    if found is None:
        assert wanted.step is None
    else:
        assert found.step == wanted.step
        assert found.interval == pytest.approx(wanted.interval)


@pytest.mark.parametrize(
    ("interval", "gap"), [(None, 10.0), (0.1, 10.0), (1.0, 10.0), (4.0, 10.0), (10.0, 25.0), (60.0, 150.0)]
)
def test_one_lost_reading_is_no_absence_and_neither_are_ten_seconds(interval: float | None, gap: float) -> None:
    assert longest_gap(interval) == gap


def test_too_few_readings_have_no_usual_interval() -> None:
    days = np.arange(5) * 86_400_000_000
    assert Usual.of(Moments.of(BEGIN + days)) is None
    assert Usual.of(Moments.of(np.full(100, BEGIN))) is None
