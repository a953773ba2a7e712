"""What a batch of readings and windows changes about the anomalies: reads what it lacks, judges, writes. No Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from spark_jobs.detectors import findings, regions
from spark_jobs.detectors.changes import Changes, Episode, changes
from spark_jobs.detectors.episodes import EXPECTED_GAP_SECONDS, GAP_SECONDS, episodes
from spark_jobs.detectors.findings import Finding
from spark_jobs.detectors.known_anomalies import KnownAnomalies
from spark_jobs.detectors.near_windows import NearWindows, Read
from spark_jobs.detectors.of_readings import Suspect, of_readings
from spark_jobs.detectors.of_windows import Known, WindowJudge
from spark_jobs.detectors.regions import Regions
from spark_jobs.detectors.series import GpuWindow, follows, look_back
from spark_jobs.spans import Span
from telemetry.catalogue import Catalogue
from telemetry.timestamp import SECOND

_GAP = max(GAP_SECONDS, EXPECTED_GAP_SECONDS) * SECOND


class Anomalies(Protocol):
    """Where anomalies are kept."""

    def of(self, spans: list[Span]) -> Iterable[Episode]:
        """All of the dates (UTC) of ``spans``; more do no harm."""

    def write(self, changes: Changes) -> None:
        """Idempotent. What it raises ends the process, and the next one finds the same changes."""


class Detector:
    """The same anomalies whatever the order of batches, and however often they come."""

    def __init__(
        self,
        catalogue: Catalogue,
        seconds: int,
        read: Read,
        store: Anomalies,
        baselines: Callable[[], Known] = dict,
    ) -> None:
        self._catalogue = catalogue
        self._seconds = seconds
        self._store = store
        self._baselines = baselines
        self._judge = WindowJudge(catalogue, seconds)
        self._near = NearWindows(read)
        self._known = KnownAnomalies(store.of)

    def see(
        self,
        suspects: Iterable[Suspect],
        windows: Iterable[tuple[str, GpuWindow]],
        touched: Iterable[tuple[str, int]],
    ) -> None:
        """``suspects``: of the readings that the batch brought; ``windows``: all ``touched`` (gpu, start), as the
        lake has them now."""
        around = regions.of_touched(touched, self._seconds)
        self._near.put(windows)
        pieces = of_readings(suspects, self._catalogue)
        stored = self._known.near(around, _GAP)
        pieces += self._of_windows(around, stored)
        # What earlier batches found of the readings' kind: their readings are not looked at again.
        pieces += [each.finding for each in stored if each.kind in findings.OF_READINGS]
        beside = {gpu: regions.widened(spans, _GAP, _GAP) for gpu, spans in around.items()}
        self._known.take(changes(episodes(pieces), stored, beside))

    def end_batch(self) -> None:
        """After all that a batch brought was seen: writes what is due."""
        if self._known.end_batch():
            self.flush()

    def flush(self) -> None:
        """Writes what waits."""
        waiting = self._known.waiting()
        if waiting.written or waiting.gone:
            self._store.write(waiting)
            self._known.written()

    def _of_windows(self, around: Regions, stored: list[Episode]) -> list[Finding]:
        of_windows_stored = ((each.gpu, each.span) for each in stored if each.kind in findings.OF_WINDOWS)
        asked = regions.with_episodes(around, of_windows_stored)
        fresh = {gpu: regions.united([*around[gpu], *self._near.unjudged(gpu, spans)]) for gpu, spans in asked.items()}
        before, after = look_back(self._seconds) * SECOND, (follows(self._seconds) + self._seconds) * SECOND
        read = {gpu: regions.widened(spans, before, after) for gpu, spans in fresh.items()}
        baselines = self._baselines()
        found: list[Finding] = []
        for gpu, windows in self._near.of(read).items():
            judged = self._judge.findings(gpu, windows, baselines, fresh[gpu])
            self._near.remember(gpu, fresh[gpu], judged)
            found += self._near.found(gpu, asked[gpu])
        self._near.forget({gpu: regions.united([*read[gpu], *spans]) for gpu, spans in asked.items()})
        return found
