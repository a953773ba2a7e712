"""What the feed knows, in memory: fed by one thread, asked by many pages.

Thousands of readings a second must cost little: a record's key says whose it is, so its bytes are only kept, and
decoded when somebody looks, or once per step of the sparkline.
"""

from __future__ import annotations

import re
import threading
from array import array
from collections import deque
from collections.abc import Iterable
from math import isnan, nan
from typing import NamedTuple

from dashboard.stores.live import SPARK_SECONDS, SPARK_STEP, Changes, Latest, LiveState, SparkPoint
from telemetry import topics
from telemetry.errors import Rejected
from telemetry.messages import AlertChange, PipelineReport
from telemetry.reading import decode
from telemetry.timestamp import SECOND

MOST_GPUS = 20_000
MOST_METRICS = 300
"""Of one GPU that have a sparkline."""
MOST_ALERTS = 500
RATE_SECONDS = 10
_SLOTS = SPARK_SECONDS // SPARK_STEP
_STEP = SPARK_STEP * SECOND
_IMPORT = re.compile(rb'"mode"\s*:\s*"import"')
_FAR_FUTURE = 2**62


class Record(NamedTuple):
    """What Kafka gives; ``arrived`` in microseconds UTC."""

    topic: str
    key: bytes | None
    value: bytes | None
    arrived: int


class _Gpu:
    """One GPU: the bytes of its newest reading, and its sparklines as rings."""

    __slots__ = ("arrived", "decoded", "is_import", "raw", "sparks", "step", "version")

    def __init__(self) -> None:
        self.raw = b""
        self.arrived = 0
        self.version = 0
        self.is_import = True
        self.decoded: Latest | None = None
        self.step = 0
        self.sparks: dict[str, array[float]] = {}

    def latest(self) -> Latest | None:
        """None where the bytes are no reading: its consumers have made a dead letter of it."""
        if self.decoded is None and self.raw:
            try:
                reading = decode(self.raw, _FAR_FUTURE)
            except Rejected:
                self.raw = b""
                return None
            self.decoded = Latest(
                reading.gpu,
                reading.host,
                reading.source,
                reading.mode,
                reading.model,
                reading.time,
                self.arrived,
                reading.metrics,
                reading.flags,
                reading.labels,
            )
        return self.decoded

    def sample(self) -> None:
        """Into the sparklines, once per step."""
        latest, step = self.latest(), self.arrived // _STEP
        if latest is None:
            return
        behind = range(max(self.step + 1, step - _SLOTS + 1), step + 1)
        for ring in self.sparks.values():
            for each in behind:
                ring[each % _SLOTS] = nan
        self.step = step
        for metric, value in latest.metrics.items():
            found = self.sparks.get(metric)
            if found is None:
                if len(self.sparks) >= MOST_METRICS:
                    continue
                found = self.sparks[metric] = array("f", [nan]) * _SLOTS
            found[step % _SLOTS] = value


class Board:
    """Live, but for the thread that feeds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gpus: dict[str, _Gpu] = {}
        """The one that changed last stands at the end."""
        self._version = 0
        self._alerts: deque[AlertChange] = deque(maxlen=MOST_ALERTS)
        self._alert_count = 0
        self._reports: dict[str, tuple[PipelineReport | None, PipelineReport]] = {}
        self._seen: deque[tuple[int, int]] = deque()
        self._state: tuple[str, str] = ("starting", "reading the last minutes")

    def feed(self, records: Iterable[Record], now: int) -> None:
        """A batch, in its order."""
        with self._lock:
            readings = 0
            for record in records:
                if record.value is None:
                    continue
                if record.topic == topics.GPU_METRICS:
                    readings += 1
                    self._reading(record, record.value)
                elif record.topic == topics.GPU_ALERTS:
                    self._alert(record.value)
                elif record.topic == topics.GPU_PIPELINE:
                    self._report(record.value)
            self._seen.append((now, readings))

    def tell(self, state: str, detail: str = "") -> None:
        """How the feed is: starting, live or away."""
        self._state = state, detail

    def state(self) -> LiveState:
        state, detail = self._state
        with self._lock:
            newest = self._seen[-1][0] if self._seen else 0
            while self._seen and self._seen[0][0] < newest - RATE_SECONDS * SECOND:
                self._seen.popleft()
            rate = sum(count for _, count in self._seen) / RATE_SECONDS
            gpus = len(self._gpus)
        if state == "live":
            return LiveState("live", detail, rate, gpus)
        return LiveState("away" if state == "away" else "starting", detail, 0.0, gpus)

    def gpus(self) -> list[Latest]:
        with self._lock:
            found = [latest for each in self._gpus.values() if (latest := each.latest()) is not None]
        return sorted(found, key=lambda each: each.gpu)

    def gpu(self, gpu: str) -> Latest | None:
        with self._lock:
            known = self._gpus.get(gpu)
            return known.latest() if known else None

    def sparkline(self, gpu: str, metric: str) -> list[SparkPoint]:
        with self._lock:
            known = self._gpus.get(gpu)
            ring = known.sparks.get(metric) if known else None
            if known is None or ring is None:
                return []
            steps = range(known.step - _SLOTS + 1, known.step + 1)
            return [SparkPoint(n * _STEP, value) for n in steps if not isnan(value := ring[n % _SLOTS])]

    def alert_changes(self) -> list[AlertChange]:
        with self._lock:
            return list(reversed(self._alerts))

    def pipeline(self) -> list[PipelineReport]:
        with self._lock:
            return [newest for _, newest in sorted(self._reports.values(), key=lambda pair: pair[1].process)]

    def report_pairs(self) -> list[tuple[PipelineReport | None, PipelineReport]]:
        """(the one before, the newest) of each process: rates follow from two."""
        with self._lock:
            return list(self._reports.values())

    def subscribe(self, gpu: str | None = None) -> BoardSubscription:
        with self._lock:
            return BoardSubscription(self, self._version, self._alert_count, gpu)

    def since(self, version: int, alerts: int, gpu: str | None = None) -> tuple[Changes, int, int]:
        """What came after (of readings, those of ``gpu``), and the numbers to ask with the next time."""
        with self._lock:
            readings = []
            for each in self._newest(gpu):
                if each.version <= version:
                    break
                latest = each.latest()
                if latest is not None:
                    readings.append(latest)
            fresh = self._alert_count - alerts
            kept = list(self._alerts)[-fresh:] if fresh else []
            changes = Changes(tuple(readings), tuple(kept), fresh - len(kept))
            return changes, self._version, self._alert_count

    def _newest(self, gpu: str | None) -> Iterable[_Gpu]:
        """The one that changed last first."""
        if gpu is None:
            return reversed(self._gpus.values())
        return [self._gpus[gpu]] if gpu in self._gpus else []

    def _reading(self, record: Record, value: bytes) -> None:
        name = (record.key or b"").decode("utf-8", "replace")
        known = self._gpus.pop(name, None)
        if known is None:
            if len(self._gpus) >= MOST_GPUS:
                del self._gpus[next(iter(self._gpus))]
            known = _Gpu()
        is_import = _IMPORT.search(value) is not None
        self._version += 1
        if not is_import or known.is_import:
            known.raw, known.decoded, known.arrived, known.is_import = value, None, record.arrived, is_import
            known.version = self._version
            if not is_import and record.arrived // _STEP > known.step:
                known.sample()
        self._gpus[name] = known

    def _alert(self, value: bytes) -> None:
        try:
            self._alerts.append(AlertChange.decode(value))
        except Rejected:
            return
        self._alert_count += 1

    def _report(self, value: bytes) -> None:
        try:
            report = PipelineReport.decode(value)
        except Rejected:
            return
        before = self._reports.get(report.process)
        self._reports[report.process] = (before[1] if before else None, report)


class BoardSubscription:
    """One subscriber's place."""

    def __init__(self, board: Board, version: int, alerts: int, gpu: str | None) -> None:
        self._board = board
        self._gpu = gpu
        self._version = version
        self._alerts = alerts

    def take(self) -> Changes:
        changes, self._version, self._alerts = self._board.since(self._version, self._alerts, self._gpu)
        return changes
