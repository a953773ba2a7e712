"""The finding: one detector's word on one span of one GPU's metric. Adjacent ones are joined to an anomaly."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

LIMIT: Final = "limit"
THROTTLE: Final = "throttle"
IMPLAUSIBLE: Final = "implausible"
RATE: Final = "rate"
STUCK: Final = "stuck"
HOT: Final = "hot_for_load"
SHIFT: Final = "level_shift"
OF_READINGS: Final = frozenset({LIMIT, THROTTLE, IMPLAUSIBLE})
"""Each reading shows them by itself: a later reading adds to them and never takes one back."""
OF_WINDOWS: Final = frozenset({RATE, STUCK, HOT, SHIFT})
"""They look at averages and neighbours, so they are judged anew where a late reading changed a window."""

RANKS: Final = {"info": 0, "warning": 1, "critical": 2}
"""Severity -> its order."""

_OF_GPU = ("gpu", "host", "source", "mode")
FINDING = T.StructType(
    [
        *(T.StructField(name, T.StringType()) for name in _OF_GPU),
        T.StructField("kind", T.StringType()),
        T.StructField("metric", T.StringType()),
        T.StructField("bit", T.LongType()),
        T.StructField("start", T.TimestampType()),
        T.StructField("end", T.TimestampType()),
        T.StructField("rank", T.IntegerType()),
        T.StructField("badness", T.DoubleType()),
        T.StructField("peak", T.TimestampType()),
        T.StructField("value", T.DoubleType()),
        T.StructField("limit", T.DoubleType()),
        T.StructField("score", T.DoubleType()),
    ]
)
"""``bit``: of a bit mask, else 0. ``badness`` orders the values of one severity; ``peak`` is when the worst was."""
KEY: Final = ("gpu", "kind", "metric", "bit")


def rank(severity: str) -> Column:
    return F.lit(RANKS[severity])


def worst() -> Column:
    """The aggregate that keeps the worst of several findings, the first of equals."""
    return F.max(F.struct("rank", "badness", (-F.unix_micros("peak")).alias("at"), "value", "limit", "score"))


def of_worst(column: str) -> list[Column]:
    """``rank`` to ``score`` of FINDING out of what :func:`worst` gave."""
    worst = F.col(column)
    return [
        worst["rank"].alias("rank"),
        worst["badness"].alias("badness"),
        F.timestamp_micros(-worst["at"]).alias("peak"),
        *(worst[name].alias(name) for name in ("value", "limit", "score")),
    ]
