"""What a GPU as a whole drew and how long it was held back on a day, in numpy: for Spark's applyInArrow, one GPU at a
time. The readings of a day are sorted once, and each source's usual interval is found in the same columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import types as T

from spark_jobs.transforms.distribution import Numbers
from spark_jobs.transforms.usual_interval import Moments, Usual, by_source, longest_gap
from telemetry.catalogue import Metric
from telemetry.timestamp import SECOND

_JOULES_PER_KWH = 3.6e6
_WHO = ("gpu", "host", "demo")
SCHEMA = T.StructType(
    [
        *(T.StructField(name, T.StringType()) for name in ("gpu", "host")),
        T.StructField("demo", T.BooleanType()),
        T.StructField("readings", T.LongType()),
        T.StructField("interval_by_source", T.MapType(T.StringType(), T.DoubleType())),
        T.StructField("energy_kwh", T.DoubleType()),
        T.StructField("minutes_by_throttle_reason", T.MapType(T.StringType(), T.DoubleType())),
        T.StructField("throttled_minutes", T.DoubleType()),
    ]
)
_MAP = pa.map_(pa.string(), pa.float64())

Marks = npt.NDArray[np.bool_]


def row_of(masks: Sequence[Metric]) -> Callable[[pa.Table], pa.Table]:
    """What makes of the readings of one GPU (gpu, host, demo, source, time, power, a column per mask) its row of
    SCHEMA."""

    # Spark takes no object that can be called, and no method.
    def row(readings: pa.Table) -> pa.Table:
        return _row(readings, masks)

    return row


def _row(readings: pa.Table, masks: Sequence[Metric]) -> pa.Table:
    order, sources, source = by_source(readings)
    times = readings.column("time").cast(pa.int64()).to_numpy()[order]
    usual = {name: Usual.of(Moments.of(times[source == place])) for place, name in enumerate(sources)}
    intervals = {name: found.interval for name, found in usual.items() if found is not None}
    gaps = np.array([longest_gap(intervals.get(name)) for name in sources])[source]
    seconds: Numbers = np.diff(times) / SECOND
    # A step between two sources is bridged where either would bridge it: the other may have begun or ended there.
    counted = seconds <= np.maximum(gaps[1:], gaps[:-1])
    power: Numbers = readings.column("power").to_numpy()[order]
    values = [(metric, readings.column(metric.name).to_numpy()[order]) for metric in masks]
    minutes, throttled = _held_back(values, np.where(counted, seconds / 60, 0.0), counted)
    made = {
        "readings": pa.array([len(times)]),
        "interval_by_source": pa.array([list(intervals.items())], _MAP),
        "energy_kwh": pa.array([_energy(power, seconds, counted)], pa.float64()),
        "minutes_by_throttle_reason": pa.array([None if minutes is None else list(minutes.items())], _MAP),
        "throttled_minutes": pa.array([throttled], pa.float64()),
    }
    whose = readings.select(list(_WHO)).slice(0, 1)
    return pa.table({name: whose.column(name) for name in _WHO} | made)


def _held_back(
    masks: Iterable[tuple[Metric, Numbers]], minutes: Numbers, counted: Marks
) -> tuple[dict[str, float] | None, float | None]:
    """By reason, and for whatever reason; a step (``minutes``, 0 where it is not ``counted``) is of the reading at its
    end. None where no step tells."""
    by_reason: dict[str, float] = {}
    held, told = np.zeros_like(counted), np.zeros_like(counted)
    for metric, values in masks:
        is_known = ~np.isnan(values)
        bits = np.where(is_known, values, 0.0).astype(np.int64)
        seen = int(np.bitwise_or.reduce(bits))
        by_reason |= {
            text: float(minutes[bits[1:] & bit != 0].sum()) for bit, text in metric.bits.items() if seen & bit
        }
        held |= bits[1:] & sum(metric.throttling) != 0
        told |= is_known[1:]
    if not (told & counted).any():
        return None, None
    return by_reason, float(minutes[held].sum())


def _energy(power: Numbers, seconds: Numbers, counted: Marks) -> float | None:
    """Kilowatt-hours by trapezoids; None where no step that is counted has power at both ends."""
    joules = (power[1:] + power[:-1]) / 2 * seconds
    known = counted & ~np.isnan(joules)
    return float(joules[known].sum()) / _JOULES_PER_KWH if known.any() else None
