"""How two columns go together, as sums that can be put together: for Spark's mapInArrow and applyInArrow.

Of each pair n, both means, and the sums of squares and products about them, which are merged as T. F. Chan, G. H. Golub
and R. J. LeVeque do it ("Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979): sums of
products as they stand would lose their digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import types as T

from spark_jobs.transforms.columnar import chunks
from spark_jobs.transforms.groups import Places, grouped
from spark_jobs.transforms.other_sensors import MORE, by_sensor

Numbers = npt.NDArray[np.float64]

MOMENTS = ("n", "mean", "mean_beside", "squares", "squares_beside", "products")


def schema(whose: Sequence[T.StructField]) -> T.StructType:
    """``whose``, metric, readings (with the metric), beside (the other metric), and MOMENTS of those that have both."""
    return T.StructType(
        [
            *whose,
            T.StructField("metric", T.StringType()),
            T.StructField("readings", T.LongType()),
            T.StructField("beside", T.StringType()),
            *(T.StructField(name, T.DoubleType()) for name in MOMENTS),
        ]
    )


class Pairs:
    """For mapInArrow: readings (``keys``, ``metrics``, MORE) -> a row of :func:`schema` per chunk, group of equal keys,
    metric and one of ``beside`` (which are among the metrics)."""

    def __init__(self, metrics: Sequence[str], keys: Sequence[str], beside: Sequence[str]) -> None:
        self._metrics = metrics
        self._keys = list(keys)
        self._beside = beside

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for chunk in chunks(batches):
            made = list(self._of(chunk))
            if made:
                yield from pa.concat_tables(made).combine_chunks().to_batches()

    def _of(self, chunk: pa.Table) -> Iterator[pa.Table]:
        place, groups = grouped(chunk.select(self._keys))
        others = {name: _values(chunk.column(name)) for name in self._beside}
        for name in self._metrics:
            yield self._compared(name, _values(chunk.column(name)), place, groups, others)
        for name, (rows, values) in by_sensor(chunk.column(MORE).combine_chunks()).items():
            there = {other: beside[rows] for other, beside in others.items()}
            yield self._compared(name, values, place[rows], groups, there)

    def _compared(
        self, name: str, value: Numbers, place: Places, groups: pa.Table, others: dict[str, Numbers]
    ) -> pa.Table:
        """Of one metric, whose readings lie in ``groups`` at ``place``; NaN where there is no value."""
        count = len(groups)
        readings = np.bincount(place[~np.isnan(value)], minlength=count)
        parts = []
        for other, there in others.items():
            both = ~(np.isnan(value) | np.isnan(there))
            # Not with itself; it still has its readings.
            both &= other != name
            moments = _moments(place[both], value[both], there[both], count)
            told = {"metric": pa.array([name] * count), "readings": pa.array(readings)}
            told |= {"beside": pa.array([other] * count)}
            told |= {key: pa.array(column) for key, column in zip(MOMENTS, moments, strict=True)}
            whole = pa.table({key: groups.column(key) for key in self._keys} | told)
            parts.append(whole.filter(pa.array(readings > 0)))
        return pa.concat_tables(parts)


def together(parts: pa.Table) -> pa.Table:
    """Rows of :func:`schema` of the same GPU -> one per metric and beside."""
    place, groups = grouped(parts.select(["metric", "beside"]))
    count = len(groups)
    n, mean, mean_beside, squares, squares_beside, products = (parts.column(name).to_numpy() for name in MOMENTS)
    total = _sum(place, n, count)
    least, least_beside = (_least(place, values, n, count) for values in (mean, mean_beside))
    shift, shift_beside = mean - least[place], mean_beside - least_beside[place]
    whole = _ratio(_sum(place, n * shift, count), total)
    whole_beside = _ratio(_sum(place, n * shift_beside, count), total)
    off, off_beside = shift - whole[place], shift_beside - whole_beside[place]
    found = {
        "readings": pa.array(np.bincount(place, parts.column("readings").to_numpy(), count).astype(np.int64)),
        "n": pa.array(total),
        "mean": pa.array(least + whole),
        "mean_beside": pa.array(least_beside + whole_beside),
        "squares": pa.array(_sum(place, squares + n * off**2, count)),
        "squares_beside": pa.array(_sum(place, squares_beside + n * off_beside**2, count)),
        "products": pa.array(_sum(place, products + n * off * off_beside, count)),
    }
    whose = [name for name in parts.column_names if name not in {"metric", "beside", *found}]
    first = parts.select(whose).slice(0, 1).take(pa.array(np.zeros(count, np.int64)))
    columns = {name: first.column(name) for name in whose}
    columns |= {name: groups.column(name) for name in ("metric", "beside")} | found
    return pa.table({name: columns[name] for name in parts.column_names})


def _moments(place: Places, value: Numbers, beside: Numbers, count: int) -> tuple[Numbers, ...]:
    """MOMENTS by group; 0 of a group without any pair."""
    ones = np.ones_like(value)
    n = _sum(place, ones, count)
    # From the least, so that what stands still has exactly its value, and no deviation from it.
    least, least_beside = _least(place, value, ones, count), _least(place, beside, ones, count)
    x, y = value - least[place], beside - least_beside[place]
    mean, mean_beside = _ratio(_sum(place, x, count), n), _ratio(_sum(place, y, count), n)
    x, y = x - mean[place], y - mean_beside[place]
    sums = (_sum(place, product, count) for product in (x * x, y * y, x * y))
    return (n, least + mean, least_beside + mean_beside, *sums)


def _values(column: pa.ChunkedArray) -> Numbers:
    values: Numbers = column.cast(pa.float64()).to_numpy()
    return values


def _sum(place: Places, values: Numbers, count: int) -> Numbers:
    return np.bincount(place, values, count).astype(np.float64)


def _least(place: Places, values: Numbers, weight: Numbers, count: int) -> Numbers:
    """Of those with a weight; 0 without any."""
    least = np.full(count, np.inf)
    np.minimum.at(least, place[weight > 0], values[weight > 0])
    return np.where(np.isinf(least), 0.0, least)


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    return above / np.maximum(below, 1.0)
