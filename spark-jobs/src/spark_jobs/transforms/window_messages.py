"""Windows -> messages of the topic gpu-windows, in Arrow: what runs in Spark's Python workers, so it imports little."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from telemetry.timestamp import format_time, parse_time

AT_ONCE = 10_000
"""Rows that are Python objects at a time: some 10 MB."""
SCHEMA = "key string, value binary"
_AGGREGATE = ("avg", "min", "max", "count")
_COLUMNS = ("gpu", "start", "end", "metric", "host", "source", "mode", *_AGGREGATE)
_FIRST, _LAST = parse_time("0001-01-01T00:00:00Z"), parse_time("9999-12-31T23:59:59.999999Z")
_window = itemgetter(0, 1)


class Messages:
    """For mapInArrow: rows of :data:`spark_jobs.schema.WINDOWS` -> key, value (telemetry.messages.Window).

    All rows of a window must come in one call; they may come in any order.
    """

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = [batch.select(_COLUMNS) for batch in batches]
        if not found:
            return
        rows = pa.Table.from_batches(found)
        rows = rows.take(pc.sort_indices(rows, [(name, "ascending") for name in ("gpu", "start")]))
        windows = groupby(_python(rows), _window)
        while made := [_message(list(of_window)) for _, of_window in islice(windows, AT_ONCE // 10)]:
            keys, values = zip(*made, strict=True)
            yield pa.RecordBatch.from_arrays([pa.array(keys), pa.array(values, pa.binary())], ["key", "value"])


def _python(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The rows of ``rows``, times in microseconds."""
    for at in ("start", "end"):
        rows = rows.set_column(rows.column_names.index(at), at, rows.column(at).cast(pa.int64()))
    for begin in range(0, len(rows), AT_ONCE):
        yield from zip(*(column.to_pylist() for column in rows.slice(begin, AT_ONCE).columns), strict=True)


def _message(of_window: list[tuple[Any, ...]]) -> tuple[str, bytes]:
    gpu, start, end = of_window[0][:3]
    told: dict[str, Any] = {"schema": 1, "gpu": gpu}
    for place, name in enumerate(("host", "source", "mode"), _COLUMNS.index("host")):
        told[name] = max((row[place] for row in of_window if row[place] is not None), default=None)
    told |= {"start": _instant(start), "end": _instant(end)}
    metrics = {}
    for row in of_window:
        aggregate = row[-len(_AGGREGATE) :]
        if (metric := row[_COLUMNS.index("metric")]) is None:
            told["readings"] = aggregate[-1]
        else:
            metrics[metric] = dict(zip(_AGGREGATE, aggregate, strict=True))
    return gpu, orjson.dumps(told | {"metrics": metrics})


def _instant(microseconds: int) -> str:
    # The first or last window of all may begin or end beyond the years that a message can name.
    return format_time(min(max(microseconds, _FIRST), _LAST))
