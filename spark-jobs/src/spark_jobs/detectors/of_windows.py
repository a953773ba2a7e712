"""Windows -> findings that need an average or a neighbour: rate of change, stuck, hot for its load, level shift. Pure.

All frames are rows of one (GPU, metric) in the order of time, and hold only where they span no gap. A window is judged
once another follows it: until then it is still filling, and a finding of it could vanish with the next reading.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from spark_jobs.detectors import findings
from spark_jobs.detectors.episodes import DAY
from spark_jobs.detectors.findings import Finding
from spark_jobs.detectors.series import Frame, GpuWindow, Row, follows, frame, rows_of
from spark_jobs.load_bands import LOAD, band
from spark_jobs.spans import Span
from telemetry.catalogue import Catalogue, Metric
from telemetry.timestamp import SECOND


class Usual(NamedTuple):
    """Centre and spread of a metric's averages at one load."""

    median: float
    mad: float


Known = Mapping[tuple[str, str, str], Usual]
"""gpu, metric, load band -> what is usual for this card."""

LEAST_WINDOWS = 20
"""A baseline of fewer is none: ten minutes of work."""
_STUCK_LOAD = 30.0
"""The windows' load must have moved by this many points: a sensor of an idle card may well stay."""
_WARM_MINUTES = 10.0
"""A cooler stays warm for so long after work: what is usual at the highest load of that time is usual."""
_HOT_WINDOWS = 4
_HOT_SCORE = 3.5
"""Iglewicz and Hoaglin (1993): a modified z-score above 3.5 is an outlier."""
_VERY_HOT_SCORE = 7.0
_Z = 0.6745
"""MAD over standard deviation of a normal distribution."""
_SHIFT_BEFORE, _SHIFT_BETWEEN, _SHIFT_AFTER = 8, 2, 4
"""Windows on either side of a step, and how long it may take."""
_SHIFT_LOAD = 10.0
"""Points by which the load may differ over all of them: beyond, the load explains the step."""


def metrics_judged(catalogue: Catalogue) -> list[str]:
    """The metrics whose windows the judge wants to see."""
    rules = ("fastest_change", "stuck_after", "level_shift", "usual_at_load")
    return sorted({LOAD, *(each.name for each in catalogue if any(getattr(each, rule) for rule in rules))})


class WindowJudge:
    """Judges windows of ``seconds`` by the rules of the catalogue."""

    def __init__(self, catalogue: Catalogue, seconds: int) -> None:
        self._seconds = seconds
        self._metrics = [catalogue[name] for name in metrics_judged(catalogue)]
        self._names = frozenset(metrics_judged(catalogue))
        self._rules: tuple[Callable[[_Judged], Finding | None], ...] = (_rate, _stuck, _hot, _shift)

    def findings(
        self, gpu: str, windows: Sequence[GpuWindow], baselines: Known, asked: Iterable[Span]
    ) -> Iterator[Finding]:
        """Of the closed windows that begin in ``asked``; ``windows`` rise, and reach back by the look-back beyond."""
        closed = self._closed(windows)
        spans = list(asked)
        for metric in self._metrics:
            series = [
                Row(each, each.metrics[metric.name], each.metrics[LOAD].avg if LOAD in each.metrics else None)
                for each in windows
                if metric.name in each.metrics
            ]
            starts = [row.window.start for row in series]
            for span in spans:
                for place in range(bisect_left(starts, span.begin), bisect_left(starts, span.end)):
                    if starts[place] in closed:
                        judged = _Judged(gpu, metric, series, place, baselines, self._seconds)
                        yield from (found for rule in self._rules if (found := rule(judged)) is not None)

    def _closed(self, windows: Sequence[GpuWindow]) -> set[int]:
        starts = [each.start for each in windows if not self._names.isdisjoint(each.metrics)]
        longest = follows(self._seconds) * SECOND
        return {before for before, after in pairwise(starts) if 0 < after - before <= longest}


class _Judged:
    """One window of one metric, and what lies before it."""

    def __init__(
        self, gpu: str, metric: Metric, series: Sequence[Row], place: int, baselines: Known, seconds: int
    ) -> None:
        self.gpu = gpu
        self.metric = metric
        self.row = series[place]
        self.seconds = seconds
        self._series = series
        self._place = place
        self._baselines = baselines

    def frame(self, wanted: int) -> Frame:
        return frame(self._series, self._place, wanted)

    def warm(self, place: int) -> Frame:
        """The windows whose work may still warm the cooler in the one ``place`` rows back."""
        return frame(self._series, self._place - place, rows_of(_WARM_MINUTES, self.seconds))

    def usual(self, place: int) -> Usual | None:
        rules = self.metric.usual_at_load
        loads = self.warm(place).loads()
        if rules is None or not loads:
            return None
        name = band(max(loads))
        known = self._baselines.get((self.gpu, self.metric.name, name)) or rules.bands[name]
        return Usual(known.median, max(known.mad, rules.least_mad))

    def score(self, place: int) -> float | None:
        """The modified z-score of the window ``place`` rows back."""
        if place > self._place or (usual := self.usual(place)) is None:
            return None
        return _Z * (self._series[self._place - place].stats.avg - usual.median) / usual.mad

    def found(
        self,
        kind: str,
        since: GpuWindow,
        value: float,
        *,
        limit: float | None = None,
        score: float | None = None,
        rank: int = findings.RANKS["warning"],
    ) -> Finding:
        window = self.row.window
        # An anomaly lies in one date.
        start = max(since.start, window.start // DAY * DAY)
        place = (self.gpu, window.host, window.source, window.mode, kind, self.metric.name, 0)
        badness = value if score is None else score
        return Finding(*place, start, window.end, rank, badness, window.start, value, limit, score)


def _rate(judged: _Judged) -> Finding | None:
    fastest, change = judged.metric.fastest_change, judged.row.stats.change
    if fastest is None or change is None or change <= fastest.per_second:
        return None
    return judged.found(findings.RATE, judged.row.window, change, limit=fastest.per_second)


def _stuck(judged: _Judged) -> Finding | None:
    rule, stats = judged.metric.stuck_after, judged.row.stats
    if rule is None or stats.min != stats.max:
        return None
    rows = judged.frame(rows_of(rule.minutes, judged.seconds))
    moved = rows.load_moved()
    has_moved = moved is not None and moved >= _STUCK_LOAD
    one_value = all(row.stats.min == stats.min and row.stats.max == stats.min for row in rows.rows)
    if not (one_value and has_moved and rows.is_whole(judged.seconds)):
        return None
    return judged.found(findings.STUCK, rows.rows[0].window, stats.avg)


def _hot(judged: _Judged) -> Finding | None:
    if judged.metric.usual_at_load is None:
        return None
    for place in range(_HOT_WINDOWS):
        score = judged.score(place)
        if score is None or score <= _HOT_SCORE:
            return None
    score, usual = judged.score(0), judged.usual(0)
    if score is None or usual is None or not judged.warm(0).is_whole(judged.seconds):
        return None
    rank = findings.RANKS["critical" if score > _VERY_HOT_SCORE else "warning"]
    since = judged.frame(_HOT_WINDOWS).rows[0].window
    return judged.found(findings.HOT, since, judged.row.stats.avg, limit=usual.median, score=score, rank=rank)


def _shift(judged: _Judged) -> Finding | None:
    if (rule := judged.metric.level_shift) is None:
        return None
    whole = judged.frame(_SHIFT_BEFORE + _SHIFT_BETWEEN + _SHIFT_AFTER)
    if not whole.is_whole(judged.seconds):
        return None
    averages = [row.stats.avg for row in whole.rows]
    before, after = averages[:_SHIFT_BEFORE], averages[-_SHIFT_AFTER:]
    # The two sides do not even touch: no average of a noisy metric passes for a step.
    step = max(min(after) - max(before), min(before) - max(after))
    moved = whole.load_moved()
    if step < rule.least or moved is None or moved > _SHIFT_LOAD:
        return None
    return judged.found(
        findings.SHIFT,
        whole.rows[-_SHIFT_AFTER].window,
        sum(after) / len(after),
        limit=sum(before) / len(before),
        score=step / rule.least,
    )
