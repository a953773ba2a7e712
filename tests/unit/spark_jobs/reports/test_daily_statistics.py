"""The report daily_statistics equals pandas on the same readings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_jobs.reports import daily_statistics
from support.lake_day import BEGIN, CATALOGUE, MEASURED, assert_same, long, readings, to_spark, with_all

PRICE = 0.42
KEY = ["gpu", "host", "demo", "metric"]
WORDS = CATALOGUE["perfcap_reason"].bits
HELD_BACK = CATALOGUE["perfcap_reason"].throttling


def statistics(frame: pd.DataFrame) -> pd.DataFrame:
    values = long(with_all(frame), "gpu", "host", "demo").groupby(KEY).value
    made = values.agg(readings="count", avg="mean", min="min", max="max", stddev="std").reset_index()
    return made.merge(values.quantile(0.95).rename("p95").reset_index(), on=KEY)


def wholes(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for gpu, each in frame.sort_values("time").groupby("gpu"):
        gap = each.time.diff().dt.total_seconds()
        seconds = gap.where(gap <= 10, 0.0)
        power = each.board_power_draw.fillna(each.gpu_power)
        joules = ((power + power.shift()) / 2 * seconds).sum()
        mask = each.perfcap_reason.astype(int)
        minutes = {text: seconds[mask & bit > 0].sum() / 60 for bit, text in WORDS.items() if (mask & bit > 0).any()}
        rows.append(
            {
                "gpu": gpu,
                "host": each.host.iloc[0],
                "demo": each.host.iloc[0].startswith("demo-"),
                "metric": None,
                "readings": len(each),
                "energy_kwh": joules / 3.6e6,
                "cost": joules / 3.6e6 * PRICE,
                "minutes_by_throttle_reason": minutes,
                "throttled_minutes": seconds[mask & sum(HELD_BACK) > 0].sum() / 60,
            }
        )
    made = pd.DataFrame(rows)
    total = made[~made.demo][["readings", "energy_kwh", "cost", "throttled_minutes"]].sum()
    return pd.concat([made, pd.DataFrame([{"gpu": "all", "host": "all", "demo": False, "metric": None, **total}])])


def test_statistics_energy_cost_and_throttling_equal_pandas(spark: SparkSession) -> None:
    frame = readings()
    rows = daily_statistics.rows(to_spark(spark, frame), MEASURED, CATALOGUE, PRICE)
    wanted = statistics(frame).assign(energy_kwh=np.nan, cost=np.nan)
    assert_same(
        rows.filter("metric is not null"),
        wanted.assign(minutes_by_throttle_reason=None, throttled_minutes=np.nan, anomalies=None),
        KEY,
    )
    absent = dict.fromkeys(("avg", "min", "max", "stddev", "p95", "anomalies"))
    without = ["minutes_by_throttle_reason"]
    whole = rows.filter("metric is null")
    wanted = wholes(frame).assign(**absent)
    assert_same(whole.drop(*without), wanted.drop(columns=without), ["gpu"])
    found = {row["gpu"]: row["minutes_by_throttle_reason"] for row in whole.collect()}
    assert found.pop("all") is None
    for gpu, minutes in wanted.set_index("gpu").minutes_by_throttle_reason.drop("all").items():
        assert found[gpu] == pytest.approx(minutes), gpu


def test_anomalies_are_counted_once_each_and_those_of_the_demonstration_apart(spark: SparkSession) -> None:
    frame = readings(rows=20)
    anomalies = [
        ("a", "desk:0", "gpu_temperature"),
        ("a", "desk:0", "gpu_temperature"),  # began, and ended
        ("b", "desk:0", "fan1_speed_percent"),
        ("c", "desk:1", "gpu_temperature"),
        ("d", "demo-01:0", "gpu_temperature"),
    ]
    table = pd.DataFrame(anomalies, columns=["id", "gpu", "metric"]).assign(start=BEGIN)
    table["host"] = table.gpu.str.split(":").str[0]
    rows = daily_statistics.rows(
        to_spark(spark, frame),
        MEASURED,
        CATALOGUE,
        PRICE,
        spark.createDataFrame(pa.Table.from_pandas(table, preserve_index=False)),
    ).collect()
    found = {(row["gpu"], row["metric"]): row["anomalies"] for row in rows}
    assert {key: count for key, count in found.items() if count} == {
        ("desk:0", None): 2, ("desk:1", None): 1, ("demo-01:0", None): 1, ("all", None): 3,
        ("desk:0", "gpu_temperature"): 1, ("desk:0", "fan1_speed_percent"): 1, ("desk:1", "gpu_temperature"): 1,
        ("demo-01:0", "gpu_temperature"): 1, ("all", "gpu_temperature"): 2, ("all", "fan1_speed_percent"): 1,
    }  # fmt: skip
    assert None not in found.values()
