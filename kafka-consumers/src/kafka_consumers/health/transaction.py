"""A batch of records x what is stored -> what one transaction must store. Pure, but for the tracks.

A record is judged once: those below the stored position are passed over, whatever Kafka sends again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

from kafka_consumers.alerts.track import track_of_reading
from kafka_consumers.batch import Partition
from kafka_consumers.health.judge import Judge, Outcome
from kafka_consumers.health.track import Track, new
from telemetry.health import Decision, FailurePrediction, HealthScore
from telemetry.messages import GpuEvent
from telemetry.reading import Reading

TrackKey = tuple[str, str]
"""(gpu, name of the track)."""
About = Reading | GpuEvent | FailurePrediction | Decision


class Arrival(NamedTuple):
    """A record of Kafka, decoded; ``arrived`` is Kafka's time of it in microseconds UTC."""

    topic: str
    partition: int
    offset: int
    arrived: int
    about: About

    @property
    def track_key(self) -> TrackKey | None:
        """None where no track has a part in it."""
        about = self.about
        if isinstance(about, Reading):
            return about.gpu, track_of_reading(about)
        return (about.gpu, about.mode) if isinstance(about, GpuEvent) and about.gpu and about.mode != "import" else None


@dataclass
class Transaction:
    """What must be stored together, or not at all."""

    tracks: dict[TrackKey, Track] = field(default_factory=dict)
    """Those that changed."""
    events: dict[str, GpuEvent] = field(default_factory=dict)
    """Found in readings, by id: rows of the store and messages of the outbox."""
    heard: dict[str, GpuEvent] = field(default_factory=dict)
    """Of others, from the topic: rows of the store."""
    scores: dict[tuple[str, str], HealthScore] = field(default_factory=dict)
    """By GPU and minute."""
    predictions: dict[tuple[str, str, int], FailurePrediction] = field(default_factory=dict)
    decisions: dict[tuple[str, str], Decision] = field(default_factory=dict)
    positions: dict[Partition, int] = field(default_factory=dict)
    """Partition -> the next offset to judge."""
    judged: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        for event in outcome.events:
            self.events[event.id] = event
        for score in outcome.scores:
            self.scores[score.gpu, score.time] = score

    @property
    def is_empty(self) -> bool:
        return not (self.tracks or self.events or self.scores or self.positions)


def is_ours(event: GpuEvent) -> bool:
    """Found in readings, by this engine."""
    return event.kind in {"ecc", "remap", "throttle", "lost"} or event.device == event.gpu


def judge_batch(
    judge: Judge, tracks: Mapping[TrackKey, Track], positions: Mapping[Partition, int], arrivals: Iterable[Arrival]
) -> Transaction:
    """``tracks`` and ``positions`` as stored; a track that is not in them has never been."""
    made = Transaction()
    for arrival in as_they_came(arrivals):
        partition = (arrival.topic, arrival.partition)
        if arrival.offset < made.positions.get(partition, positions.get(partition, 0)):
            made.judged["repeated"] += 1
            continue
        made.positions[partition] = arrival.offset + 1
        about = arrival.about
        if isinstance(about, Reading):
            _reading(judge, tracks, made, about, arrival.arrived)
        elif isinstance(about, GpuEvent):
            _event(judge, tracks, made, about, arrival.track_key)
        elif isinstance(about, FailurePrediction):
            made.predictions[about.gpu, about.time, about.horizon_hours] = about
        else:
            made.decisions[about.gpu, about.time] = about
    return made


def as_they_came(arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
    """The partitions of a batch side by side, each in its own order: a GPU is compared with what its peers showed a
    minute before, which a backlog that is read partition by partition would not have yet."""
    partitions: dict[Partition, list[Arrival]] = {}
    for each in arrivals:
        partitions.setdefault((each.topic, each.partition), []).append(each)
    return merge(*partitions.values(), key=lambda each: each.arrived)


def _reading(judge: Judge, tracks: Mapping[TrackKey, Track], made: Transaction, reading: Reading, arrived: int) -> None:
    key = reading.gpu, track_of_reading(reading)
    track = made.tracks.get(key) or tracks.get(key) or new(reading, arrived)
    outcome = judge.reading(track, reading, arrived)
    made.judged[outcome.admission] += 1
    if outcome.admission == "judged":
        made.tracks[key] = track
        made.add(outcome)


def _event(
    judge: Judge, tracks: Mapping[TrackKey, Track], made: Transaction, event: GpuEvent, key: TrackKey | None
) -> None:
    if is_ours(event):
        return
    made.heard[event.id] = event
    track = (made.tracks.get(key) or tracks.get(key)) if key is not None else None
    if key is not None and track is not None:
        judge.event(track, event)
        made.tracks[key] = track
