"""The report ``decisions``: what to do about each GPU, with the money behind it. Advice: nothing acts on it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.decisions.costs import Seen
from spark_jobs.decisions.decide import decide
from spark_jobs.decisions.economics import Economics
from spark_jobs.load_bands import LOAD
from spark_jobs.report_messages import instant
from spark_jobs.reports.daily_statistics import POWER
from spark_jobs.risk.digests import held_by
from spark_jobs.transforms.metrics import demo
from telemetry.catalogue import Catalogue

NAME = "decisions"
SCHEMA = T.StructType(
    [
        T.StructField("gpu", T.StringType()),
        T.StructField("host", T.StringType()),
        T.StructField("demo", T.BooleanType()),
        T.StructField("source", T.StringType()),
        T.StructField("mode", T.StringType()),
        T.StructField("model", T.StringType()),
        T.StructField("time", T.TimestampType()),
        T.StructField("action", T.StringType()),
        T.StructField("yearly_cost", T.MapType(T.StringType(), T.DoubleType())),
        T.StructField("currency", T.StringType()),
        T.StructField("reasons", T.ArrayType(T.StringType())),
        T.StructField("flips", T.ArrayType(T.StringType())),
        T.StructField("version", T.StringType()),
    ]
)


def rows(
    readings: DataFrame, risk: DataFrame, catalogue: Catalogue, economics: tuple[Economics, str] | None
) -> DataFrame:
    """A row per GPU of ``readings`` (one day's), in the columns of SCHEMA; none where the prices are at fault.
    ``risk``: the day's rows of failure_risk; of its horizons the longest counts. ``time`` is that of the GPU's last
    reading."""
    spark = readings.sparkSession
    if economics is None:
        return spark.createDataFrame([], SCHEMA)
    prices, version = economics
    longest = risk.groupBy("gpu").agg(
        F.max("horizon_hours").alias("horizon_hours"), F.max_by("probability", "horizon_hours").alias("probability")
    )
    seen = _seen(readings, catalogue).join(longest, on="gpu", how="left").orderBy("gpu").toArrow().to_pylist()
    made = [_row(each, prices, version) for each in seen]
    columns = {name: [row[name] for row in made] for name in SCHEMA.names}
    arrays = {name: pa.array(values, _ARROW.get(name, pa.string())) for name, values in columns.items()}
    return spark.createDataFrame(pa.table(arrays), SCHEMA) if made else spark.createDataFrame([], SCHEMA)


_ARROW = {
    "demo": pa.bool_(),
    "time": pa.timestamp("us", "UTC"),
    "yearly_cost": pa.map_(pa.string(), pa.float64()),
    "reasons": pa.list_(pa.string()),
    "flips": pa.list_(pa.string()),
}


def _seen(readings: DataFrame, catalogue: Catalogue) -> DataFrame:
    held = F.lit(None).cast("double")
    for name, bits in held_by(catalogue).items():
        is_held = F.col(name).cast("long").bitwiseAND(F.lit(bits)) != 0
        held = F.coalesce(held, is_held.cast("double"))
    return readings.groupBy("gpu", "host", demo().alias("demo")).agg(
        *(F.max(name).alias(name) for name in ("source", "mode", "model", "time")),
        F.avg(F.coalesce(*(F.col(name) for name in POWER))).alias("watts"),
        (F.avg(LOAD) / 100).alias("busy"),
        F.avg(held).alias("held"),
    )


def _row(seen: dict[str, Any], prices: Economics, version: str) -> dict[str, Any]:
    advice = decide(
        Seen(
            model=seen["model"],
            watts=seen["watts"],
            # A load beyond 100 % is a sensor's fault, not more work.
            busy=min(max(seen["busy"] or 0.0, 0.0), 1.0),
            held=seen["held"] or 0.0,
            probability=seen["probability"],
            horizon_hours=seen["horizon_hours"] or 0,
        ),
        prices,
    )
    return {
        **{name: seen[name] for name in ("gpu", "host", "demo", "source", "mode", "model", "time")},
        "action": advice.action,
        "yearly_cost": list(advice.yearly_cost.items()),
        "currency": prices.currency,
        "reasons": advice.reasons,
        "flips": advice.flips,
        "version": version,
    }


def told(rows: DataFrame) -> DataFrame:
    """Kafka's ``key`` and ``value`` (telemetry.health.Decision)."""
    columns = ("action", "yearly_cost", "currency", "reasons", "flips", "version")
    who = ("gpu", "host", "source", "mode")
    value = F.struct(F.lit(1).alias("schema"), *who, instant("time").alias("time"), *columns)
    return rows.select(F.col("gpu").alias("key"), F.to_json(value).alias("value"))
