"""The report daily_statistics equals pandas on the same readings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import Row, SparkSession

from spark_jobs.reports import daily_statistics
from support.lake_day import BEGIN, CATALOGUE, MEASURED, assert_same, long, readings, ticking, to_spark, with_all
from support.usual_interval import paces

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
    known = paces(frame)
    for gpu, each in frame.sort_values("time").groupby("gpu"):
        gap = each.time.diff().dt.total_seconds()
        bridged = each.source.map({source: found.longest for (of, source), found in known.items() if of == gpu})
        seconds = gap.where((gap <= bridged) | (gap <= bridged.shift()), 0.0)
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
                "interval_by_source": {source: found.interval for (of, source), found in known.items() if of == gpu},
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
        wanted.assign(
            minutes_by_throttle_reason=None, throttled_minutes=np.nan, interval_by_source=None, anomalies=None
        ),
        KEY,
    )
    absent = dict.fromkeys(("avg", "min", "max", "stddev", "p95", "anomalies"))
    without = ["minutes_by_throttle_reason", "interval_by_source"]
    whole = rows.filter("metric is null")
    wanted = wholes(frame).assign(**absent)
    assert_same(whole.drop(*without), wanted.drop(columns=without), ["gpu"])
    for name in without:
        found = {row["gpu"]: row[name] for row in whole.collect()}
        assert found.pop("all") is None
        for gpu, numbers in wanted.set_index("gpu")[name].drop("all").items():
            assert found[gpu] == pytest.approx(numbers), gpu


def whole(spark: SparkSession, *frames: pd.DataFrame) -> Row:
    """The row of the GPU desk:0."""
    frame = to_spark(spark, pd.concat(frames, ignore_index=True))
    metrics = ("board_power_draw", "perfcap_reason")
    rows = daily_statistics.rows(frame, metrics, CATALOGUE, PRICE).filter("metric is null and gpu = 'desk:0'")
    (row,) = rows.collect()
    return row


@pytest.mark.parametrize("interval", [1, 10, 15, 60, 300])
def test_energy_and_minutes_are_whole_at_any_interval_and_an_absence_is_none(
    spark: SparkSession, interval: int
) -> None:
    beats = np.arange(200) * interval + np.random.default_rng(4).uniform(0, 0.02, 200)
    beats = np.delete(beats, 50)  # one reading was lost
    off = 8 * 3600.0
    after = np.where(beats > 100 * interval, beats + off, beats)
    watts, limit = 360.0, float(max(HELD_BACK))
    row = whole(spark, ticking(after, board_power_draw=watts, perfcap_reason=limit))
    # The step over the absence is none: the machine was off.
    hours = (after[-1] - after[0] - off - interval) / 3600
    assert row["energy_kwh"] == pytest.approx(watts / 1000 * hours, rel=1e-3)
    assert row["throttled_minutes"] == pytest.approx(hours * 60, rel=1e-3)
    assert row["minutes_by_throttle_reason"] == {WORDS[max(HELD_BACK)]: pytest.approx(hours * 60, rel=1e-3)}
    assert row["interval_by_source"] == {"dcgm": pytest.approx(interval, rel=1e-3)}


def test_two_readings_a_night_apart_have_no_energy_that_anybody_knows(spark: SparkSession) -> None:
    row = whole(spark, ticking([0.0, 28_800.0], board_power_draw=200.0, perfcap_reason=4.0))
    names = ("energy_kwh", "cost", "throttled_minutes", "minutes_by_throttle_reason")
    assert [row[name] for name in names] == [None] * 4
    assert row["interval_by_source"] == {}


def test_each_source_of_a_gpu_has_its_own_interval_and_either_bridges_a_step(spark: SparkSession) -> None:
    fast = ticking(np.arange(0, 600, 1.0), source="nvml", board_power_draw=100.0, perfcap_reason=0.0)
    # dcgm goes on alone.
    slow = ticking(np.arange(0.004, 1800, 30.0), board_power_draw=100.0, perfcap_reason=0.0)
    row = whole(spark, fast, slow)
    assert row["interval_by_source"] == {"nvml": pytest.approx(1.0), "dcgm": pytest.approx(30.0)}
    assert row["energy_kwh"] == pytest.approx(0.1 * 1770.004 / 3600, rel=1e-9)


def test_log_of_half_seconds_is_bridged_as_one_of_seconds(spark: SparkSession) -> None:
    """GPU-Z writes whole seconds, the second row of a second comes 1 ms after the first."""
    times = np.repeat(np.arange(300.0), 2) + np.tile([0, 0.001], 300)
    row = whole(spark, ticking(times[times != 100.0], source="gpuz", board_power_draw=100.0, perfcap_reason=0.0))
    assert row["interval_by_source"] == {"gpuz": pytest.approx(0.5, rel=2e-3)}
    assert row["energy_kwh"] == pytest.approx(0.1 * 299.001 / 3600, rel=1e-9)


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
