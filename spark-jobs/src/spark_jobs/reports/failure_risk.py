"""The report ``failure_risk``: how probable it is that a GPU fails, by the model that was trained last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.report_messages import instant
from spark_jobs.risk.features import features
from spark_jobs.risk.history import history
from spark_jobs.risk.labels import Failure, labels
from spark_jobs.risk.model import Model
from telemetry.reading import DEMO_HOST_PREFIX

if TYPE_CHECKING:
    import pandas as pd  # many a batch has no model, and no need of it

NAME = "failure_risk"
SCHEMA = T.StructType(
    [
        T.StructField("gpu", T.StringType()),
        T.StructField("host", T.StringType()),
        T.StructField("demo", T.BooleanType()),
        T.StructField("source", T.StringType()),
        T.StructField("mode", T.StringType()),
        T.StructField("time", T.TimestampType()),
        T.StructField("horizon_hours", T.IntegerType()),
        T.StructField("probability", T.DoubleType()),
        T.StructField("model_version", T.StringType()),
        T.StructField("reasons", T.ArrayType(T.StringType())),
    ]
)
_EPOCH = date(1970, 1, 1)


def rows(
    spark: SparkSession,
    model: Model | None,
    parts: Iterable[pd.DataFrame],
    day: date,
    failures: Sequence[Failure],
    models: Mapping[str, str],
) -> DataFrame:
    """A row per GPU that was heard of on ``day`` and horizon, in the columns of SCHEMA; none without a ``model``.

    ``parts``: :func:`spark_jobs.risk.lake_digests.daily` of the day and of those that the features look back to;
    ``models``: GPU -> its model. ``time`` is the end of the GPU's last window of the day: so far the report has seen.
    """
    if model is None:
        return spark.createDataFrame([], SCHEMA)
    step = (day - _EPOCH).days
    made = [row for part in parts for row in _of_part(part, model, step, failures, models)]
    if not made:
        return spark.createDataFrame([], SCHEMA)
    table = pa.Table.from_pylist(made).set_column(
        list(made[0]).index("time"), "time", pa.array([row["time"] for row in made], pa.timestamp("us", "UTC"))
    )
    return spark.createDataFrame(table, SCHEMA)


def _of_part(
    part: pd.DataFrame, model: Model, step: int, failures: Sequence[Failure], models: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    known = history(part, models)
    place = step - known.first
    if not 0 <= place < known.steps:
        return
    earlier = labels(known, failures, 1).earlier
    today = features(known, earlier)[:, place]
    for horizon in model.horizons:
        probabilities = horizon.probabilities(today)
        for row in np.flatnonzero(known.there()[:, place]):
            yield {
                "gpu": known.gpus[row],
                "host": known.hosts[row],
                "demo": known.hosts[row].startswith(DEMO_HOST_PREFIX),
                "source": known.sources[row],
                "mode": known.modes[row],
                "time": int(known.seen[row, place]),
                "horizon_hours": horizon.horizon_hours,
                "probability": float(probabilities[row]),
                "model_version": model.version,
                "reasons": horizon.reasons(today[row]),
            }


def told(rows: DataFrame) -> DataFrame:
    """Kafka's ``key`` and ``value`` (telemetry.health.FailurePrediction)."""
    columns = ("horizon_hours", "probability", "model_version", "reasons")
    who = ("gpu", "host", "source", "mode")
    value = F.struct(F.lit(1).alias("schema"), *who, instant("time").alias("time"), *columns)
    return rows.select(F.col("gpu").alias("key"), F.to_json(value).alias("value"))
