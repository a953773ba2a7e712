"""Who is told of what: each stage of the list, and what a second decision adds to the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.matcher import Matcher, Subject
from kafka_consumers.alerts.notice import Flow, Silence, Situation
from kafka_consumers.alerts.policy import Policy
from kafka_consumers.alerts.stages import decide
from telemetry.timestamp import SECOND, parse_time

NOW = parse_time("2026-03-02T12:00:00Z")  # a Monday
MINUTE = 60 * SECOND
CONTACTS: dict[str, Any] = {"ops": {"url_setting": "NOTIFY_OPS"}, "boss": {"url_setting": "NOTIFY_BOSS"}}


def alert(number: int = 1, **changes: Any) -> Alert:
    given = Alert(
        id=f"id-{number}",
        rule="hot",
        subject=Subject("desk:0", "desk", "nvml", None),
        mode="live",
        severity="critical",
        metric="gpu_temperature",
        state="firing",
        reason="held",
        changed=NOW,
        started=NOW,
        seen=NOW,
        readings=3,
        value=97.0,
        worst=97.0,
        threshold=95.0,
        message="desk:0: it is hot",
        action="migrate workload",
        fired=NOW,
    )
    return replace(given, **changes)


def policy(route: dict[str, Any] | None = None, **other: Any) -> Policy:
    return Policy.model_validate({"contacts": CONTACTS, "routes": [{"contacts": ["ops"], **(route or {})}], **other})


def after(flow: Flow, situation: Situation, *alerts: Alert, later: int = 0) -> Situation:
    """The next situation, once the messages of ``flow`` have gone out."""
    sent = {message.contact: (situation.now,) for message in flow.messages}
    return Situation(situation.now + later, alerts, situation.silences, flow.told, sent)


def told(flow: Flow) -> list[tuple[str, str, list[str], list[str]]]:
    return [(m.contact, m.why, [a.id for a in m.firing], [a.id for a in m.resolved]) for m in flow.messages]


def test_a_firing_alert_is_told_once_and_its_end_once() -> None:
    first = Situation(NOW, (alert(),))
    flow = decide(first, policy())
    assert told(flow) == [("ops", "new", ["id-1"], [])]
    second = after(flow, first, alert(), later=MINUTE)
    assert told(decide(second, policy())) == []
    third = after(decide(second, policy()), second, alert(state="resolved"), later=MINUTE)
    flow = decide(third, policy())
    assert told(flow) == [("ops", "resolved", [], ["id-1"])]
    assert told(decide(after(flow, third, alert(state="resolved")), policy())) == []


def test_a_message_that_did_not_go_out_is_decided_again() -> None:
    situation = Situation(NOW, (alert(),))
    assert told(decide(situation, policy())) == told(decide(situation, policy())) != []


def test_imports_and_demonstrations_are_told_to_nobody() -> None:
    flow = decide(Situation(NOW, (alert(1, mode="import"), alert(2, mode="demo"), alert(3, fired=None))), policy())
    assert flow.messages == ()
    assert flow.suppressed == {"id-1": "historical", "id-2": "demo", "id-3": "not_fired"}


def test_maintenance_by_the_hours_in_its_own_zone() -> None:
    work = {"name": "patches", "hours": {"from": "13:30", "to": "14:30", "days": ["mon"], "time_zone": "Europe/Kyiv"}}
    planned = policy(maintenance=[work])
    assert decide(Situation(NOW, (alert(),)), planned).suppressed == {"id-1": "maintenance"}
    assert told(decide(Situation(NOW + 30 * MINUTE, (alert(),)), planned)) != []


def test_maintenance_once_of_some_hosts() -> None:
    work = {
        "name": "move",
        "match": {"host": "rack*"},
        "starts": "2026-03-02T11:00:00Z",
        "ends": "2026-03-02T13:00:00Z",
    }
    there = alert(2, subject=Subject("rack-1:0", "rack-1", "nvml", None))
    flow = decide(Situation(NOW, (alert(), there)), policy(maintenance=[work]))
    assert flow.suppressed == {"id-2": "maintenance"}
    assert told(flow) == [("ops", "new", ["id-1"], [])]


def test_a_silence_ends_by_the_clock() -> None:
    silence = Silence("s", Matcher(host=("desk",)), ("hot",), NOW - MINUTE, NOW + MINUTE)
    silenced = Situation(NOW, (alert(),), (silence,))
    assert decide(silenced, policy()).suppressed == {"id-1": "silenced"}
    assert told(decide(replace(silenced, now=NOW + MINUTE), policy())) != []


def test_a_silence_until_clear_holds_for_these_alerts_only() -> None:
    silence = Silence("s", Matcher(), (), NOW, None, frozenset({"id-1"}))
    flow = decide(Situation(NOW, (alert(1), alert(2)), (silence,)), policy())
    assert told(flow) == [("ops", "new", ["id-2"], [])]


def test_critical_hides_warning_about_the_same() -> None:
    hide = {"by": {"severity": "critical"}, "hides": {"severity": "warning"}, "same": ["gpu", "metric"]}
    lesser = alert(2, rule="warm", severity="warning")
    other = alert(3, rule="load", severity="warning", metric="gpu_load")
    flow = decide(Situation(NOW, (alert(1), lesser, other)), policy(inhibit=[hide]))
    assert flow.suppressed == {"id-2": "inhibited"}
    # Once the critical one is over, the warning that is still there is told.
    flow = decide(Situation(NOW, (alert(1, state="resolved"), lesser)), policy(inhibit=[hide]))
    assert told(flow) == [("ops", "new", ["id-2"], [])]


def test_what_a_silence_hides_still_inhibits() -> None:
    hide = {"by": {"severity": "critical"}, "hides": {"severity": "warning"}, "same": ["gpu"]}
    silence = Silence("s", Matcher(), ("hot",), NOW, NOW + MINUTE)
    situation = Situation(NOW, (alert(1), alert(2, rule="warm", severity="warning")), (silence,))
    assert decide(situation, policy(inhibit=[hide])).suppressed == {"id-1": "silenced", "id-2": "inhibited"}


def test_the_first_route_that_matches_decides() -> None:
    routes = [{"severity": ["warning"], "contacts": []}, {"contacts": ["boss"]}]
    flow = decide(Situation(NOW, (alert(1), alert(2, severity="warning"))), policy(routes=routes))
    assert told(flow) == [("boss", "new", ["id-1"], [])]
    assert flow.suppressed == {"id-2": "no_route"}


def test_quiet_hours_hold_back_until_their_end() -> None:
    quiet = policy({"quiet_hours": {"from": "22:00", "to": "07:00"}})
    night = parse_time("2026-03-02T23:00:00Z")
    assert decide(Situation(night, (alert(),)), quiet).suppressed == {"id-1": "quiet_hours"}
    assert decide(Situation(night + 7 * 60 * MINUTE, (alert(),)), quiet).messages == ()
    assert told(decide(Situation(night + 8 * 60 * MINUTE, (alert(),)), quiet)) == [("ops", "new", ["id-1"], [])]


def test_a_group_is_one_message_and_waits_for_the_others() -> None:
    grouped = policy({"group_by": ["host"], "wait": "30s"})
    elsewhere = alert(3, subject=Subject("far:0", "far", "nvml", None))
    first = Situation(NOW + 20 * SECOND, (alert(1), alert(2, rule="power"), elsewhere))
    assert decide(first, grouped).messages == ()
    flow = decide(replace(first, now=NOW + 30 * SECOND), grouped)
    assert told(flow) == [("ops", "new", ["id-1", "id-2"], []), ("ops", "new", ["id-3"], [])]


def test_nobody_acknowledges_so_the_next_contact_is_told() -> None:
    stairs = policy({"escalate": [{"after": "15m", "contacts": ["boss"]}]})
    first = Situation(NOW, (alert(),))
    flow = decide(first, stairs)
    assert told(flow) == [("ops", "new", ["id-1"], [])]
    second = after(flow, first, alert(), later=15 * MINUTE)
    flow = decide(second, stairs)
    assert told(flow) == [("boss", "escalated", ["id-1"], [])]
    third = after(flow, second, alert(state="resolved"), later=MINUTE)
    assert told(decide(third, stairs)) == [("boss", "resolved", [], ["id-1"]), ("ops", "resolved", [], ["id-1"])]


def test_who_acknowledges_stops_escalation_and_repetition() -> None:
    stairs = policy({"repeat": "1h", "escalate": [{"after": "15m", "contacts": ["boss"]}]})
    first = Situation(NOW, (alert(),))
    second = after(decide(first, stairs), first, alert(state="acknowledged"), later=120 * MINUTE)
    assert decide(second, stairs).messages == ()


def test_an_open_alert_is_told_again_after_a_while() -> None:
    again = policy({"repeat": "4h"})
    first = Situation(NOW, (alert(),))
    second = after(decide(first, again), first, alert(), later=239 * MINUTE)
    flow = decide(second, again)
    assert flow.messages == ()
    third = after(flow, second, alert(), later=MINUTE)
    assert told(decide(third, again)) == [("ops", "repeated", ["id-1"], [])]


def test_a_contact_that_does_not_want_to_hear_of_the_end() -> None:
    deaf = policy(contacts={**CONTACTS, "ops": {"url_setting": "NOTIFY_OPS", "resolved": False}})
    first = Situation(NOW, (alert(),))
    second = after(decide(first, deaf), first, alert(state="resolved"), later=MINUTE)
    flow = decide(second, deaf)
    assert flow.messages == ()
    assert flow.told == {}


def test_a_storm_of_messages_is_held_back_and_told_later() -> None:
    few = policy(most_messages=2, most_messages_within="1h")
    alerts = tuple(alert(number) for number in range(1, 5))
    first = Situation(NOW, alerts)
    flow = decide(first, few)
    assert len(flow.messages) == 2
    second = replace(first, told=flow.told, sent={"ops": (NOW, NOW)})
    assert decide(second, few).messages == ()
    third = decide(replace(second, now=NOW + 60 * MINUTE), few)
    assert [each[2] for each in told(third)] == [["id-3"], ["id-4"]]
