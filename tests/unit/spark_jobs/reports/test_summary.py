"""The report summary says of a day what the other reports of it say."""

from __future__ import annotations

from pyspark.sql import SparkSession

from spark_jobs.days import Days
from spark_jobs.reports import daily_statistics, data_quality, summary, temperature_spikes, trends
from support.lake_day import CATALOGUE, MEASURED, assert_same, readings, to_spark, with_all

from .windows_of import LAST, windows
from .windows_of import to_spark as windows_to_spark

DAYS = Days("UTC")


def test_summary_equals_pandas(spark: SparkSession) -> None:
    frame = readings(rows=1200)
    hot = frame[frame.gpu == "desk:1"].index
    frame.loc[hot[100:105], "gpu_temperature"] = 99.0
    is_late = (frame.ingested - frame.time).dt.total_seconds() > 300
    frame["is_late"] = is_late & (frame["mode"] == "live")
    table = to_spark(spark, frame).persist()
    empty = "gpu string, host string, time timestamp"
    identities = table.selectExpr("gpu", "host", "time", "1 AS copies")
    drift = trends.rows(windows_to_spark(spark, windows()), ("gpu_temperature",), LAST, DAYS)
    quality = data_quality.rows(table, identities, spark.createDataFrame([], empty), 0, DAYS).persist()
    daily = daily_statistics.rows(table, MEASURED, CATALOGUE, 0.3).persist()
    spikes = temperature_spikes.rows(table, MEASURED, CATALOGUE, daily_statistics.intervals(daily)).persist()
    rows = summary.rows(daily, spikes, drift, quality)

    grouped = with_all(frame).groupby(["gpu", "host", "demo"])
    wanted = grouped.agg(
        readings=("row", "count"),
        avg_load=("gpu_load", "mean"),
        avg_temperature=("gpu_temperature", "mean"),
        max_temperature=("gpu_temperature", "max"),
        hours=("time", lambda each: each.dt.floor("h").nunique()),
        late=("is_late", "sum"),
        flagged=("flags", lambda each: sum(len(flags) for flags in each)),
    ).reset_index()
    real = with_all(spikes.toPandas().drop(columns="demo")).gpu.value_counts()
    wanted["spikes"] = [int(real.get(gpu, 0)) for gpu in wanted.gpu]
    assert wanted.set_index("gpu").spikes["desk:1"] >= 1
    slopes = {row["gpu"]: row["slope_7"] for row in drift.collect() if row["metric"] == "gpu_temperature"}
    wanted["temperature_slope_7"] = wanted.gpu.map(slopes)
    assert wanted.temperature_slope_7.notna().sum() == 3
    whole = daily.filter("metric is null").toPandas().set_index("gpu")
    for name in ("energy_kwh", "cost", "throttled_minutes"):
        wanted[name] = wanted.gpu.map(whole[name])
    missing = quality.groupBy("gpu").sum("missing").toPandas().set_index("gpu")["sum(missing)"]
    wanted["missing"] = wanted.gpu.map(missing)
    assert_same(rows, wanted.assign(duplicated=0, rejected=0, anomalies=None), ["gpu"])
