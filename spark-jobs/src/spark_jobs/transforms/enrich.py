"""Readings with what follows from them, reading by reading. Never stored: whoever wants it derives it again."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from telemetry.catalogue import Catalogue, Metric

MEASURES = ("hot_spot_delta", "power_of_limit")
"""Those that are numbers of their own, and in the daily statistics beside the metrics that were sent."""
DERIVED = ("hot_spot_delta", "memory_used_percent", "power_of_limit", "throttle_words", "seconds_since_last")


def enriched(readings: DataFrame, catalogue: Catalogue) -> DataFrame:
    """``readings`` (the lake's columns) and DERIVED:

    - ``hot_spot_delta``: hot spot minus core, °C.
    - ``memory_used_percent``: as the source tells it; GPU-Z does not say how much memory there is.
    - ``power_of_limit``: % of the card's own limit as the card tells it; else of the level that the catalogue has for
      this model; null where there is neither.
    - ``throttle_words``: why the hardware holds the clocks back; empty where it does not, null where nobody said.
    - ``seconds_since_last``: since the reading before of the same GPU among those given; null for the first.
    """
    in_order = W.partitionBy("gpu").orderBy("time")
    before = F.lag("time").over(in_order)
    return readings.withColumns(
        {
            "hot_spot_delta": F.col("hot_spot_temperature") - F.col("gpu_temperature"),
            "memory_used_percent": F.col("gpu_memory_used_percent"),
            "power_of_limit": F.coalesce("power_consumption_percent", _of_model(catalogue["board_power_draw"])),
            "throttle_words": throttle_words(catalogue),
            "seconds_since_last": (F.unix_micros("time") - F.unix_micros(before)) / 1_000_000,
        }
    )


def throttle_words(catalogue: Catalogue) -> Column:
    """The words of the throttling bits of every bit mask of the catalogue."""
    masks = [metric for metric in catalogue if metric.throttling]
    said = F.concat(*(_words(metric) for metric in masks))
    known = F.coalesce(*(F.col(metric.name) for metric in masks))
    return F.when(known.isNotNull(), said)


def _words(metric: Metric) -> Column:
    mask = F.coalesce(F.col(metric.name), F.lit(0.0)).cast("long")
    each = (F.when(mask.bitwiseAND(F.lit(bit)) != 0, F.lit(metric.bits[bit])) for bit in sorted(metric.throttling))
    return F.array_compact(F.array(*each))


def _of_model(power: Metric) -> Column:
    share = F.lit(None).cast("double")
    model = F.lower(F.coalesce("model", F.lit("")))
    for entry in reversed(power.limits_by_model):
        of_level = F.col(power.name) / F.lit(entry.warning or entry.critical) * 100
        share = F.when(F.contains(model, F.lit(entry.model.lower())), of_level).otherwise(share)
    return share
