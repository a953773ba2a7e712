"""Rows of the table of windows -> the windows of each GPU, as the detectors look at them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.detectors.series import GpuWindow, Stats

_COLUMNS = ("gpu", "host", "source", "mode", "metric", "avg", "min", "max", "change")


class WindowRows:
    """Of ``metrics``; the columns are made once, because each costs calls into the JVM."""

    def __init__(self, metrics: Sequence[str]) -> None:
        self._is_wanted = F.col("metric").isin(*metrics)
        self._columns: list[Column] = [
            *map(F.col, _COLUMNS),
            F.unix_micros("start").alias("start"),
            F.unix_micros("end").alias("end"),
        ]

    def of(self, windows: DataFrame, gpus: Collection[str] | None = None) -> Iterator[tuple[str, GpuWindow]]:
        """(gpu, window) out of rows of :data:`spark_jobs.schema.WINDOWS`; of ``gpus``, or of all."""
        rows = windows.filter(self._is_wanted).select(*self._columns).toArrow()
        names = [*_COLUMNS, "start", "end"]
        made: dict[tuple[str, int], GpuWindow] = {}
        for batch in rows.to_batches(max_chunksize=5000):
            columns = (batch.column(name).to_pylist() for name in names)
            for gpu, host, source, mode, metric, avg, low, high, change, start, end in zip(*columns, strict=True):
                if gpus is not None and gpu not in gpus:
                    continue
                window = made.get((gpu, start))
                if window is None:
                    window = made[gpu, start] = GpuWindow(start, end, host, source, mode, {})
                window.metrics[metric] = Stats(avg, low, high, change)
        return ((gpu, window) for (gpu, _), window in made.items())
