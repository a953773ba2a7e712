"""Rows of the table of windows -> the windows of each GPU, as the detectors look at them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.detectors.series import GpuWindow, Stats

_COLUMNS = ("gpu", "host", "source", "mode", "metric", "avg", "min", "max", "change", "start", "end")
_TIMES = ("start", "end")
AT_ONCE = 5000
"""Rows that are Python objects at a time."""


class WindowRows:
    """Of ``metrics``."""

    def __init__(self, metrics: Sequence[str]) -> None:
        self._metrics = pa.array(metrics)
        # Made once, because each part costs a call into the JVM.
        self._is_wanted = F.col("metric").isin(*metrics)

    def read(self, windows: DataFrame, gpus: Collection[str] | None = None) -> Iterator[tuple[str, GpuWindow]]:
        """As :meth:`of`, out of the lake."""
        return self.of(windows.filter(self._is_wanted).select(*_COLUMNS).toArrow(), gpus)

    def of(self, windows: pa.Table, gpus: Collection[str] | None = None) -> Iterator[tuple[str, GpuWindow]]:
        """(gpu, window) out of rows of :data:`spark_jobs.schema.WINDOWS`; of ``gpus``, or of all."""
        rows = windows.select(_COLUMNS).filter(pc.is_in(windows.column("metric"), self._metrics))
        for name in _TIMES:
            rows = rows.set_column(_COLUMNS.index(name), name, rows.column(name).cast(pa.int64()))
        made: dict[tuple[str, int], GpuWindow] = {}
        for batch in rows.to_batches(max_chunksize=AT_ONCE):
            columns = (batch.column(name).to_pylist() for name in _COLUMNS)
            for gpu, host, source, mode, metric, avg, low, high, change, start, end in zip(*columns, strict=True):
                if gpus is not None and gpu not in gpus:
                    continue
                window = made.get((gpu, start))
                if window is None:
                    window = made[gpu, start] = GpuWindow(start, end, host, source, mode, {})
                window.metrics[metric] = Stats(avg, low, high, change)
        return ((gpu, window) for (gpu, _), window in made.items())
