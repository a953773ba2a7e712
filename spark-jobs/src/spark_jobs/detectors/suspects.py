"""Which readings are worth a look of the judge of readings, column by column: most are not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spark_jobs.detectors.of_readings import Suspect, metrics_looked_at
from spark_jobs.transforms.other_sensors import entries
from telemetry import reading
from telemetry.catalogue import Catalogue, Metric

_Mask = npt.NDArray[np.bool_]
_Values = npt.NDArray[np.float64]
_PLACES = ("gpu", "host", "source", "mode", "model")
_LARGE = 2.0**62
"""No bit of a mask lies beyond, and the next power would be no 64-bit integer."""


class Suspects:
    """By the limits, the throttling bits and the flags of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._metrics = metrics_looked_at(catalogue)
        self.columns = (*_PLACES, "time", "flags", *(metric.name for metric in self._metrics))
        """All that is looked at of a reading."""

    def of(self, readings: pa.Table) -> list[Suspect]:
        """Every one of ``readings`` (:func:`spark_jobs.schema.readings`) in which of_readings finds something, and few
        others; by their times."""
        looked_at = [metric for metric in self._metrics if metric.name in readings.column_names]
        dropped = entries(readings.column("flags").combine_chunks())
        is_suspicious = np.zeros(len(readings), np.bool_)
        if dropped is not None:
            said = np.array(dropped.column("value").to_pylist()) == reading.IMPLAUSIBLE
            is_suspicious[dropped.column("entry_of").to_numpy()[said]] = True
        for metric in looked_at:
            is_suspicious |= _may_show(metric, readings.column(metric.name).to_numpy())
        picked = readings.select([*_PLACES, "time", "flags", *(metric.name for metric in looked_at)])
        picked = picked.take(pa.array(np.flatnonzero(is_suspicious)))
        names = [metric.name for metric in looked_at]
        return sorted(_suspects(picked, names), key=lambda each: each.time)


def _suspects(picked: pa.Table, metrics: list[str]) -> Iterator[Suspect]:
    times = picked.column("time").cast(pa.int64()).to_pylist()
    flags = (each or () for each in picked.column("flags").to_pylist())
    dropped = (tuple(name for name, flag in each if flag == reading.IMPLAUSIBLE) for each in flags)
    of_metrics = zip(*(picked.column(name).to_pylist() for name in metrics), strict=True) if metrics else repeat(())
    values = ({n: v for n, v in zip(metrics, row, strict=True) if v is not None} for row in of_metrics)
    places = (picked.column(name).to_pylist() for name in _PLACES)
    # The values may have no end.
    return map(Suspect, *places, times, values, dropped)


def _may_show(metric: Metric, values: _Values) -> _Mask:
    """``values``: NaN where there is none, which nothing is above, below, or a bit of."""
    shows = np.zeros(len(values), np.bool_)
    if metric.throttling:
        masks = np.clip(np.nan_to_num(values), -_LARGE, _LARGE).astype(np.int64)
        shows |= masks & sum(metric.throttling) != 0
    for limits in (metric.limits, *metric.limits_by_model):
        # Of all models, because which one it is costs more to ask than a few readings too many.
        levels = [each for each in (limits.warning, limits.critical) if each is not None] if limits else []
        if limits and limits.direction == "above":
            shows |= values > min(levels)
        elif limits:
            shows |= values < max(levels)
    return shows
