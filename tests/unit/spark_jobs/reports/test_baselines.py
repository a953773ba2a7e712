"""The report baselines equals pandas on the same windows, and keeps what is known of a card that is away."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import SparkSession

from spark_jobs.reports import baselines
from spark_jobs.transforms.loaded_windows import compared
from support.lake_day import CATALOGUE, assert_same

from .windows_of import loaded, to_spark, windows

KEY = ["gpu", "host", "demo", "metric", "band"]


def expected(frame: pd.DataFrame) -> pd.DataFrame:
    last = frame.groupby("gpu").start.transform("max")
    recent = loaded(frame[frame.start > last - pd.Timedelta(days=30)], ("gpu_temperature", "gpu_clock"))
    groups = recent.groupby(KEY)["avg"]
    made = groups.agg(windows="count", median="median", mad=lambda each: (each - each.median()).abs().median())
    return made.reset_index()


def test_baselines_equal_pandas(spark: SparkSession) -> None:
    frame = windows()
    rows = baselines.rows(to_spark(spark, frame), compared(CATALOGUE))
    assert rows.columns == ["gpu", "host", "demo", "metric", "band", "windows", "median", "mad"]
    assert_same(rows, expected(frame), KEY)


def test_card_that_is_away_is_known_by_its_own_last_month(spark: SparkSession) -> None:
    frame = windows()
    away = frame[(frame.gpu != "desk:0") | (frame.start < pd.Timestamp("2026-10-05T00:00:00Z"))]
    wanted = expected(away)
    assert wanted[wanted.gpu == "desk:0"].windows.sum() > 500
    assert_same(baselines.rows(to_spark(spark, away), compared(CATALOGUE)), wanted, KEY)


def test_compared_is_what_the_card_itself_shows() -> None:
    names = compared(CATALOGUE)
    assert {"gpu_temperature", "board_power_draw", "fan1_speed_percent", "gpu_clock"} <= set(names)
    assert not {"cpu_temperature", "gpu_load", "gpu_voltage"} & set(names)
