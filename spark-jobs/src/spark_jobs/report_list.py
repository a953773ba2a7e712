"""All reports, in the order in which they are made: a report is added by its file in reports/ and its entry here."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.reports import (
    baselines,
    correlations,
    daily_statistics,
    data_quality,
    decisions,
    failure_risk,
    failures,
    hourly_patterns,
    summary,
    temperature_spikes,
    trends,
)
from spark_jobs.reports.report import FOR_EVER, Day, Report
from spark_jobs.risk import lake_digests
from spark_jobs.risk.features import LOOKS_BACK
from spark_jobs.transforms.enrich import MEASURES, enriched
from spark_jobs.transforms.loaded_windows import compared
from spark_jobs.transforms.metrics import models
from telemetry import topics

_TREND_NUMBERS = tuple(
    f"{name}_{period}" for period in trends.PERIODS for name in ("days", "windows", "avg", "slope", "change")
)


def _failure_risk(day: Day) -> DataFrame:
    spark = day.readings.sparkSession
    if day.risk_model is None:
        return failure_risk.rows(spark, None, (), day.date, (), {})
    before = day.stored(failures.NAME, LOOKS_BACK)
    own = day.rows_of(failures.NAME)
    return failure_risk.rows(
        spark,
        day.risk_model,
        lake_digests.daily(day.windows(LOOKS_BACK), day.days, day.catalogue),
        day.date,
        lake_digests.failures(own if before is None else own.unionByName(before), day.days),
        models(day.readings),
    )


REPORTS = (
    Report(
        daily_statistics.NAME,
        lambda day: daily_statistics.rows(
            enriched(day.readings, day.catalogue),
            (*day.metrics, *MEASURES),
            day.catalogue,
            day.settings.energy_price_per_kwh,
            day.anomalies,
        ),
        numbers=(
            *("readings", "avg", "min", "max", "stddev", "p95"),
            *("energy_kwh", "cost", "throttled_minutes", "anomalies"),
        ),
    ),
    Report(
        hourly_patterns.NAME,
        lambda day: hourly_patterns.rows(day.readings, day.metrics, day.days),
        numbers=("hour", "readings", "avg", "min", "max"),
        time="start",
    ),
    Report(
        temperature_spikes.NAME,
        lambda day: temperature_spikes.rows(
            day.readings,
            day.metrics,
            day.catalogue,
            daily_statistics.intervals(day.rows_of(daily_statistics.NAME)),
        ),
        numbers=("seconds", "readings", "peak", "threshold"),
        time="start",
    ),
    Report(
        correlations.NAME,
        lambda day: correlations.rows(day.readings, day.metrics),
        numbers=("readings", *(f"with_{name}" for name in correlations.WITH)),
    ),
    Report(
        data_quality.NAME,
        lambda day: data_quality.rows(day.readings, day.copies, day.rejected, day.rejected_since, day.days),
        numbers=("interval", "readings", "missing", "late", "duplicated", "rejected"),
        maps=("flagged",),
        time="start",
    ),
    Report(
        trends.NAME,
        lambda day: trends.rows(day.windows(trends.LOOKS_BACK), compared(day.catalogue), day.date, day.days),
        looks_back=trends.LOOKS_BACK,
        numbers=_TREND_NUMBERS,
    ),
    Report(
        summary.NAME,
        lambda day: summary.rows(
            *(
                day.rows_of(name)
                for name in (daily_statistics.NAME, temperature_spikes.NAME, trends.NAME, data_quality.NAME)
            )
        ),
        looks_back=trends.LOOKS_BACK,
        numbers=(
            *("readings", "hours", "avg_load", "avg_temperature", "max_temperature", "energy_kwh", "cost"),
            *("throttled_minutes", "spikes", "anomalies", "missing", "flagged", "duplicated", "late", "rejected"),
            "temperature_slope_7",
        ),
    ),
    Report(failures.NAME, lambda day: failures.rows(day.events, day.stored(failures.NAME))),
    Report(
        failure_risk.NAME,
        # Looks back, but what was said of a day stays said, whatever comes late of the days before.
        _failure_risk,
        told=failure_risk.told,
        topic=topics.GPU_PREDICTIONS,
    ),
    Report(
        decisions.NAME,
        lambda day: decisions.rows(day.readings, day.rows_of(failure_risk.NAME), day.catalogue, day.economics),
        told=decisions.told,
        topic=topics.GPU_DECISIONS,
    ),
    Report(
        baselines.NAME,
        lambda day: baselines.rows(day.windows(FOR_EVER), compared(day.catalogue)),
        looks_back=FOR_EVER,
    ),
)
