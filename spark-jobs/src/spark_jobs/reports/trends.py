"""The report ``trends``: how a metric of a GPU drifts at equal load, over 7 and over 30 days.

Both numbers are least squares with an effect of its own for each (GPU, band of load), the "within" estimator (W. H.
Greene, Econometric Analysis, fixed effects): a card that was busier this week is not hotter for that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.days import Days
from spark_jobs.transforms.loaded_windows import beside_load
from spark_jobs.transforms.metrics import with_all

NAME = "trends"
PERIODS = (7, 30)
LOOKS_BACK = 2 * max(PERIODS) - 1
LEAST_DAYS = 3
"""A slope through fewer days is the weather."""
_KEY = ("gpu", "host", "demo", "metric")
_DAY_SECONDS = 86_400.0


def rows(windows: DataFrame, metrics: Sequence[str], day: date, days: Days) -> DataFrame:
    """The rows of ``day``, of ``windows`` (:data:`spark_jobs.schema.WINDOWS`) of ``day`` and the LOOKS_BACK days before
    it; ``metrics`` are those that are compared.

    Columns: gpu, host, demo, metric, and for P in PERIODS: days_P (with a window), windows_P, avg_P, slope_P (of the
    metric's unit per day), change_P (this period against the P days before it).
    """
    ages = beside_load(windows, metrics).withColumns(
        {
            "age": F.date_diff(F.lit(day.isoformat()).cast("date"), days.day_of("start")),
            # From the end of the day: differences of great numbers would cost digits.
            "t": (F.unix_micros("start") - days.bounds(day).end) / 1e6 / _DAY_SECONDS,
            "card": F.col("gpu"),
        }
    )
    parts = [part for period in PERIODS for part in _of_group(period)]
    groups = with_all(ages).groupBy(*_KEY, "card", "band").agg(F.min("age").alias("youngest"), *parts)
    wholes = [whole for period in PERIODS for whole in _of_metric(period)]
    made = groups.groupBy(*_KEY).agg(F.min("youngest").alias("youngest"), *wholes)
    return made.filter(F.col("youngest") == 0).drop("youngest")


def _of_group(period: int) -> list[Column]:
    """What is summed over the groups: of the slope n S_ty and n S_tt, of the change the means of both periods."""
    now = F.col("age") < period
    before = (F.col("age") >= period) & (F.col("age") < 2 * period)
    t, value, old = F.when(now, F.col("t")), F.when(now, F.col("avg")), F.when(before, F.col("avg"))
    return [
        F.count(value).alias(f"n_{period}"),
        F.sum(value).alias(f"sum_{period}"),
        (F.covar_pop(t, value) * F.count(value)).alias(f"s_ty_{period}"),
        (F.var_pop(t) * F.count(value)).alias(f"s_tt_{period}"),
        F.collect_set(F.when(now, F.col("age"))).alias(f"ages_{period}"),
        (F.avg(value) - F.avg(old)).alias(f"step_{period}"),
        F.try_divide(F.count(value) * F.count(old), F.count(value) + F.count(old)).alias(f"weight_{period}"),
    ]


def _of_metric(period: int) -> list[Column]:
    windows, total, step, weight = (F.col(f"{name}_{period}") for name in ("n", "sum", "step", "weight"))
    days = F.size(F.array_distinct(F.flatten(F.collect_list(f"ages_{period}"))))
    slope = _ratio(F.sum(f"s_ty_{period}"), F.sum(f"s_tt_{period}"))
    return [
        days.alias(f"days_{period}"),
        F.sum(windows).alias(f"windows_{period}"),
        F.try_divide(F.sum(total), F.sum(windows)).alias(f"avg_{period}"),
        F.when(days >= LEAST_DAYS, slope).alias(f"slope_{period}"),
        _ratio(F.sum(weight * step), F.sum(weight)).alias(f"change_{period}"),
    ]


def _ratio(above: Column, below: Column) -> Column:
    return F.when(below > 0, F.try_divide(above, below))
