"""The life of one alert: pending -> firing -> acknowledged -> resolved. Pure; time comes in with each reading.

    no alert --breach--> pending --held for `for`, over `min_readings`--> firing --a person--> acknowledged
                            |                                               |                      |
                            +--did not hold--> resolved (never stored)      +--clear for `clear_for`--> resolved

Between the level that fires and the level that clears (the margin), an open alert stays and a pending one ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from kafka_consumers.alerts.alert import Alert, Change, Reason, State, alert_id
from kafka_consumers.alerts.conditions import Judgement
from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.alerts.rules import Binding
from telemetry.reading import Mode


class Moment(NamedTuple):
    """One reading's time and whose it is, and how restless its GPU has been."""

    time: int
    subject: Subject
    mode: Mode
    calm: int = 0
    """How long it must be clear at least (microseconds): more than nothing once this rule flaps."""
    stormy: bool = False
    """This GPU has raised so many alerts that only critical ones fire now."""
    since: int | None = None
    """When that which is told of began, where that is not ``time``."""
    until: int | None = None
    """When it ended, where that is later."""


class Step(NamedTuple):
    """The alert after it, None where there is none any more, and what changed."""

    alert: Alert | None
    changes: tuple[Change, ...] = ()


def step(binding: Binding, alert: Alert | None, judgement: Judgement, moment: Moment) -> Step:
    """One judgement of one rule."""
    if alert is None:
        return _begin(binding, judgement, moment) if judgement.verdict == "breach" else Step(None)
    if alert.state == "pending":
        return _while_pending(binding, alert, judgement, moment)
    return _while_open(binding, alert, judgement, moment)


def _begin(binding: Binding, judgement: Judgement, moment: Moment, started: int | None = None) -> Step:
    begun = moment.time if started is None else started
    condition = binding.condition
    alert = Alert(
        id=alert_id(binding.rule, moment.subject.gpu, begun),
        rule=binding.rule,
        subject=moment.subject,
        mode=moment.mode,
        severity=binding.terms.severity,
        metric=condition.metric,
        state="pending",
        reason="breach",
        changed=moment.time,
        started=begun if moment.since is None else min(begun, moment.since),
        seen=_latest(moment),
        readings=1,
        value=judgement.value,
        worst=judgement.value,
        threshold=judgement.threshold,
        message=_message(binding, judgement, moment),
        action=binding.action,
    )
    fired = _fired_if_due(binding, alert, moment)
    return fired if fired.alert is not alert else Step(alert, (Change(alert),))


def _while_pending(binding: Binding, alert: Alert, judgement: Judgement, moment: Moment) -> Step:
    breaches = judgement.verdict == "breach"
    if moment.time - alert.seen > binding.terms.gap:
        ended = end(alert, moment.time, "gap")
        begun = _begin(binding, judgement, moment) if breaches else Step(None)
        return Step(begun.alert, (*ended.changes, *begun.changes))
    if not breaches:
        return end(alert, moment.time, "not_held")
    return _fired_if_due(binding, _seen(binding, alert, judgement, moment), moment)


def _fired_if_due(binding: Binding, alert: Alert, moment: Moment) -> Step:
    terms = binding.terms
    if moment.time - alert.started < terms.for_ or alert.readings < terms.min_readings:
        return Step(alert)
    if moment.stormy and alert.severity != "critical":
        held_back = _enter(alert, "pending", "storm", moment.time)
        return Step(alert) if alert.reason == "storm" else Step(held_back, (Change(held_back),))
    flaps = moment.calm > 0
    firing = _enter(alert, "firing", "flapping" if flaps else "held", moment.time)
    firing = replace(firing, fired=moment.time, flaps=flaps)
    return Step(firing, (Change(firing),))


def _while_open(binding: Binding, alert: Alert, judgement: Judgement, moment: Moment) -> Step:
    # What was clear before a gap may have been anything within it.
    clear_since = alert.clear_since if moment.time - alert.seen <= binding.terms.gap else None
    if judgement.verdict != "clear":
        return Step(replace(_seen(binding, alert, judgement, moment), clear_since=None))
    clear_since = moment.time if clear_since is None else clear_since
    alert = replace(alert, seen=moment.time, value=judgement.value, clear_since=clear_since)
    if moment.time - clear_since >= max(binding.terms.clear_for, moment.calm):
        return end(alert, moment.time, "cleared")
    return Step(alert)


def silent(binding: Binding, moment: Moment, since: int) -> Step:
    """No reading from ``since`` to ``moment``, which is when the rule's ``for`` was over."""
    judgement = Judgement("breach", (moment.time - since) / 1e6, None)
    begun = _begin(binding._replace(terms=binding.terms._replace(for_=0, min_readings=1)), judgement, moment, since)
    if begun.alert is None or begun.alert.state != "firing":
        return Step(None)  # held back by the storm limit: asked again at the next reading or tick
    firing = replace(begun.alert, reason="silent")
    return Step(firing, (Change(firing),))


def end(alert: Alert, time: int, reason: Reason) -> Step:
    """The alert is over, whatever its state was."""
    return Step(None, (Change(_enter(alert, "resolved", reason, max(time, alert.changed))),))


def acknowledge(alert: Alert, by: str, time: int) -> Step:
    """A person has seen it. Only a firing alert can be acknowledged; any other stays as it is."""
    if alert.state != "firing":
        return Step(alert)
    taken = replace(_enter(alert, "acknowledged", "by_hand", max(time, alert.changed)), acknowledged_by=by)
    return Step(taken, (Change(taken),))


def _enter(alert: Alert, state: State, reason: Reason, time: int) -> Alert:
    return replace(alert, state=state, reason=reason, changed=time)


def _seen(binding: Binding, alert: Alert, judgement: Judgement, moment: Moment) -> Alert:
    sign, value = binding.condition.sign, judgement.value
    is_worse = sign * value > sign * alert.worst
    return replace(
        alert,
        # A finding that lies within an earlier one is no news of its end.
        seen=max(alert.seen, _latest(moment)),
        readings=alert.readings + 1,
        value=value,
        worst=value if is_worse else alert.worst,
        threshold=judgement.threshold,
        message=_message(binding, judgement, moment) if is_worse else alert.message,
    )


def _latest(moment: Moment) -> int:
    return moment.time if moment.until is None else max(moment.time, moment.until)


def _message(binding: Binding, judgement: Judgement, moment: Moment) -> str:
    sentence = binding.condition.sentence(judgement.value, judgement.threshold)
    return f"{moment.subject.gpu}: {sentence}. {binding.summary}"
