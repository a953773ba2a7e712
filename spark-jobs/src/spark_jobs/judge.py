"""telemetry's judge of a reading, as Arrow columns: what runs in Spark's Python workers, so it imports little."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from telemetry.errors import Rejected
from telemetry.reading import Reading, decode

COLUMNS = ("origin", "row", "mode", "time", "recorded", "gpu", "host", "source", "model")
_TEXTS = pa.map_(pa.string(), pa.string())
_NUMBERS = pa.map_(pa.string(), pa.float64())
_NO_READING: tuple[Any, ...] = (*[None] * len(COLUMNS), {}, {}, {})


class Judge:
    """For mapInArrow: records (``value``, ``timestamp``) -> ``rejected``, ``sent``, COLUMNS, ``known``, more,
    flags, labels."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = tuple(known)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield self.judge(batch, time.time_ns() // 1000)

    def judge(self, records: pa.RecordBatch, now: int) -> pa.RecordBatch:
        """One row per record, in their order; ``rejected`` is the reason, or null where there is a reading."""
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
        known = frozenset(self._known)
        more = [[each for each in found.items() if each[0] not in known] for found in metrics]
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
            **{name: _floats([found.get(name) for found in metrics]) for name in self._known},
            "more": pa.array([[(name, float(value)) for name, value in each] for each in more], _NUMBERS),
            "flags": pa.array([list(each.items()) for each in flags], _TEXTS),
            "labels": pa.array([list(each.items()) or None for each in labels], _TEXTS),
        }
        return pa.RecordBatch.from_pydict(columns)


def _floats(values: list[float | None]) -> pa.Array:
    try:
        return pa.array(values, pa.float64())
    except pa.ArrowInvalid:
        # An integer that no double holds exactly: the nearest one does, as everywhere else.
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
