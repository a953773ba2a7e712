"""Per metric, what its values make together: column by column in Arrow.

A row per value is what a day has most of, and making those rows was most of what the batch did. Here a Python worker
takes some ten thousand readings at a time and groups each metric's column with Arrow's kernels; what it hands back is a
few rows, which Spark puts together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import types as T

from spark_jobs.transforms.groups import grouped
from spark_jobs.transforms.other_sensors import MORE, entries

AT_ONCE = 50_000
"""Readings: some 50 MB where 100 metrics have values."""
PENDING = 500_000
"""Rows that a worker holds before it puts them together."""


class Kind(NamedTuple):
    """What is made of the values of a group."""

    by_value: bool
    """Each different value is a group of its own."""
    made: tuple[tuple[str, str, str], ...]
    """(column, Arrow's aggregate of the values, Arrow's aggregate of what several chunks have made)."""


COUNTED = Kind(True, (("times", "count", "sum"),))
"""value, times: a sensor shows few different values."""
SPREAD = Kind(
    False, (("readings", "count", "sum"), ("sum", "sum", "sum"), ("min", "min", "min"), ("max", "max", "max"))
)
"""readings, sum, min, max."""

_WHOLE = {"times", "readings"}
_PLACE = "__place"
"""The number of a reading's keys, within a chunk."""


def per_metric(readings: DataFrame, metrics: Sequence[str], keys: Sequence[str], kind: Kind) -> DataFrame:
    """A row (``keys``, metric, what ``kind`` says) per group of equal ``keys`` and part of the readings: whoever wants
    one row per group puts the rows of the parts together. Of the columns ``metrics``, and of sensors that the catalogue
    does not know."""
    columns = [readings.schema[key] for key in keys]
    columns.append(T.StructField("metric", T.StringType()))
    if kind.by_value:
        columns.append(T.StructField("value", T.DoubleType()))
    for name, _, _ in kind.made:
        columns.append(T.StructField(name, T.LongType() if name in _WHOLE else T.DoubleType()))
    wanted = readings.select(*keys, *metrics, MORE)
    return wanted.mapInArrow(Columns(tuple(metrics), tuple(keys), kind), T.StructType(columns))


class Columns:
    """For mapInArrow: readings (keys, metrics, MORE) -> rows (keys, metric, ...)."""

    def __init__(self, metrics: Sequence[str], keys: Sequence[str], kind: Kind) -> None:
        self._metrics = metrics
        self._keys = list(keys)
        self._kind = kind
        self._groups = [*keys, "metric", *(["value"] if kind.by_value else [])]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        made: list[pa.Table] = []
        most = PENDING
        for chunk in chunks(batches):
            made += self._of(chunk)
            if sum(map(len, made)) > most:
                made = [self._together(made)]
                # Where there are so many groups, all of them would be put together anew with every chunk.
                most = max(PENDING, 2 * len(made[0]))
        if made:
            yield from self._together(made).to_batches(max_chunksize=10_000)

    def _of(self, chunk: pa.Table) -> Iterator[pa.Table]:
        numbers, keys = grouped(chunk.select(self._keys))
        place = pa.chunked_array([numbers])
        for name in self._metrics:
            column = chunk.column(name)
            if column.null_count < len(column):
                values = pa.table({_PLACE: place, "value": column}).filter(column.is_valid())
                found = self._grouped(values, [])
                yield self._whose(found.append_column("metric", pa.array([name] * len(found), pa.string())), keys)
        if (others := entries(chunk.column(MORE).combine_chunks())) is not None:
            values = others.select(["metric", "value"]).append_column(_PLACE, place.take(others.column("entry_of")))
            yield self._whose(self._grouped(values, ["metric"]), keys)

    def _grouped(self, values: pa.Table, more: Sequence[str]) -> pa.Table:
        """By _PLACE, ``more``, and (where the kind says so) by value."""
        groups = [_PLACE, *more, *(["value"] if self._kind.by_value else [])]
        about = _PLACE if self._kind.by_value else "value"
        wanted = [(about, aggregate) for _, aggregate, _ in self._kind.made]
        found = values.group_by(groups, use_threads=False).aggregate(wanted)
        made = [f"{about}_{aggregate}" for _, aggregate, _ in self._kind.made]
        names = [name for name, _, _ in self._kind.made]
        return found.select([*groups, *made]).rename_columns([*groups, *names])

    def _whose(self, found: pa.Table, keys: pa.Table) -> pa.Table:
        """With the keys in the place of their number."""
        whose = keys.take(found.column(_PLACE))
        names = ["metric", *(["value"] if self._kind.by_value else []), *(name for name, _, _ in self._kind.made)]
        for name in names:
            whose = whose.append_column(name, found.column(name))
        return whose

    def _together(self, parts: Sequence[pa.Table]) -> pa.Table:
        wanted = [(name, aggregate) for name, _, aggregate in self._kind.made]
        whole = pa.concat_tables(parts).group_by(self._groups, use_threads=False).aggregate(wanted)
        found = [f"{name}_{aggregate}" for name, _, aggregate in self._kind.made]
        names = [name for name, _, _ in self._kind.made]
        return whole.select([*self._groups, *found]).rename_columns([*self._groups, *names])


def chunks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """AT_ONCE readings each, but the last."""
    pending: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        pending.append(batch)
        rows += len(batch)
        if rows >= AT_ONCE:
            yield pa.Table.from_batches(pending)
            pending, rows = [], 0
    if rows:
        yield pa.Table.from_batches(pending)
