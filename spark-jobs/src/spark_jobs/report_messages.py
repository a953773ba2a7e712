"""Rows of a report as Kafka's ``key`` and ``value`` (telemetry.messages.ReportRow)."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.days import Days
from spark_jobs.reports.report import Report
from telemetry.timestamp import format_time


def messages(report: Report, rows: DataFrame, day: date, days: Days) -> DataFrame:
    """One per row; what is null in it, or no finite number, is absent."""
    pairs = [part for name in report.numbers for part in (F.lit(name), F.col(name).cast("double"))]
    values = F.map_concat(F.create_map(*pairs), *(_named(name) for name in report.maps))
    metric = F.col("metric") if "metric" in rows.columns else F.lit(None).cast("string")
    message = F.struct(
        F.lit(1).alias("schema"),
        F.lit(report.name).alias("report"),
        F.lit(day.isoformat()).alias("date"),
        F.lit(format_time(days.bounds(day).begin)).alias("day_start"),
        (instant(report.time) if report.time else F.lit(None).cast("string")).alias("time"),
        "gpu",
        "host",
        "demo",
        metric.alias("metric"),
        F.map_filter(values, lambda _, value: _is_finite(value)).alias("values"),
    )
    return rows.select(F.col("gpu").alias("key"), F.to_json(message).alias("value"))


def _named(column: str) -> Column:
    prefix = F.lit(f"{column}_")
    return F.transform_values(
        F.transform_keys(column, lambda key, _: F.concat(prefix, key)), lambda _, value: value.cast("double")
    )


def _is_finite(value: Column) -> Column:
    return value.isNotNull() & ~F.isnan(value) & (F.abs(value) != float("inf"))


def instant(name: str) -> Column:
    """A column of times as the text that every message has."""
    return F.date_format(name, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
