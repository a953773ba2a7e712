"""What a run that was killed had kept back, windows and anomalies, is made again out of the lake's own history."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

from pyspark.errors import PySparkException

from spark_jobs import open_windows
from spark_jobs.detectors import known_anomalies
from spark_jobs.detectors.detection import Detection
from spark_jobs.lake import Lake
from spark_jobs.lake_windows import LakeWindows
from spark_jobs.transforms import windows
from spark_jobs.window_keys import Key, keys
from spark_jobs.window_store import WindowStore
from telemetry.catalogue import Catalogue

logger = logging.getLogger(__name__)

TRIES = 3
MOST_READINGS = 50_000
"""So many are brought to the driver at once."""
_BATCHES = max(known_anomalies.HELD_BATCHES, open_windows.HELD_BATCHES) + 1 + TRIES
"""Those that may have kept something back, the one that was cut off, and those of this run."""


class CatchUp:
    """Once, and again after a batch that was cut off; by one thread at a time."""

    def __init__(
        self,
        lake: Lake,
        readings: LakeWindows,
        store: WindowStore,
        detection: Detection | None,
        catalogue: Catalogue,
        seconds: int,
    ) -> None:
        self._lake = lake
        self._readings = readings
        self._store = store
        self._detection = detection
        self._catalogue = catalogue
        self._seconds = seconds
        self._tries = TRIES

    def needed(self) -> None:
        """From now on."""
        self._tries = TRIES

    def not_needed(self) -> None:
        """There is nothing before."""
        self._tries = 0

    def run(self) -> None:
        """Where it is needed. Not before the first readings stand in the lake: whoever starts waits for those."""
        if not self._tries:
            return
        self._tries -= 1
        try:
            for appended in self._lake.last_appended(_BATCHES, MOST_READINGS):
                touched = self._readings.touched_by(appended)
                self._mend(touched)
                if self._detection is not None:
                    self._detection.again(appended, self._readings.rows(touched), touched)
                    self._detection.end_batch()
            self._tries = 0
        except PySparkException as error:
            # HDFS was away for a moment; or what was compacted a week ago cannot be asked for by its commits any more,
            # and nothing waits for so long.
            words = "the last batches are not looked at again, tries_left=%d: error=%s"
            logger.warning(words, self._tries, str(error).splitlines()[0])

    def _mend(self, touched: Sequence[Key]) -> None:
        """Those of these windows that the table lacks, or has with other readings than the lake, are made again."""
        wanted = self._readings.counts(touched)
        rows = self._readings.rows(touched).filter("metric IS NULL").select("gpu", "start", "count").toArrow()
        told = dict(zip(keys(rows), rows["count"].to_pylist(), strict=True))
        wrong = {key: count for key, count in wanted.items() if told.get(key) != count and not self._store.keeps(key)}
        for part in _parts(wrong):
            self._store.mend(windows.windows(self._readings.readings(part), self._catalogue, self._seconds))


def _parts(counts: Mapping[Key, int]) -> Iterator[list[Key]]:
    """The windows, of as many together as have no more than MOST_READINGS, but of one at least."""
    part: list[Key] = []
    total = 0
    for key, count in counts.items():
        if part and total + count > MOST_READINGS:
            yield part
            part, total = [], 0
        part.append(key)
        total += count
    if part:
        yield part
