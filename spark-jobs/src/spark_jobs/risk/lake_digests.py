"""Digests out of Spark into this process, in parts, and the failures beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.days import Days
from spark_jobs.risk.digests import WHOLE, digests
from spark_jobs.risk.labels import DOWN_STEPS, Failure
from telemetry.catalogue import Catalogue

if TYPE_CHECKING:
    import pandas as pd  # many a batch has no model, and no need of it

MOST_ROWS = 500_000
"""Of a part: some 50 MB on their way through the driver's JVM, which has 512."""


def daily(windows: DataFrame, days: Days, catalogue: Catalogue) -> Iterator[pd.DataFrame]:
    """:func:`spark_jobs.risk.digests.digests` with a step a day of ``days`` (their number since 1970-01-01), in parts
    of whole hosts; nothing where there are no windows."""
    made = digests(windows, F.unix_date(days.day_of("start")), catalogue).persist()
    try:
        rows = made.count()
        parts = math.ceil(rows / MOST_ROWS)
        for part in range(parts):
            own = made if parts == 1 else made.filter(F.pmod(F.hash("host"), F.lit(parts)) == part)
            frame: pd.DataFrame = own.toArrow().to_pandas()
            if (frame.metric == WHOLE).any():
                yield frame
    finally:
        made.unpersist()


def failures(rows: DataFrame, days: Days) -> list[Failure]:
    """Of rows of the report ``failures``, in steps of a day."""
    # Of a step of a day it does not matter when in the day.
    day = F.unix_date(days.day_of("time")) + 0.5
    found = rows.select("gpu", "kind", day.alias("at")).collect()
    return [Failure(row["gpu"], row["kind"], row["at"], row["at"] + DOWN_STEPS) for row in found]
