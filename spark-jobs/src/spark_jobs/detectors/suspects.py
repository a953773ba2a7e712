"""Spark's part of the detectors of readings: which readings are worth a look, by native expressions made once."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.detectors.of_readings import Suspect, metrics_looked_at
from telemetry import reading
from telemetry.catalogue import Catalogue, Metric

SUSPICIOUS = "suspicious"


class Suspects:
    """A column costs a call into the JVM for each of its parts, so they are made once and not in each batch."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._metrics = [each.name for each in metrics_looked_at(catalogue)]
        flags = F.coalesce("flags", F.create_map().cast("map<string,string>"))
        is_flagged = F.exists(F.map_values(flags), lambda flag: flag == reading.IMPLAUSIBLE)
        signs = [is_flagged, *(_may_show(each) for each in metrics_looked_at(catalogue))]
        self.condition: Column = reduce(Column.__or__, (F.coalesce(sign, F.lit(False)) for sign in signs))
        """True for every reading in which of_readings finds something, and for few others."""
        dropped = F.map_filter(flags, lambda _, flag: flag == reading.IMPLAUSIBLE)
        names = ("gpu", "host", "source", "mode", "model")
        self._columns = [
            *(F.col(name) for name in names),
            F.unix_micros("time").alias("time"),
            F.map_keys(dropped).alias("implausible"),
            *(F.col(name) for name in self._metrics),
        ]

    def of(self, readings: DataFrame) -> list[Suspect]:
        """The suspicious ones of ``readings`` (:func:`spark_jobs.schema.readings`), in one narrow job."""
        rows = readings.filter(self.condition).select(*self._columns).toArrow()
        columns = {name: rows[name].to_pylist() for name in rows.column_names}
        of_metrics = zip(*(columns[name] for name in self._metrics), strict=True)
        values = ({n: v for n, v in zip(self._metrics, row, strict=True) if v is not None} for row in of_metrics)
        dropped = map(tuple, columns["implausible"])
        places = (columns[name] for name in ("gpu", "host", "source", "mode", "model", "time"))
        return sorted(map(Suspect, *places, values, dropped), key=lambda each: each.time)


def _may_show(metric: Metric) -> Column:
    value = F.col(metric.name)
    signs = [value.cast("long").bitwiseAND(F.lit(sum(metric.throttling))) != 0] if metric.throttling else []
    for limits in (metric.limits, *metric.limits_by_model):
        # Of all models, because which one it is costs more to ask than a few readings too many.
        levels = [each for each in (limits.warning, limits.critical) if each is not None] if limits else []
        if limits and limits.direction == "above":
            signs.append(value > F.lit(min(levels)))
        elif limits:
            signs.append(value < F.lit(max(levels)))
    return reduce(Column.__or__, signs)
