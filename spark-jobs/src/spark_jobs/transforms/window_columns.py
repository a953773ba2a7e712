"""Readings -> windows in Arrow and numpy.

A row per value, which Spark's own functions would need, was most of what a batch of the stream did.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.transforms.other_sensors import MORE, Values, by_sensor
from telemetry.timestamp import SECOND

_Numbers = npt.NDArray[np.int64]
_Values = npt.NDArray[np.float64]
_WHOSE = ("host", "source", "mode")
TAKEN = ("gpu", "start", *_WHOSE, "time", "row")
"""What is needed of a reading besides its metrics."""


class Windows:
    """Readings (TAKEN, metrics, MORE) -> rows of :data:`spark_jobs.schema.WINDOWS`.

    All readings of a window must come in one call; they may come in any order.
    """

    def __init__(
        self, columns: Sequence[str], metrics: Sequence[str], with_change: Collection[str], seconds: int
    ) -> None:
        """``columns``: those of the rows, in their order; ``with_change``: the metrics whose fastest change is told."""
        self._columns = list(columns)
        self._metrics = tuple(metrics)
        self._with_change = frozenset(with_change)
        self._length = pa.scalar(seconds * SECOND, pa.duration("us"))

    def of(self, readings: pa.Table) -> pa.Table:
        """The windows of all ``readings``."""
        in_order = pc.sort_indices(readings, [(name, "ascending") for name in ("gpu", "start", "time", "row")])
        frame = _Frame(readings.select(TAKEN).take(in_order))
        # A sensor that the catalogue has learnt of since has older values among the others.
        found = by_sensor(readings.column(MORE).combine_chunks().take(in_order))
        for name in self._metrics:
            column = readings.column(name)
            if column.null_count < len(column):
                known = _of_column(column.combine_chunks().take(in_order))
                found[name] = _both(known, found[name]) if name in found else known
        made = [frame.whole()]
        made += (frame.of_metric(name, *each, has_change=name in self._with_change) for name, each in found.items())
        rows = pa.concat_tables(made)
        rows = rows.append_column("date", rows.column("start").cast(pa.date32()))
        rows = rows.append_column("end", pc.add(rows.column("start"), self._length))
        return rows.select(self._columns)


class _Frame:
    """Readings sorted by window, then time."""

    def __init__(self, taken: pa.Table) -> None:
        gpus = taken.column("gpu").combine_chunks().dictionary_encode().indices.to_numpy()
        starts = taken.column("start").cast(pa.int64()).to_numpy()
        is_new = (np.diff(gpus, prepend=-1) != 0) | (np.diff(starts, prepend=starts[:1] - 1) != 0)
        self._window: _Numbers = np.cumsum(is_new) - 1
        """Reading -> the number of its window."""
        self._windows = taken.select(["gpu", "start"]).take(pa.array(np.flatnonzero(is_new)))
        self._time: _Numbers = taken.column("time").cast(pa.int64()).to_numpy()
        self._whose = {name: _Ranked(taken.column(name).combine_chunks()) for name in _WHOSE}

    def whole(self) -> pa.Table:
        """A row per window that counts its readings: its metric is null."""
        everywhere = np.arange(len(self._window))
        begins = np.flatnonzero(np.diff(self._window, prepend=-1))
        nothing = pa.nulls(len(begins), pa.float64())
        counts = np.diff(begins, append=len(everywhere))
        return self._rows(None, everywhere, begins, dict.fromkeys(("avg", "min", "max"), nothing), counts, nothing)

    def of_metric(self, name: str, there: _Numbers, values: _Values, *, has_change: bool) -> pa.Table:
        """A row per window that has it; ``there``: which readings have ``values``."""
        windows = self._window[there]
        begins = np.flatnonzero(np.diff(windows, prepend=-1))
        change = self._fastest(there, values, begins) if has_change else pa.nulls(len(begins), pa.float64())
        counts = np.diff(begins, append=len(values))
        return self._rows(name, there, begins, _spread(values, begins, counts), counts, change)

    def _fastest(self, there: _Numbers, values: _Values, begins: _Numbers) -> pa.Array:
        """The fastest change per second since the last reading of the same window; a second is the least."""
        if len(values) < 2:
            return pa.nulls(len(begins), pa.float64())
        elapsed = np.maximum(np.diff(self._time[there]) / SECOND, 1.0)
        with np.errstate(over="ignore"):
            changes = np.append(0.0, np.abs(np.diff(values)) / elapsed)
        changes[begins] = 0.0
        counts = np.diff(begins, append=len(values))
        return pa.array(np.maximum.reduceat(changes, begins), mask=counts < 2)

    def _rows(
        self,
        name: str | None,
        there: _Numbers,
        begins: _Numbers,
        spread: dict[str, pa.Array],
        counts: _Numbers,
        change: pa.Array,
    ) -> pa.Table:
        rows = self._windows.take(pa.array(self._window[there[begins]]))
        columns = {
            "metric": pa.array([name] * len(begins), pa.string()),
            **{each: ranked.most(there, begins) for each, ranked in self._whose.items()},
            **spread,
            "count": pa.array(counts, pa.int64()),
            "change": change,
        }
        for column, values in columns.items():
            rows = rows.append_column(column, values)
        return rows


class _Ranked:
    """A column of texts, some of them null."""

    def __init__(self, texts: pa.Array) -> None:
        names = sorted(set(texts.drop_null().to_pylist()))
        self._names = pa.array(names, pa.string())
        found = pc.index_in(texts, self._names).fill_null(-1)
        self._ranks: _Numbers = found.cast(pa.int64()).to_numpy()

    def most(self, there: _Numbers, begins: _Numbers) -> pa.Array:
        """The last by its letters of each group of ``there``; null where all are."""
        ranks = np.maximum.reduceat(self._ranks[there], begins)
        return self._names.take(pa.array(ranks, mask=ranks < 0))


def _of_column(column: pa.Array) -> Values:
    there = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    return Values(there, column.drop_null().to_numpy())


def _both(some: Values, others: Values) -> Values:
    there = np.concatenate([some.there, others.there])
    order = np.argsort(there)
    return Values(there[order], np.concatenate([some.values, others.values])[order])


def _spread(values: _Values, begins: _Numbers, counts: _Numbers) -> dict[str, pa.Array]:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.add.reduceat(values, begins) / counts
    if not np.isfinite(mean).all():
        # The sum of some is beyond all doubles, their mean is not.
        mean = np.add.reduceat(values / np.repeat(counts, counts), begins)
    least, most = np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins)
    return {"avg": pa.array(mean), "min": pa.array(least), "max": pa.array(most)}
