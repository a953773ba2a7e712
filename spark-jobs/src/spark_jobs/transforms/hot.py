"""Which temperatures are hot: column by column in Arrow and numpy, for Spark's mapInArrow.

Of most readings none is, so that what is handed back is little. The same judgement as an expression of Spark, with an
array of a dozen structs for each reading, took a minute of a million readings; this takes a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from pyspark.sql import types as T

from spark_jobs.transforms.columnar import chunks
from spark_jobs.transforms.distribution import Numbers
from spark_jobs.transforms.groups import Places, grouped
from telemetry.catalogue import Metric

WHO = ("gpu", "host", "demo", "source", "time")
GROUP = ("gpu", "band", "model")
"""What the bounds of a reading depend on."""
FOUND = [
    T.StructField("metric", T.StringType()),
    T.StructField("value", T.DoubleType()),
    T.StructField("threshold", T.DoubleType()),
    T.StructField("cause", T.StringType()),
]
"""``cause``: ``limit`` where the value is above the limit of its metric, else ``load``; ``threshold``: the lowest that
was broken."""


class Usual(NamedTuple):
    """Above which value a metric is not usual, by GPU and band of load."""

    places: dict[tuple[str, str], int]
    beyond: Numbers
    """A row for each of ``places``, a column for each metric; infinite where nothing is known."""

    @classmethod
    def of(cls, bounds: pa.Table, metrics: Sequence[str]) -> Self:
        """``bounds``: a row per GPU, band and metric (gpu, band, metric, beyond)."""
        columns = {name: number for number, name in enumerate(metrics)}
        places: dict[tuple[str, str], int] = {}
        pairs = zip(bounds["gpu"].to_pylist(), bounds["band"].to_pylist(), strict=True)
        rows = np.array([places.setdefault(pair, len(places)) for pair in pairs], np.int64)
        numbers = np.array([columns[name] for name in bounds["metric"].to_pylist()], np.int64)
        beyond = np.full((len(places), len(metrics)), np.inf)
        beyond[rows, numbers] = bounds["beyond"].to_numpy()
        return cls(places, beyond)


class Hot:
    """Readings (WHO, ``band``, ``model``, a column per metric) -> a row (WHO, FOUND) per temperature that is hot."""

    def __init__(self, metrics: Sequence[Metric], usual: Usual) -> None:
        self._metrics = metrics
        self._usual = usual

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for chunk in chunks(batches):
            place, groups = grouped(chunk.select(list(GROUP)))
            beyond = self._beyond(groups)
            models = groups.column("model").to_pylist()
            for number, metric in enumerate(self._metrics):
                limits = np.array([_limit(metric, model) for model in models])
                found = _found(metric.name, chunk, limits[place], beyond[place, number])
                yield from found.combine_chunks().to_batches()

    def _beyond(self, groups: pa.Table) -> Numbers:
        """A row per group, a column per metric."""
        pairs = zip(groups.column("gpu").to_pylist(), groups.column("band").to_pylist(), strict=True)
        rows = np.array([self._usual.places.get(pair, -1) for pair in pairs], np.int64)
        unknown = np.full((1, len(self._metrics)), np.inf)
        # -1 is the last row.
        known: Numbers = np.concatenate([self._usual.beyond, unknown])[rows]
        return known


def _found(name: str, chunk: pa.Table, limit: Numbers, beyond: Numbers) -> pa.Table:
    """Limits and bounds of each reading of ``chunk``."""
    value: Numbers = chunk.column(name).cast(pa.float64()).to_numpy()
    # No value is NaN here, and not above anything.
    over_limit = value > limit
    rows: Places = np.flatnonzero(over_limit | (value > beyond))
    value, over_limit = value[rows], over_limit[rows]
    # One of the two that is not broken does not count.
    broken = (np.where(value > bound, bound, np.inf) for bound in (limit[rows], beyond[rows]))
    found = {
        "metric": pa.array([name] * len(rows), pa.string()),
        "value": pa.array(value),
        "threshold": pa.array(np.minimum(*broken)),
        "cause": pa.array(np.where(over_limit, "limit", "load").tolist(), pa.string()),
    }
    whose = chunk.select(list(WHO)).take(pa.array(rows))
    return pa.table({column: whose.column(column) for column in WHO} | found)


def _limit(metric: Metric, model: str | None) -> float:
    """The warning level of a GPU of this model; infinite where it has none above."""
    limits = metric.limits_for(model)
    if limits is None or limits.direction != "above" or limits.warning is None:
        return float("inf")
    return limits.warning
