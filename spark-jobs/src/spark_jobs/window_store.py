"""Where the windows of the stream go: the topic ``gpu-windows`` at once, the table of the lake once they are whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from spark_jobs.kafka_messages import send
from spark_jobs.lake import Lake
from spark_jobs.lake_windows import LakeWindows
from spark_jobs.open_windows import OpenWindows, Ready
from spark_jobs.transforms.window_messages import messages
from spark_jobs.window_keys import Key, different
from telemetry import topics
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

_RECENT = 12 * 3600 * SECOND
"""No reading of so young a window has expired, so a window without readings has no row in the table either."""
ROWS_AT_ONCE = 100_000
"""The driver's heap holds a frame more than once: of 260,000 rows it had no room in 512 MB."""


class WindowStore:
    """By one thread at a time; rows are those of :data:`spark_jobs.schema.WINDOWS`."""

    def __init__(self, spark: SparkSession, lake: Lake, readings: LakeWindows, settings: Settings) -> None:
        self._spark = spark
        self._lake = lake
        self._settings = settings
        self._readings = readings
        self._open = OpenWindows()

    def take(
        self, made: pa.Table, touched: Sequence[Key], known: Collection[Key], live: Collection[str], now: int
    ) -> None:
        """``made``: the rows of all ``touched``, whose readings are in the lake; ``known``: those of them that had
        readings there before; ``live``: the GPUs that go on where they are."""
        fresh = [(gpu, start) for gpu, start in touched if (gpu, start) not in known and start > now - _RECENT]
        self._write(self._open.take(made, touched, fresh, live))
        send(self._spark, self._settings, topics.GPU_WINDOWS, messages(made))

    def flush(self) -> None:
        """Writes what still fills."""
        self._write(self._open.flush())

    def forget(self) -> None:
        """What was kept back, after a batch that was cut off: :mod:`spark_jobs.catch_up` makes up for it."""
        self._open = OpenWindows()

    def keeps(self, key: Key) -> bool:
        """Whether this window still fills, and is not written yet."""
        return self._open.has(key)

    def mend(self, made: pa.Table) -> None:
        """Puts ``made``, all rows of some windows, in the place of those that the table has of them."""
        self._replace(made)

    def _write(self, ready: Ready) -> None:
        for part in _parts(ready.fresh):
            self._lake.append_windows(self._spark.createDataFrame(part))
        self._replace(ready.others)

    def _replace(self, rows: pa.Table) -> None:
        if rows:
            self._lake.replace_windows(self._spark.createDataFrame(rows), self._readings.covered(different(rows)))


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    """Of no more than ROWS_AT_ONCE each. The row that counts a window's readings is after all others of the window:
    what was cut off between two parts is told from what is whole by it (:mod:`spark_jobs.catch_up`)."""
    if len(rows) > ROWS_AT_ONCE:
        # Nulls, which is what its metric is, come last.
        rows = rows.take(pc.sort_indices(rows, [("metric", "ascending")]))
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        yield rows.slice(begin, ROWS_AT_ONCE)
