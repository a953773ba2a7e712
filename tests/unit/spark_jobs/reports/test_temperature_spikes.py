"""The report temperature_spikes equals pandas on the same readings, and knows the limit of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.reports import temperature_spikes
from support.lake_day import CATALOGUE, MEASURED, assert_same, readings, ticking, to_spark
from support.usual_interval import paces
from telemetry.detection import LOWEST_LOAD

METRICS = ("gpu_temperature", "hot_spot_temperature", *MEASURED[1:])


def heated() -> pd.DataFrame:
    """A climb above the limit, one above the usual, and a rest of 10 s, then of 11 s, within one."""
    frame = readings(rows=1500)
    frame["hot_spot_temperature"] = frame.gpu_temperature + 8
    of_first = frame[frame.gpu == "desk:0"].index
    frame.loc[of_first[300:330], "gpu_temperature"] = 93.0
    frame.loc[of_first[310], "gpu_temperature"] = 50.0
    frame.loc[of_first[700:720], "hot_spot_temperature"] += 40
    frame.loc[frame[frame.gpu == "demo-01:0"].index[5:9], "hot_spot_temperature"] = 104.0
    steady = frame[frame.gpu == "desk:1"].index
    frame.loc[steady, "time"] = frame.time[steady[0]] + pd.to_timedelta(np.arange(len(steady)), unit="s")
    frame.loc[steady, "gpu_temperature"] = 60.0
    for begin, end in ((100, 105), (114, 120), (131, 140)):
        frame.loc[steady[begin:end], "gpu_temperature"] = 66.0
    frame.loc[steady[200:210], "gpu_temperature"] = 65.0  # not further than five times a degree
    return frame


def spikes(frame: pd.DataFrame) -> pd.DataFrame:
    found: list[dict[str, Any]] = []
    longest = {whose: found.longest for whose, found in paces(frame).items()}
    names, edges = list(LOWEST_LOAD), [*LOWEST_LOAD.values(), np.inf]
    frame = frame.assign(band=pd.cut(frame.gpu_load, edges, right=False, labels=names).astype(str)).sort_values("time")
    for metric in ("gpu_temperature", "hot_spot_temperature"):
        limits = CATALOGUE[metric].limits
        assert limits is not None
        assert limits.warning is not None
        warning = limits.warning
        for gpu, each in frame.dropna(subset=metric).groupby("gpu"):
            beyond = each.groupby("band")[metric].transform(usual_end)
            value = each[metric]
            hot = each[(value > warning) | (value > beyond)]
            bridged = pd.Series([longest[str(gpu), source] for source in hot.source], hot.index)
            absent = pd.concat([bridged, bridged.shift()], axis=1).max(axis=1)
            run = (hot.time.diff().dt.total_seconds() > absent).cumsum()
            for _, spike in hot.groupby(run):
                over = spike[metric] > warning
                broken = np.where(
                    over & (spike[metric] > beyond[spike.index]),
                    np.minimum(warning, beyond[spike.index]),
                    np.where(over, warning, beyond[spike.index]),
                )
                found.append(
                    {
                        "gpu": gpu,
                        "host": spike.host.iloc[0],
                        "demo": spike.host.iloc[0].startswith("demo-"),
                        "metric": metric,
                        "start": spike.time.min().tz_localize(None),
                        "end": spike.time.max().tz_localize(None),
                        "seconds": (spike.time.max() - spike.time.min()).total_seconds(),
                        "readings": len(spike),
                        "peak": spike[metric].max(),
                        "threshold": broken.min(),
                        "cause": "limit" if over.any() else "load",
                    }
                )
    return pd.DataFrame(found)


def usual_end(values: pd.Series[float]) -> float:
    deviation = (values - values.median()).abs().median()
    return float(values.median() + 5 * max(1.4826 * deviation, 1.0))


def intervals(spark: SparkSession, frame: pd.DataFrame) -> DataFrame:
    """As the daily statistics have them."""
    found = [(gpu, source, each.interval) for (gpu, source), each in paces(frame).items() if each.interval]
    return spark.createDataFrame(found, "gpu string, source string, interval double")


def made(spark: SparkSession, frame: pd.DataFrame, metrics: Sequence[str]) -> DataFrame:
    return temperature_spikes.rows(to_spark(spark, frame), metrics, CATALOGUE, intervals(spark, frame))


def test_spikes_equal_pandas(spark: SparkSession) -> None:
    frame = heated()
    wanted = spikes(frame)
    assert_same(made(spark, frame, METRICS), wanted, ["gpu", "metric", "start"])
    first = wanted[(wanted.gpu == "desk:0") & (wanted.peak == 93.0)]
    assert set(first.cause) == {"limit"}
    # A rest of 10 s is bridged, 11 s are not, and 65 is not far enough from 60.
    assert list(wanted[(wanted.gpu == "desk:1") & (wanted.metric == "gpu_temperature")].seconds) == [19.0, 8.0]


def test_processor_is_judged_by_its_limit_alone(spark: SparkSession) -> None:
    frame = readings(rows=400).assign(cpu_temperature=45.0, gpu_load=50.0)
    frame.loc[100:103, "cpu_temperature"] = 70.0
    frame.loc[200:203, "cpu_temperature"] = 81.0
    rows = made(spark, frame, ("cpu_temperature", "gpu_load")).collect()
    assert [(row["gpu"], row["peak"], row["cause"]) for row in rows] == [("desk:0", 81.0, "limit")]


def test_day_without_temperatures_has_no_spikes(spark: SparkSession) -> None:
    assert made(spark, readings(rows=10), ("gpu_load",)).collect() == []


def test_heat_of_an_hour_is_one_spike_at_any_interval_and_an_absence_ends_it(spark: SparkSession) -> None:
    beats = np.arange(241) * 15.0 + np.random.default_rng(4).uniform(0, 0.02, 241)
    beats[120:] += 7200
    quick = np.arange(0, 1200, 1.0)
    # Of a source that tells each second, 15 s are a rest as they were.
    quick = quick[(quick < 300) | (quick >= 315)]
    frames = [
        ticking(beats, "desk:0", gpu_temperature=99.0, gpu_load=50.0),
        ticking(quick, "desk:1", "nvml", gpu_temperature=99.0, gpu_load=50.0),
    ]
    frame = pd.concat(frames, ignore_index=True)
    rows = made(spark, frame, ("gpu_temperature", "gpu_load"))
    assert_same(rows, spikes(frame.assign(hot_spot_temperature=np.nan)), ["gpu", "metric", "start"])
    found = sorted((row["gpu"], row["readings"]) for row in rows.collect())
    assert found == [("desk:0", 120), ("desk:0", 121), ("desk:1", 300), ("desk:1", 885)]
