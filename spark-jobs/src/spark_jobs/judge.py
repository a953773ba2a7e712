"""telemetry's judge of a reading, as Arrow columns: what runs in Spark's Python workers, so it imports little."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from telemetry.errors import Rejected
from telemetry.reading import Reading, decode

COLUMNS = ("origin", "row", "mode", "time", "recorded", "gpu", "host", "source", "model")
PACKED = "packed"
_TEXTS = pa.map_(pa.string(), pa.string())
_NUMBERS = pa.map_(pa.string(), pa.float64())
_NO_READING: tuple[Any, ...] = (*[None] * len(COLUMNS), {}, {}, {})
_SMALLER = pa.ipc.IpcWriteOptions(compression="lz4")


class Judge:
    """For mapInArrow: records (``value``, ``timestamp``) -> PACKED, what :meth:`judge` makes of some of them."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = tuple(known)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pydict({PACKED: [packed(self.judge(batch, time.time_ns() // 1000))]})

    def judge(self, records: pa.RecordBatch, now: int) -> pa.RecordBatch:
        """One row per record, in their order: ``rejected`` (the reason, or null where there is a reading), ``sent``,
        COLUMNS, those of the known metrics that any of them has, ``more``, ``flags``, ``labels``."""
        reasons: list[str | None] = []
        readings: list[tuple[Any, ...]] = []
        for raw in records.column("value").to_pylist():
            try:
                readings.append(decode(raw, now))
                reasons.append(None)
            except Rejected as error:
                readings.append(_NO_READING)
                reasons.append(error.reason)
        # A column per field, whatever the number of records.
        origin, row, mode, at, recorded, gpu, host, source, model, metrics, flags, labels = (
            [reading[field] for reading in readings] for field in range(len(Reading._fields))
        )
        told = set().union(*metrics)
        others = told.difference(self._known)
        more = [[each for each in found.items() if each[0] in others] if others else [] for found in metrics]
        columns = {
            "rejected": pa.array(reasons, pa.string()),
            "sent": records.column("timestamp"),
            "origin": pa.array(origin, pa.string()),
            "row": pa.array(row, pa.int64()),
            "mode": pa.array(mode, pa.string()),
            "time": pa.array(at, pa.int64()).cast(pa.timestamp("us", "UTC")),
            **{
                name: pa.array(texts, pa.string())
                for name, texts in zip(COLUMNS[4:], (recorded, gpu, host, source, model), strict=True)
            },
            **{name: _floats([found.get(name) for found in metrics]) for name in self._known if name in told},
            "more": pa.array([[(name, float(value)) for name, value in each] for each in more], _NUMBERS),
            "flags": pa.array([list(each.items()) for each in flags], _TEXTS),
            "labels": pa.array([list(each.items()) or None for each in labels], _TEXTS),
        }
        return pa.RecordBatch.from_pydict(columns)


def packed(rows: pa.RecordBatch) -> bytes:
    """``rows`` as one value, columns, types and all: Spark carries it unread."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_SMALLER) as stream:
        stream.write_batch(rows)
    made: bytes = sink.getvalue().to_pybytes()
    return made


def _floats(values: list[float | None]) -> pa.Array:
    try:
        return pa.array(values, pa.float64())
    except pa.ArrowInvalid:
        # An integer that no double holds exactly: the nearest one does, as everywhere else.
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
