"""From open alerts to messages: one visible list of small stages. Pure; asked again and again, it says what is new.

Each decision looks at all alerts and at what was told before, never at single events: a restart, or a message that
could not be sent, loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Final

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.notice import Flow, GroupKey, Message, Notice, Situation, Suppressed, Told, Why
from kafka_consumers.alerts.policy import Inhibition, Policy, Route, Which

Stage = Callable[[Flow, Situation, Policy], Flow]


def decide(situation: Situation, policy: Policy) -> Flow:
    """The messages to send now, why other alerts are not told, and what is told once the messages have gone out."""
    flow = Flow(tuple(Notice(alert) for alert in situation.alerts), told=dict(situation.told))
    for stage in STAGES:
        flow = stage(flow, situation, policy)
    return flow


def unhidden(situation: Situation, policy: Policy) -> tuple[Alert, ...]:
    """The alerts that are neither past nor a demonstration, nor hidden by anybody's wish or by a worse one."""
    flow = Flow(tuple(Notice(alert) for alert in situation.alerts))
    for stage in STAGES[: STAGES.index(route)]:
        flow = stage(flow, situation, policy)
    return tuple(notice.alert for notice in flow.notices)


def only_real(flow: Flow, situation: Situation, policy: Policy) -> Flow:
    """Nobody is woken by an imported log, by the demonstration, or by what never fired."""

    def why(notice: Notice) -> Suppressed | None:
        alert = notice.alert
        if alert.fired is None:
            return "not_fired"
        if alert.mode == "demo":
            return "demo"
        return "historical" if alert.is_historical else None

    return _without(flow, why)


def maintenance(flow: Flow, situation: Situation, policy: Policy) -> Flow:
    """Planned work is on."""
    now_on = [each for each in policy.maintenance if each.covers(situation.now)]
    return _without(flow, lambda n: "maintenance" if any(e.match.matches(n.alert.subject) for e in now_on) else None)


def silence(flow: Flow, situation: Situation, policy: Policy) -> Flow:
    """A person does not want to hear of it."""

    def is_silenced(alert: Alert) -> bool:
        return any(
            each.starts <= situation.now
            and (alert.id in each.alerts if each.ends is None else situation.now < each.ends)
            and each.match.matches(alert.subject)
            and _among(each.rules, alert.rule)
            for each in situation.silences
        )

    return _without(flow, lambda notice: "silenced" if is_silenced(notice.alert) else None)


def inhibit(flow: Flow, situation: Situation, policy: Policy) -> Flow:
    """A worse alert about the same says it all. Silenced ones inhibit, too, or a silence would bring out the lesser."""
    open_now = [alert for alert in situation.alerts if alert.state in {"firing", "acknowledged"}]
    hidden: set[str] = set()
    for each in policy.inhibit:
        # By what they must agree in, so that hundreds of open alerts need not be compared with each other.
        hiding: dict[tuple[str, ...], set[str]] = {}
        for other in open_now:
            if _is(other, each.by):
                hiding.setdefault(_shared(other, each), set()).add(other.id)
        for notice in flow.notices:
            alert = notice.alert
            if _is(alert, each.hides) and hiding.get(_shared(alert, each), set()) - {alert.id}:
                hidden.add(alert.id)
    return _without(flow, lambda notice: "inhibited" if notice.alert.id in hidden else None)


def route(flow: Flow, situation: Situation, policy: Policy) -> Flow:
    """Each alert gets its contacts, by the first route that matches, and those of its escalation when it is due."""
    routed: list[Notice] = []
    suppressed = dict(flow.suppressed)
    for notice in flow.notices:
        alert = notice.alert
        chosen = next((each for each in policy.routes if _leads(each, alert)), None)
        if chosen is None or not chosen.contacts:
            suppressed[alert.id] = "no_route"
            continue
        if chosen.quiet_hours is not None and chosen.quiet_hours.cover(situation.now):
            suppressed[alert.id] = "quiet_hours"
            continue
        group = _group_of(chosen, alert)
        routed += [Notice(alert, each, group, chosen.wait, chosen.repeat) for each in dict.fromkeys(chosen.contacts)]
        routed += [
            Notice(alert, contact, group, 0, chosen.repeat, escalated=True)
            for step in chosen.escalate
            for contact in step.contacts
            if _is_overdue(alert, step.after, situation.now) or alert.state == "resolved"
        ]
    return replace(flow, notices=tuple(routed), suppressed=suppressed)


def group_and_deduplicate(flow: Flow, situation: Situation, policy: Policy) -> Flow:
    """One message per contact and group, and only where the contact does not know it already."""
    messages: list[Message] = []
    told = dict(flow.told)
    for (contact, group), each in groupby(sorted(flow.notices, key=_address), key=_address):
        notices = list(each)
        known = told.get((contact, group), Told())
        if not policy.contacts[contact].resolved:
            known = _without_resolved(known, notices)
        message = _message(contact, group, notices, known, situation.now)
        if message is not None:
            messages.append(message)
            known = _after(known, message, situation.now)
        told[contact, group] = known
    return replace(flow, messages=tuple(messages), told={key: known for key, known in told.items() if known.alerts})


def limit_storm(flow: Flow, situation: Situation, policy: Policy) -> Flow:
    """No contact gets more than so many messages: the rest is decided again, and by then told together."""
    allowed: list[Message] = []
    told = dict(flow.told)
    counts: dict[str, int] = {}
    since = situation.now - policy.most_messages_within
    for message in flow.messages:
        before = sum(at > since for at in situation.sent.get(message.contact, ()))
        count = counts[message.contact] = counts.get(message.contact, 0) + 1
        if before + count <= policy.most_messages:
            allowed.append(message)
            continue
        key = (message.contact, message.group)
        told.pop(key, None)
        if key in situation.told:
            told[key] = situation.told[key]
    return replace(flow, messages=tuple(allowed), told=told)


STAGES: Final[tuple[Stage, ...]] = (
    only_real,
    maintenance,
    silence,
    inhibit,
    route,
    group_and_deduplicate,
    limit_storm,
)


def _message(contact: str, group: GroupKey, notices: list[Notice], known: Told, now: int) -> Message | None:
    open_now = {n.alert.id: n for n in notices if n.alert.state in {"firing", "acknowledged"}}
    # What somebody has acknowledged before this contact heard of it needs nobody any more.
    fresh = [n for n in open_now.values() if n.alert.id not in known.alerts and n.alert.state == "firing"]
    ended = {n.alert.id: n.alert for n in notices if n.alert.state == "resolved" and n.alert.id in known.alerts}
    waited = [n for n in fresh if n.escalated or now - (n.alert.fired or 0) >= n.wait]
    firing = [n.alert for n in open_now.values() if n.alert.id in known.alerts or n in fresh]
    unacknowledged = [alert for alert in firing if alert.state == "firing"]
    repeat = min((n.repeat for n in open_now.values() if n.repeat), default=0)
    why: Why
    if waited:
        why = "escalated" if any(n.escalated for n in waited) else "new"
    elif ended:
        why = "resolved"
        firing = [alert for alert in firing if alert.id in known.alerts]
    elif repeat and unacknowledged and known.alerts and now - known.time >= repeat:
        why, firing = "repeated", unacknowledged
    else:
        return None
    return Message(contact, group, why, tuple(firing), tuple(ended.values()))


def _after(known: Told, message: Message, now: int) -> Told:
    firing = {alert.id for alert in message.firing}
    ended = {alert.id for alert in message.resolved}
    return Told((known.alerts | firing) - ended, now)


def _without_resolved(known: Told, notices: list[Notice]) -> Told:
    return Told(known.alerts - {n.alert.id for n in notices if n.alert.state == "resolved"}, known.time)


def _without(flow: Flow, why: Callable[[Notice], Suppressed | None]) -> Flow:
    kept: list[Notice] = []
    suppressed = dict(flow.suppressed)
    for notice in flow.notices:
        reason = why(notice)
        if reason is None:
            kept.append(notice)
        else:
            suppressed[notice.alert.id] = reason
    return replace(flow, notices=tuple(kept), suppressed=suppressed)


def _shared(alert: Alert, inhibition: Inhibition) -> tuple[str, ...]:
    """What two alerts must have in common: a demonstration says nothing about a real GPU, nor does the past."""
    of = {"gpu": alert.subject.gpu, "host": alert.subject.host, "metric": alert.metric}
    return (alert.mode, *(of[key] for key in inhibition.same))


def _is(alert: Alert, which: Which) -> bool:
    return which.severity in {None, alert.severity} and _among(which.rule, alert.rule)


def _leads(candidate: Route, alert: Alert) -> bool:
    return (
        candidate.match.matches(alert.subject)
        and _among(candidate.rule, alert.rule)
        and (not candidate.severity or alert.severity in candidate.severity)
    )


def _among(patterns: Iterable[str], value: str) -> bool:
    listed = tuple(patterns)
    return not listed or any(fnmatchcase(value, pattern) for pattern in listed)


def _is_overdue(alert: Alert, after: int, now: int) -> bool:
    return alert.state == "firing" and alert.fired is not None and now - alert.fired >= after


def _group_of(chosen: Route, alert: Alert) -> GroupKey:
    of = {"host": alert.subject.host, "gpu": alert.subject.gpu, "rule": alert.rule, "severity": alert.severity}
    return tuple(f"{key}={of[key]}" for key in chosen.group_by) if chosen.group_by else (f"alert={alert.id}",)


def _address(notice: Notice) -> tuple[str, GroupKey]:
    return notice.contact, notice.group
