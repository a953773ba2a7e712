"""A track x (a reading, a finding, time that passes) -> its next value and the changes of its alerts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from kafka_consumers.admission import Admission
from kafka_consumers.alerts import state
from kafka_consumers.alerts.admission import admit
from kafka_consumers.alerts.alert import Alert, Change, Reason
from kafka_consumers.alerts.conditions import Past
from kafka_consumers.alerts.config import AlertConfig
from kafka_consumers.alerts.finding import admit_finding
from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.alerts.rules import Binding, Bindings, found_by
from kafka_consumers.alerts.state import Moment, Step
from kafka_consumers.alerts.track import Track, time_on, track_of_anomaly, track_of_reading
from telemetry.messages import Anomaly
from telemetry.reading import Reading
from telemetry.timestamp import parse_time


class Outcome(NamedTuple):
    """The track after it, what changed, and whether the reading was judged at all."""

    track: Track
    changes: tuple[Change, ...] = ()
    admission: Admission = "judged"


class Commanded(NamedTuple):
    """What became of a person's wish: ``done``; ``already`` so; or ``unknown``: no such open alert here."""

    track: Track
    changes: tuple[Change, ...]
    result: Literal["done", "already", "unknown"]


class Judge:
    """The rules, applied. It holds no state: the same track and input give the same outcome, in any process."""

    def __init__(self, config: AlertConfig) -> None:
        self._rules = config.rules
        self._expected = config.expected
        self._clocks = config.file.clocks
        self._flapping = config.file.flapping
        self._storm = config.file.storm
        self._remembered = max(self._flapping.within, self._storm.within)

    def reading(self, track: Track | None, reading: Reading, arrived: int) -> Outcome:
        """One reading of the track's GPU (None: its first); ``arrived`` is Kafka's time of it."""
        subject = Subject(reading.gpu, reading.host, reading.source, reading.model)
        if track is None:
            track = Track(track_of_reading(reading), subject, reading.mode, reading.time - 1, arrived)
        admitted = admit(track, reading.origin, reading.time, arrived, self._clocks)
        if admitted.admission != "judged":
            return Outcome(track, (), admitted.admission)
        changes: list[Change] = []
        if admitted.was_set_back:
            track = self._restart_timers(track, reading.time, changes)
        # Time passed before this reading came: what that did is judged by the clock as it was.
        track = self._settle(track, admitted.track.clock, changes)
        track = replace(
            track,
            subject=subject,
            clock=admitted.track.clock,
            arrived=admitted.track.arrived,
            seen=admitted.track.seen,
            readings=track.readings + 1,
        )
        bindings = self._rules.bindings(subject)
        track = self._without_removed(track, bindings, changes)
        return Outcome(self._look(track, bindings, reading.metrics, changes), tuple(changes))

    def anomaly(self, track: Track | None, anomaly: Anomaly, arrived: int) -> Outcome:
        """One finding of the detectors. Its alert is over when none lasted until the rule's ``clear_for`` ago."""
        subject = Subject(anomaly.gpu, anomaly.host, anomaly.source, None)
        if track is None:
            track = Track(track_of_anomaly(anomaly), subject, anomaly.mode, parse_time(anomaly.start) - 1, arrived)
        admitted = admit_finding(track, anomaly, arrived, self._clocks)
        if admitted.admission != "judged":
            return Outcome(track, (), admitted.admission)
        changes: list[Change] = []
        if admitted.was_set_back:
            track = self._restart_timers(track, admitted.track.clock, changes)
        track = self._settle(track, admitted.track.clock, changes)
        track = replace(admitted.track, alerts=track.alerts, firings=track.firings, readings=track.readings + 1)
        bindings = self._rules.bindings(subject)
        track = self._without_removed(track, bindings, changes)
        for binding, judgement in found_by(bindings, anomaly):
            moment = self._moment(track, binding.rule)._replace(since=admitted.start, until=admitted.end)
            stepped = state.step(binding, track.alerts.get(binding.rule), judgement, moment)
            track = self._with(track, {binding.rule: stepped}, changes)
        return Outcome(track, tuple(changes))

    def tick(self, track: Track, now: int) -> Outcome:
        """Time passed without a reading: silences, and alerts of which nobody knows any more.

        To be called only while nothing waits in Kafka, or what waits there would be taken for silence.
        """
        changes: list[Change] = []
        track = self._without_removed(track, self._rules.bindings(track.subject), changes)
        if track.mode == "import":
            if now - track.arrived > self._clocks.recording_ended:
                ended = {
                    name: state.end(alert, max(track.clock, alert.seen), "recording_ended")
                    for name, alert in track.alerts.items()
                }
                track = self._with(track, ended, changes)
        else:
            track = self._settle(track, time_on(track, now), changes)
        return Outcome(track, tuple(changes))

    def due(self, track: Track) -> int | None:
        """The first time at which ``tick`` would change this track, should nothing arrive; None: never."""
        if track.mode == "import":
            return track.arrived + self._clocks.recording_ended + 1 if track.alerts else None
        bindings = self._rules.bindings(track.subject)
        times = [at for _, at, _ in self._expiries(track, bindings)]
        times += [at for _, at in self._silences_ahead(track, bindings)]
        return min(times) - track.clock + track.arrived if times else None

    def expect(self, gpu: str, now: int) -> Track:
        """The live track of a GPU of the inventory that was never seen: its silence is counted from ``now``."""
        return Track("live", Subject(gpu, gpu.partition(":")[0], "", None), "live", now, now)

    @property
    def expected(self) -> frozenset[str]:
        """The GPUs of the inventory."""
        return self._expected

    def acknowledge(self, track: Track, alert_id: str, by: str, time: int) -> Commanded:
        """A person has seen it."""
        alert = _open_alert(track, alert_id)
        if alert is None:
            return Commanded(track, (), "unknown")
        stepped = state.acknowledge(alert, by, time)
        return self._commanded(track, alert, stepped)

    def resolve(self, track: Track, alert_id: str, time: int) -> Commanded:
        """A person says that it is over; should the condition hold on, a new alert begins with the next reading."""
        alert = _open_alert(track, alert_id)
        if alert is None:
            return Commanded(track, (), "unknown")
        if alert.rule in {each.rule for each in self._silences(track, self._rules.bindings(track.subject))}:
            # There is no next reading: this silence is not to be told again, until the GPU was heard of.
            track = replace(track, past={**track.past, alert.rule: ((track.clock, 0.0),)})
        return self._commanded(track, alert, state.end(alert, time, "by_hand"))

    def _commanded(self, track: Track, alert: Alert, stepped: Step) -> Commanded:
        changes: list[Change] = []
        track = self._with(track, {alert.rule: stepped}, changes)
        return Commanded(track, tuple(changes), "done" if changes else "already")

    def _look(self, track: Track, bindings: Bindings, metrics: Mapping[str, float], changes: list[Change]) -> Track:
        """Every rule about this GPU looks at one reading."""
        time, alerts, past = track.clock, track.alerts, track.past
        steps: dict[str, Step] = {}
        remembered: dict[str, Past] = {}
        for binding in (*bindings.readings, *self._silences(track, bindings)):
            rule = binding.rule
            if binding.condition.metric not in metrics and rule not in past and rule not in alerts:
                # Most rules are about what this GPU does not report.
                continue
            before = past.get(rule, ())
            judgement = binding.condition.judge(metrics, before, time)
            after = binding.condition.remember(metrics, before, time)
            if after != before:
                remembered[rule] = after
            alert = alerts.get(rule)
            if judgement is not None and (alert is not None or judgement.verdict == "breach"):
                steps[rule] = state.step(binding, alert, judgement, self._moment(track, rule, steps.values()))
        if remembered:
            track = replace(track, past={name: kept for name, kept in {**past, **remembered}.items() if kept})
        return self._with(track, steps, changes)

    def _settle(self, track: Track, until: int, changes: list[Change]) -> Track:
        """What time alone did before ``until``: expiry of alerts, and silence."""
        bindings = self._rules.bindings(track.subject)
        steps: dict[str, Step] = {}
        for alert, at, reason in self._expiries(track, bindings):
            if until >= at:
                steps[alert.rule] = state.end(alert, at, reason)
        for binding, at in self._silences_ahead(track, bindings):
            if until >= at:
                moment = self._moment(track, binding.rule, steps.values())._replace(time=at)
                steps[binding.rule] = state.silent(binding, moment, track.clock)
        return self._with(track, steps, changes)

    def _expiries(self, track: Track, bindings: Bindings) -> list[tuple[Alert, int, Reason]]:
        """When each alert is over if nothing more is heard about it. A silence lasts."""
        if not track.alerts:
            return []
        lasting = {each.rule for each in self._silences(track, bindings)}
        expires = {each.rule: each.terms.expire for each in bindings.readings}
        found = {each.rule: each.terms.expire for _, each in bindings.anomalies}
        return [
            (alert, alert.seen + after, "cleared" if rule in found else "no_data")
            for rule, alert in track.alerts.items()
            if rule not in lasting and (after := found.get(rule, expires.get(rule))) is not None
        ]

    def _silences_ahead(self, track: Track, bindings: Bindings) -> list[tuple[Binding, int]]:
        """When each silence would fire; not the one that a person has declared over."""
        silences = self._silences(track, bindings)
        known = track.alerts.keys() | track.past.keys()
        return [(each, track.clock + each.terms.for_) for each in silences if each.rule not in known]

    def _silences(self, track: Track, bindings: Bindings) -> tuple[Binding, ...]:
        """An import ends and a demonstration loops by nature; only what is live can fall silent."""
        if track.name != "live":
            return ()
        seen = bindings.silences if track.readings else ()
        return (*seen, *bindings.expected) if track.subject.gpu in self._expected else seen

    def _without_removed(self, track: Track, bindings: Bindings, changes: list[Change]) -> Track:
        names = bindings.names
        if track.subject.gpu not in self._expected:
            # Taken out of the inventory: nobody expects it any more.
            names = names.difference(each.rule for each in bindings.expected)
        gone = [rule for rule in track.alerts if rule not in names]
        steps = {rule: state.end(track.alerts[rule], track.clock, "rule_removed") for rule in gone}
        kept = {rule: past for rule, past in track.past.items() if rule in names}
        track = track if len(kept) == len(track.past) else replace(track, past=kept)
        return self._with(track, steps, changes)

    def _restart_timers(self, track: Track, time: int, changes: list[Change]) -> Track:
        """The sender's clock went back to ``time``: what was measured with it means nothing any more."""
        steps = {}
        for rule, alert in track.alerts.items():
            if alert.state == "pending":
                steps[rule] = state.end(alert, alert.changed, "clock_set_back")
            else:
                steps[rule] = Step(replace(alert, seen=time, clear_since=None))
        return self._with(replace(track, clock=time - 1, past={}, firings={}), steps, changes)

    def _moment(self, track: Track, rule: str, steps: Iterable[Step] = ()) -> Moment:
        time = track.clock
        flapped = sum(time - at <= self._flapping.within for at in track.firings.get(rule, ()))
        alert = track.alerts.get(rule)
        about_to = alert is None or alert.fired is None
        # Its firings leave the window while it goes on flapping, unseen, because it is open.
        flaps = flapped + about_to >= self._flapping.firings or (alert is not None and alert.flaps)
        calm = self._flapping.quiet if flaps else 0
        raised = sum(time - at <= self._storm.within for firings in track.firings.values() for at in firings)
        raised += sum(_just_fired(change) for step in steps for change in step.changes)
        return Moment(time, track.subject, track.mode, calm, raised >= self._storm.alerts)

    def _with(self, track: Track, steps: Mapping[str, Step], changes: list[Change]) -> Track:
        """The track after these steps; their changes are added in the order of their times."""
        if not steps:
            return track
        alerts = dict(track.alerts)
        firings = track.firings
        for rule, step in steps.items():
            if step.alert is None:
                alerts.pop(rule, None)
            else:
                alerts[rule] = step.alert
            for change in step.changes:
                if _just_fired(change):
                    at = change.alert.changed
                    firings = {**firings, rule: (*firings.get(rule, ()), at)}
        changes += sorted((change for step in steps.values() for change in step.changes), key=_when)
        if firings is not track.firings:
            oldest = track.clock - self._remembered
            recent = {rule: tuple(at for at in times if at >= oldest) for rule, times in firings.items()}
            firings = {rule: times for rule, times in recent.items() if times}
        return replace(track, alerts=alerts, firings=firings)


def _open_alert(track: Track, alert_id: str) -> Alert | None:
    return next((each for each in track.alerts.values() if each.id == alert_id and each.fired is not None), None)


def _just_fired(change: Change) -> bool:
    return change.alert.state == "firing"


def _when(change: Change) -> int:
    return change.alert.changed
