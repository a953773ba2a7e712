"""One batch of the stream: the anomalies of all windows that it may have changed, into Kafka and the lake.

The suspicious readings and the windows are picked out of the batch's columns; they are few, and judged one by one:
docs/decisions/0010-anomalies-are-judged-on-the-driver.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.detectors import regions
from spark_jobs.detectors.anomaly_store import AnomalyStore
from spark_jobs.detectors.baselines import Baselines
from spark_jobs.detectors.detector import Anomalies, Detector
from spark_jobs.detectors.of_windows import metrics_judged
from spark_jobs.detectors.regions import Regions
from spark_jobs.detectors.series import GpuWindow
from spark_jobs.detectors.suspects import Suspects
from spark_jobs.detectors.window_rows import WindowRows
from spark_jobs.lake import Lake
from spark_jobs.window_keys import Key
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock
from telemetry.settings import Settings

MOST_SPANS = 20


class Detection:
    """Called after the windows of a batch stand in the lake; by one thread at a time."""

    def __init__(
        self,
        spark: SparkSession,
        lake: Lake,
        catalogue: Catalogue,
        settings: Settings,
        clock: Clock,
        store: Anomalies | None = None,
    ) -> None:
        """``store`` is Kafka and the lake unless it is given."""
        self._lake = lake
        self._rows = WindowRows(metrics_judged(catalogue))
        self._suspects = Suspects(catalogue)
        self._detector = Detector(
            catalogue,
            settings.window_seconds,
            self._read,
            store or AnomalyStore(spark, lake, catalogue, settings),
            Baselines(spark, settings, clock).known,
        )

    def __call__(self, readings: pa.Table, windows: pa.Table, touched: Iterable[tuple[str, int]]) -> None:
        """``readings``: those that the batch brought; ``windows``: those that stand in the lake now, of all ``touched``
        (gpu, start in microseconds)."""
        self._detector.see(self._suspects.of(readings), self._rows.of(windows), touched)

    def again(self, readings: DataFrame, windows: DataFrame, touched: Sequence[Key]) -> None:
        """The same of what stands in the lake."""
        told = readings.select(*self._suspects.columns).toArrow()
        self._detector.see(self._suspects.of(told), self._rows.read(windows, {gpu for gpu, _ in touched}), touched)

    def end_batch(self) -> None:
        """After all parts of a batch: writes what is due."""
        self._detector.end_batch()

    def flush(self) -> None:
        """Writes what waits."""
        self._detector.flush()

    def _read(self, wanted: Regions) -> Iterable[tuple[str, GpuWindow]]:
        return self._rows.read(self._lake.windows_between(regions.fewest(wanted, MOST_SPANS)), wanted)
