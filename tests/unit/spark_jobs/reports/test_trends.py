"""The report trends equals least squares with numpy on the same windows: each (GPU, band) has a level of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from spark_jobs.days import Days
from spark_jobs.reports import trends
from spark_jobs.transforms.loaded_windows import compared
from support.lake_day import CATALOGUE, assert_same, with_all

from .windows_of import LAST, loaded, to_spark, windows

ZONE = "America/New_York"
KEY = ["gpu", "host", "demo", "metric"]
METRICS = ("gpu_temperature", "gpu_clock")


def fitted(rows: pd.DataFrame, along: pd.Series[Any]) -> float | None:
    """The coefficient of ``along`` in a regression with a dummy per group; None where nothing tells it."""
    groups = pd.get_dummies(rows.card + rows.band, dtype=float)
    design = np.column_stack([along.astype(float), groups])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    return float(np.linalg.lstsq(design, rows["avg"], rcond=None)[0][0])


def expected(frame: pd.DataFrame) -> pd.DataFrame:
    local = frame.start.dt.tz_convert(ZONE)
    frame = frame.assign(age=[(LAST - each.date()).days for each in local], card=frame.gpu)
    frame = frame[(frame.age >= 0) & (frame.age <= trends.LOOKS_BACK)]
    days = (frame.start - frame.start.max()).dt.total_seconds() / 86_400
    made = []
    for key, each in with_all(loaded(frame.assign(t=days), METRICS)).groupby(KEY):
        if not (each.age == 0).any():
            continue
        row = dict(zip(KEY, key, strict=True))
        for period in trends.PERIODS:
            now = each[each.age < period]
            both = each[each.age < 2 * period]
            row |= {
                f"days_{period}": now.age.nunique(),
                f"windows_{period}": len(now),
                f"avg_{period}": now["avg"].mean(),
                f"slope_{period}": fitted(now, now.t) if now.age.nunique() >= 3 else None,
                f"change_{period}": fitted(both, both.age < period),
            }
        made.append(row)
    return pd.DataFrame(made)


def test_trends_equal_least_squares(spark: SparkSession) -> None:
    frame = windows()
    wanted = expected(frame)
    rows = trends.rows(to_spark(spark, frame), compared(CATALOGUE), LAST, Days(ZONE))
    assert_same(rows, wanted, KEY)
    temperature = wanted[wanted.metric == "gpu_temperature"].set_index("gpu")
    # The card that drifts by 0.3 a day, and the one that is only busier.
    assert temperature.slope_30["desk:0"] == pytest.approx(0.3, abs=0.05)
    assert abs(temperature.slope_30["desk:1"]) < 0.1 < (temperature.avg_7 - temperature.avg_30)["desk:1"]
    assert temperature.days_30["demo-01:0"] < trends.LEAST_DAYS
