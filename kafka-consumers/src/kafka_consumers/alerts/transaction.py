"""A batch of records x what is stored -> what one transaction must store. Pure.

A record is judged once: those below the stored position are passed over, whatever Kafka sends again. So the same
records in other batches, or a batch that is begun anew after a kill, end in the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kafka_consumers.alerts.alert import Change
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.track import Track, time_on, track_of_anomaly, track_of_reading
from telemetry.messages import Anomaly
from telemetry.reading import Reading

TrackKey = tuple[str, str]
"""(gpu, name of the track)."""
Partition = tuple[str, int]
"""(topic, number)."""


class Arrival(NamedTuple):
    """A record of Kafka, decoded; ``arrived`` is Kafka's time of it in microseconds UTC."""

    topic: str
    partition: int
    offset: int
    arrived: int
    about: Reading | Anomaly

    @property
    def track_key(self) -> TrackKey:
        about = self.about
        return about.gpu, track_of_reading(about) if isinstance(about, Reading) else track_of_anomaly(about)


class Request(NamedTuple):
    """A person's wish about an alert."""

    number: int
    alert_id: str
    action: Literal["acknowledge", "resolve"]
    by: str


@dataclass
class Transaction:
    """What must be stored together, or not at all."""

    tracks: dict[TrackKey, Track] = field(default_factory=dict)
    """Those that changed, as they are now."""
    changes: list[Change] = field(default_factory=list)
    """Of alerts that have fired, in the order in which they came about: rows of the store, messages of the outbox."""
    positions: dict[Partition, int] = field(default_factory=dict)
    """Partition -> the next offset to judge."""
    due: dict[TrackKey, int] = field(default_factory=dict)
    """Track -> when time alone will change it, of those that it will."""
    answers: dict[int, str] = field(default_factory=dict)
    """Request -> what became of it."""
    judged: Counter[str] = field(default_factory=Counter)
    """How many records were judged, and how many were duplicate, late, or repeated by Kafka."""

    def keep(self, judge: Judge, key: TrackKey, track: Track, changes: Iterable[Change] = ()) -> None:
        """The track's new value and what that changed."""
        self.tracks[key] = track
        self.changes += (change for change in changes if change.is_recorded)
        due = judge.due(track)
        if due is not None:
            self.due[key] = due
        else:
            self.due.pop(key, None)


def keys_of(arrivals: Iterable[Arrival]) -> set[TrackKey]:
    """The tracks that a batch needs to know."""
    return {each.track_key for each in arrivals}


def judge_batch(
    judge: Judge, tracks: Mapping[TrackKey, Track], positions: Mapping[Partition, int], arrivals: Iterable[Arrival]
) -> Transaction:
    """``tracks`` and ``positions`` as stored; a track that is not in them has never been."""
    made = Transaction()
    for arrival in arrivals:
        partition = (arrival.topic, arrival.partition)
        if arrival.offset < made.positions.get(partition, positions.get(partition, 0)):
            made.judged["repeated"] += 1
            continue
        made.positions[partition] = arrival.offset + 1
        key, about = arrival.track_key, arrival.about
        before = made.tracks.get(key, tracks.get(key))
        if isinstance(about, Reading):
            outcome = judge.reading(before, about, arrival.arrived)
        else:
            outcome = judge.anomaly(before, about, arrival.arrived)
        made.judged[outcome.admission] += 1
        if outcome.track is not before:
            made.keep(judge, key, outcome.track, outcome.changes)
    return made


def tick_all(judge: Judge, tracks: Mapping[TrackKey, Track], now: int) -> Transaction:
    """Time has passed for these tracks, and nothing of theirs that Kafka took before ``now`` is still to be judged."""
    made = Transaction()
    for key, track in tracks.items():
        outcome = judge.tick(track, now)
        if outcome.track is not track:
            made.keep(judge, key, outcome.track, outcome.changes)
    return made


def look_around(judge: Judge, tracks: Mapping[TrackKey, Track], now: int) -> Transaction:
    """As :func:`tick_all`, after a start: the rules may have changed, and so has when each track is due.

    ``tracks`` are all that time can change; GPUs of the inventory that are not among them are expected from now on.
    """
    unseen = {(gpu, "live"): judge.expect(gpu, now) for gpu in judge.expected if (gpu, "live") not in tracks}
    made = Transaction()
    for key, track in {**tracks, **unseen}.items():
        outcome = judge.tick(track, now)
        made.keep(judge, key, outcome.track, outcome.changes)
    return made


def answer(judge: Judge, tracks: Mapping[TrackKey, Track], requests: Iterable[Request], now: int) -> Transaction:
    """Each request has its answer; ``tracks`` are those in which their alerts may be open."""
    made = Transaction()
    for request in requests:
        made.answers[request.number] = "unknown"
        for key, track in {**tracks, **made.tracks}.items():
            time = time_on(track, now)
            if request.action == "acknowledge":
                done = judge.acknowledge(track, request.alert_id, request.by, time)
            else:
                done = judge.resolve(track, request.alert_id, time)
            if done.result != "unknown":
                made.answers[request.number] = done.result
                made.keep(judge, key, done.track, done.changes)
                break
    return made
