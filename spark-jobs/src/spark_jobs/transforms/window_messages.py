"""Windows -> messages of the topic gpu-windows."""

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
SCHEMA = pa.schema([("key", pa.string()), ("value", pa.binary())])
_AGGREGATE = ("avg", "min", "max", "count")
_COLUMNS = ("gpu", "start", "end", "metric", "host", "source", "mode", *_AGGREGATE)
_FIRST, _LAST = parse_time("0001-01-01T00:00:00Z"), parse_time("9999-12-31T23:59:59.999999Z")
_window = itemgetter(0, 1)


def messages(windows: pa.Table) -> pa.Table:
    """Kafka's ``key`` and ``value`` (telemetry.messages.Window), one per window of ``windows``, whose rows
    (:data:`spark_jobs.schema.WINDOWS`) may come in any order."""
    rows = windows.select(_COLUMNS)
    in_order = rows.take(pc.sort_indices(rows, [(name, "ascending") for name in ("gpu", "start")]))
    of_windows = groupby(_python(in_order), _window)
    parts = []
    while made := [_message(list(rows)) for _, rows in islice(of_windows, AT_ONCE // 10)]:
        keys, values = zip(*made, strict=True)
        parts.append(pa.record_batch([pa.array(keys), pa.array(values, pa.binary())], SCHEMA))
    return pa.Table.from_batches(parts, SCHEMA)


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
