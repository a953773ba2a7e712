"""The report hourly_patterns equals pandas on the same readings, also where the clocks change."""

from __future__ import annotations

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from spark_jobs.days import Days
from spark_jobs.reports import hourly_patterns
from support.lake_day import BEGIN, MEASURED, assert_same, long, readings, to_spark, with_all

AUTUMN = pd.Timestamp("2026-10-24T23:40:00Z")
KEY = ["gpu", "host", "demo", "metric", "start", "hour"]


@pytest.mark.parametrize(("begin", "zone"), [(BEGIN, "UTC"), (BEGIN, "Asia/Kathmandu"), (AUTUMN, "Europe/Berlin")])
def test_hours_equal_pandas(spark: SparkSession, begin: pd.Timestamp, zone: str) -> None:
    frame = readings(begin)
    rows = hourly_patterns.rows(to_spark(spark, frame), MEASURED, Days(zone))
    local = frame.time.dt.tz_convert(zone)
    past_the_hour = local - local.dt.tz_localize(None).dt.floor("h").dt.tz_localize(
        zone, ambiguous=local.map(is_summer)
    )
    frame["start"] = (frame.time - past_the_hour).dt.tz_localize(None)
    frame["hour"] = local.dt.hour
    values = long(with_all(frame), *[name for name in KEY if name != "metric"]).groupby(KEY).value
    wanted = values.agg(readings="count", avg="mean", min="min", max="max").reset_index()
    assert_same(rows, wanted, KEY)
    if begin is AUTUMN:
        # Two o'clock came twice.
        twice = wanted[(wanted.gpu == "all") & (wanted.metric == "gpu_load") & (wanted.hour == 2)]
        assert list(twice.start.dt.hour) == [0, 1]


def is_summer(moment: pd.Timestamp) -> bool:
    return bool(moment.dst())
