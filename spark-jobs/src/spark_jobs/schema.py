"""How readings and windows stand in the lake. The catalogue's metrics are columns of their own."""

from __future__ import annotations

from pyspark.sql import types as T

from telemetry.catalogue import Catalogue

IDENTITY = ("origin", "gpu", "row")


def readings(catalogue: Catalogue) -> T.StructType:
    """The table of readings: identity, time, whose it is, one double per metric of the catalogue, the rest in a map.

    ``labels`` is null where a reading has none, as in all that came before there were labels.
    """
    fields = [
        T.StructField("date", T.DateType()),
        T.StructField("origin", T.StringType()),
        T.StructField("row", T.LongType()),
        T.StructField("mode", T.StringType()),
        T.StructField("time", T.TimestampType()),
        T.StructField("recorded", T.StringType()),
        T.StructField("gpu", T.StringType()),
        T.StructField("host", T.StringType()),
        T.StructField("source", T.StringType()),
        T.StructField("model", T.StringType()),
        *(T.StructField(name, T.DoubleType()) for name in catalogue.metrics),
        T.StructField("more", T.MapType(T.StringType(), T.DoubleType())),
        T.StructField("flags", T.MapType(T.StringType(), T.StringType())),
        T.StructField("labels", T.MapType(T.StringType(), T.StringType())),
        T.StructField("ingested", T.TimestampType()),
    ]
    return T.StructType(fields)


WINDOWS = T.StructType(
    [
        T.StructField("date", T.DateType()),
        T.StructField("gpu", T.StringType()),
        T.StructField("start", T.TimestampType()),
        T.StructField("end", T.TimestampType()),
        T.StructField("metric", T.StringType()),
        T.StructField("host", T.StringType()),
        T.StructField("source", T.StringType()),
        T.StructField("mode", T.StringType()),
        T.StructField("avg", T.DoubleType()),
        T.StructField("min", T.DoubleType()),
        T.StructField("max", T.DoubleType()),
        T.StructField("count", T.LongType()),
        T.StructField("change", T.DoubleType()),
    ]
)
"""One row per GPU, window and metric, and one with a null metric that counts all readings of the window. ``change`` is
the fastest change from one reading to the next, in either direction, in the unit per second."""

ANOMALIES = T.StructType(
    [
        T.StructField("date", T.DateType()),
        T.StructField("id", T.StringType()),
        T.StructField("gpu", T.StringType()),
        T.StructField("host", T.StringType()),
        T.StructField("source", T.StringType()),
        T.StructField("mode", T.StringType()),
        T.StructField("kind", T.StringType()),
        T.StructField("metric", T.StringType()),
        T.StructField("bit", T.LongType()),
        T.StructField("severity", T.StringType()),
        T.StructField("start", T.TimestampType()),
        T.StructField("end", T.TimestampType()),
        T.StructField("value", T.DoubleType()),
        T.StructField("limit", T.DoubleType()),
        T.StructField("score", T.DoubleType()),
        T.StructField("peak", T.TimestampType()),
        T.StructField("badness", T.DoubleType()),
        T.StructField("sentence", T.StringType()),
    ]
)
"""One row per anomaly, in the partition of its start. ``badness`` orders the values of one severity."""
