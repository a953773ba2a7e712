"""Windows beside the load of their GPU: what is compared at equal load."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.load_bands import LOAD, band_of
from spark_jobs.transforms.metrics import demo
from telemetry.catalogue import Catalogue

KINDS = ("temperature", "power", "fan", "clock")
"""What tells of a card's health when it changes at equal load."""


def compared(catalogue: Catalogue) -> tuple[str, ...]:
    """The metrics of the card itself that are of KINDS."""
    return tuple(metric.name for metric in catalogue if metric.scope == "gpu" and metric.kind in KINDS)


def beside_load(windows: DataFrame, metrics: Sequence[str]) -> DataFrame:
    """gpu, host, demo, metric, start, avg, band: a row per window (:data:`spark_jobs.schema.WINDOWS`) of a metric whose
    window has a load."""
    loads = windows.filter(F.col("metric") == LOAD).select("gpu", "start", band_of(F.col("avg")).alias("band"))
    values = windows.filter(F.col("metric").isin(*metrics)).select("gpu", "host", "metric", "start", "avg")
    return values.join(loads, on=["gpu", "start"], how="inner").select(
        "gpu", "host", demo().alias("demo"), "metric", "start", "avg", "band"
    )
