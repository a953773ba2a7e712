"""A track x (a reading, an event, time that passes) -> events and scores. Pure, but for the track and the board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kafka_consumers.admission import Admission, admit
from kafka_consumers.events import bursts, words
from kafka_consumers.events.bursts import Burst
from kafka_consumers.events.edges import EdgeRules
from kafka_consumers.events.lost import Lost
from kafka_consumers.events.words import Meanings
from kafka_consumers.health import findings_past as past
from kafka_consumers.health.config import HealthConfig
from kafka_consumers.health.examine import Examiner
from kafka_consumers.health.minute import MINUTE, Minute, minute_of
from kafka_consumers.health.peers import Board
from kafka_consumers.health.track import Absence, Incident, Track
from telemetry.catalogue import Catalogue
from telemetry.health import HealthScore
from telemetry.messages import GpuEvent
from telemetry.reading import Reading
from telemetry.timestamp import format_time, parse_time
from telemetry.xid import XidTable

_MOST_INCIDENTS = 32
_SLOWLY = 8
"""The usual pause between two readings follows an eighth of each."""


class Outcome(NamedTuple):
    admission: Admission
    events: Sequence[GpuEvent] = ()
    scores: Sequence[HealthScore] = ()


class Judge:
    """The rules, applied."""

    def __init__(self, config: HealthConfig, catalogue: Catalogue, xids: XidTable) -> None:
        self.rules = config.file
        self._version = config.version
        self.meanings = Meanings(config.file.events, xids, catalogue)
        self._edges = EdgeRules(config.file.events, self.meanings)
        self._examiner = Examiner(config, catalogue, Board())
        self._lost = bursts.key(config.file.events.lost.event.kind, config.file.events.lost.event.number)
        wanted = self._examiner.metrics | self._examiner.masks | config.file.events.metrics()
        self._plausible = {name: catalogue[name].plausible for name in wanted}
        self._counted: dict[str, list[tuple[str, int]]] = {}
        for finding, (counter, window) in self._examiner.windows.items():
            self._counted.setdefault(counter, []).append((finding, window))

    def reading(self, track: Track, reading: Reading, arrived: int) -> Outcome:
        """One reading of the track's GPU; ``arrived`` is Kafka's time of it."""
        admitted = admit(track.mode, track.times, reading.origin, reading.time, arrived, self.rules.clocks)
        if admitted.admission != "judged":
            return Outcome(admitted.admission)
        if admitted.was_set_back:
            track.minute, track.closed, track.edges.bursts = None, 0, {}
        # An outage says nothing of how often it is asked.
        pause = min(admitted.times.arrived - track.arrived, self.rules.events.lost.node_for)
        track.every += (pause - track.every) // _SLOWLY if track.every else pause
        track.clock, track.arrived, track.seen = admitted.times.clock, admitted.times.arrived, dict(admitted.times.seen)
        track.host, track.source, track.model = reading.host, reading.source, reading.model
        events = [*self._found_again(track)]
        scores = [*self._begin_minute(track)]
        bounds = self._plausible
        # What is looked at. An implausible value is dropped here, too, for whoever sends without our judge.
        values = {
            name: value
            for name, value in reading.metrics.items()
            if (bound := bounds.get(name)) is not None and bound[0] <= value <= bound[1]
        }
        seen = self._edges.look(track.edges, values, reading.source, track.clock)
        for counter, amount in seen.growth.items():
            for finding, window in self._counted.get(counter, ()):
                past.note(track.grown.setdefault(finding, {}), window, track.clock, amount)
        for name in seen.happened:
            self._remember(track, name, track.edges.bursts[name])
        minute = track.minute
        assert minute is not None
        minute.add(values, reading.flags, self._examiner.metrics)
        for name in self._examiner.masks:
            if (mask := values.get(name)) is not None:
                minute.add_mask(name, mask)
        if track.edges.bursts:
            events += self._told(track, track.clock)
        return Outcome("judged", events, scores)

    def pass_time(self, track: Track, now: int) -> Outcome:
        """No reading came by ``now`` (Kafka's clock): a burst and a minute are over all the same."""
        time = track.clock + max(0, now - track.arrived)
        events = [*self._told(track, time)] if track.edges.bursts else []
        minute = track.minute
        if minute is None or time < minute.start + MINUTE + self.rules.clocks.over:
            return Outcome("judged", events)
        return Outcome("judged", events, [*self._close_minute(track)])

    def is_due(self, track: Track, now: int) -> bool:
        """Whether :meth:`pass_time` may have something to say."""
        if track.edges.bursts:
            return True
        over = self.rules.clocks.over
        return track.minute is not None and track.clock + now - track.arrived >= track.minute.start + MINUTE + over

    def event(self, track: Track, event: GpuEvent) -> None:
        """What the kernel's log tells of this GPU."""
        self._add_incident(
            track,
            Incident(
                event.kind, event.number, event.name, event.action, event.severity, parse_time(event.last), event.count
            ),
        )

    def lost(self, track: Track, lost: Lost, now: int) -> Outcome:
        """It is silent since its last reading; ``now`` by Kafka's clock. That a whole node is silent says nothing of
        the health of its GPUs, and is told by :meth:`lost_node`."""
        time = track.clock + max(0, now - track.arrived)
        track.lost = Absence(track.clock, time, lost.text, lost.is_node)
        scores = [*self._close_minute(track)]
        if lost.is_node:
            return Outcome("judged", (), scores)
        burst = Burst(track.clock, time, 1, lost.text)
        self._remember(track, self._lost, burst)
        scores.append(self._score(track, Minute(minute_of(time)), has_seen=False))
        return Outcome("judged", [self._message(track, self._lost, burst)], scores)

    def lost_node(self, tracks: Sequence[Track], lost: Lost, now: int) -> GpuEvent:
        """One event for all of them."""
        newest = max(tracks, key=lambda each: each.clock)
        time = newest.clock + max(0, now - newest.arrived)
        told = self.rules.events.lost.node_event
        burst = Burst(newest.clock, time, 1, lost.text)
        return words.message(newest.about, bursts.key(told.kind, told.number), burst, self.meanings)

    def _found_again(self, track: Track) -> Iterator[GpuEvent]:
        """The event has its end; the score forgets it as time passes."""
        if track.lost is None:
            return
        lost, track.lost = track.lost, None
        if not lost.is_node:
            back = f"{lost.text}; back at {format_time(track.clock)}"
            yield self._message(track, self._lost, Burst(lost.since, max(lost.told, track.clock), 1, back))

    def _begin_minute(self, track: Track) -> Iterator[HealthScore]:
        start = minute_of(track.clock)
        if track.minute is not None and track.minute.start < start:
            yield from self._close_minute(track)
        if track.minute is None:
            track.minute = Minute(start)

    def _close_minute(self, track: Track) -> Iterator[HealthScore]:
        """Once: what comes of a minute after it was closed for want of readings is too late for it."""
        minute, track.minute = track.minute, None
        if minute is not None and minute.start > track.closed:
            yield self._score(track, minute)

    def _score(self, track: Track, minute: Minute, *, has_seen: bool = True) -> HealthScore:
        made = self._examiner.score(track, minute, has_seen=has_seen)
        return HealthScore(
            gpu=track.gpu,
            host=track.host,
            source=track.source,
            mode=track.mode,
            time=format_time(minute.start),
            score=made.score,
            components=made.components,
            reasons=made.reasons,
            version=self._version,
        )

    def _told(self, track: Track, time: int) -> Iterator[GpuEvent]:
        rules, open_bursts = self.rules.events, track.edges.bursts
        for name, burst in bursts.due(open_bursts, time, rules.tell_every):
            yield self._message(track, name, burst)
        for name, burst in bursts.close(open_bursts, time, rules.gap):
            yield self._message(track, name, burst)

    def _message(self, track: Track, name: str, burst: Burst) -> GpuEvent:
        return words.message(track.about, name, burst, self.meanings, track.gpu)

    def _remember(self, track: Track, name: str, burst: Burst) -> None:
        """As an incident: what no counter and no bit of the readings says."""
        kind, _, number = name.partition("/")
        if kind in {"xid", "lost"}:
            meaning = self.meanings.of(kind, int(number))
            made = Incident(kind, int(number), meaning.name, meaning.action, meaning.severity, burst.last, burst.count)
            self._add_incident(track, made)

    def _add_incident(self, track: Track, incident: Incident) -> None:
        name = bursts.key(incident.kind, incident.number)
        known = track.incidents.get(name)
        if known is None or incident.last >= known.last:
            track.incidents[name] = incident
        if len(track.incidents) > _MOST_INCIDENTS:
            oldest = min(track.incidents, key=lambda each: track.incidents[each].last)
            del track.incidents[oldest]
