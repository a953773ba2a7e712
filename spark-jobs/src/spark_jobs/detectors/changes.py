"""What is an anomaly now, against what the lake holds: what to write and what to take back. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spark_jobs.detectors.findings import Finding, Key
from spark_jobs.detectors.regions import Regions
from spark_jobs.spans import Span


class Episode(NamedTuple):
    """One anomaly; times in microseconds UTC. Fields as in schema.ANOMALIES, severity as its rank."""

    id: str
    gpu: str
    host: str
    source: str
    mode: str
    kind: str
    metric: str
    bit: int
    start: int
    end: int
    rank: int
    badness: float | None
    peak: int
    value: float | None
    limit: float | None
    score: float | None

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def key(self) -> Key:
        return self.gpu, self.kind, self.metric, self.bit

    @property
    def finding(self) -> Finding:
        """In the place of those that it was made of."""
        return Finding(*self[1:])


class Changes(NamedTuple):
    """``written``: new, or not as they were; ``gone``: are no anomalies any more, or parts of another."""

    written: list[Episode]
    gone: list[Episode]


def changes(made: Iterable[Episode], stored: Sequence[Episode], regions: Regions) -> Changes:
    """``made``: of all windows of ``regions`` and of ``stored``; ``stored``: all that lie in or beside ``regions``.

    An episode of ``made`` far from both is the cut end of one that did not change, and is left alone.
    """
    of_key: dict[Key, list[Episode]] = defaultdict(list)
    for episode in stored:
        of_key[episode.key].append(episode)
    current = [
        episode
        for episode in made
        if touches(episode.span, regions.get(episode.gpu, ()), 0)
        or touches(episode.span, [each.span for each in of_key[episode.key]], 0)
    ]
    before = {episode.id: episode for episode in stored}
    ids = {episode.id for episode in current}
    return Changes(
        sorted(episode for episode in current if before.get(episode.id) != episode),
        sorted(episode for episode in stored if episode.id not in ids),
    )


def touches(span: Span, others: Iterable[Span], gap: int) -> bool:
    """Whether ``span`` is no more than ``gap`` microseconds away from one of ``others``."""
    return any(span.begin <= other.end + gap and other.begin <= span.end + gap for other in others)
