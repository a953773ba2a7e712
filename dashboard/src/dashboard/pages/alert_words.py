"""An alert as people read it, in lists and on its own page."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.alerts_together import Entry
from dashboard.pages.console import Console
from dashboard.pages.figures import Figures
from dashboard.pages.markup import Child, Markup, joined, tag
from dashboard.pages.moments import lasted, moment
from dashboard.pages.states import OF_ALERT, OF_MODE, OF_PROMETHEUS, OF_SEVERITY, badge, named
from dashboard.stores.alerts import Alert
from dashboard.stores.history import Span
from dashboard.stores.prometheus_alerts import PrometheusAlert
from telemetry.timestamp import MILLISECOND, SECOND

_AROUND = 600 * SECOND


def badges(alert: Alert) -> Markup:
    severity = OF_SEVERITY.get(alert.severity) or named({}, alert.severity)
    mode = badge(OF_MODE[alert.mode]) if alert.mode != "live" else None
    return tag("span", badge(severity), " ", badge(named(OF_ALERT, alert.state)), " ", mode)


def body(alert: Alert, figures: Figures, now: int) -> Markup:
    """Badges, message, facts."""
    return joined(
        tag("div", badges(alert), class_="row-of"),
        tag("h3", tag("a", alert.message, href=f"/alerts/{alert.id}"), class_="what"),
        facts(alert, figures, now),
    )


def facts(alert: Alert, figures: Figures, now: int) -> Markup:
    told = [
        tag("span", "GPU ", tag("a", alert.gpu, href=gpu_address(alert, now))),
        tag("span", "since ", moment(alert.started, now)),
        tag("span", "for ", tag("b", lasted(alert.started, end_of(alert, now)))),
    ]
    if alert.metric and not figures.is_mask(alert.metric):
        told.append(tag("span", "worst ", tag("b", figures.text(alert.metric, alert.worst))))
        if alert.threshold is not None:
            told.append(tag("span", "limit ", tag("b", figures.text(alert.metric, alert.threshold))))
    if alert.acknowledged_by:
        told.append(tag("span", "acknowledged by ", tag("b", alert.acknowledged_by)))
    if alert.action:
        told.append(tag("span", "do: ", tag("b", alert.action)))
    return tag("div", *told, class_="facts")


def end_of(alert: Alert, now: int) -> int:
    """When it was over; of an open one now, or where its recording ends as far as is known."""
    return alert.resolved or (alert.changed if alert.mode == "import" else now)


def gpu_address(alert: Alert, now: int) -> str:
    """The GPU around the time of the alert."""
    begin, end = alert.started - _AROUND, end_of(alert, now) + _AROUND
    return f"/gpu/{alert.gpu}?from={begin // MILLISECOND}&to={end // MILLISECOND}"


def lanes(alerts: Sequence[Alert], span: Span, now: int) -> Markup:
    """A lane per GPU, a bar per alert."""
    by_gpu: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda each: each.severity == "critical"):
        if end_of(alert, now) >= span.begin and alert.started < span.end:
            by_gpu.setdefault(alert.gpu, []).append(alert)
    whole = span.end - span.begin
    rows = []
    for gpu, own in sorted(by_gpu.items()):
        bars = []
        for alert in own:
            begin, end = max(alert.started, span.begin), min(end_of(alert, now), span.end)
            place = f"left:{100 * (begin - span.begin) / whole:.2f}%;width:{100 * (end - begin) / whole:.2f}%"
            bars.append(tag("span", class_=alert.severity, style=place, title=alert.message))
        strip = tag("div", *bars, class_="strip", role="img", aria_label=f"{gpu}: {len(own)} alerts")
        rows.append(tag("div", tag("b", gpu), strip, class_="lane"))
    ends = tag(
        "div", tag("span", f"{lasted(span.begin, span.end)} ago"), tag("span", "now"), class_="lane-ends soft small"
    )
    return joined(*rows, ends)


def of_entry(console: Console, entry: Entry) -> Markup:
    """In a list of ours and of Prometheus'."""
    if entry.ours is None:
        return of_prometheus(entry.theirs, console.now()) if entry.theirs else Markup("")
    told = body(entry.ours, console.figures, console.now())
    return joined(told, _known_there_too(entry.theirs)) if entry.theirs else told


def of_prometheus(alert: PrometheusAlert, now: int) -> Markup:
    """Badges, summary, facts, description, runbook."""
    state = badge(named(OF_ALERT, alert.state))
    severity = OF_SEVERITY.get(alert.severity) or named({}, alert.severity)
    facts_of = [
        tag("span", "since ", moment(alert.started, now)),
        tag("span", "for ", tag("b", lasted(alert.started, now))),
    ]
    if alert.gpu:
        facts_of.insert(0, tag("span", "GPU ", tag("a", alert.gpu, href=f"/gpu/{alert.gpu}")))
    elif alert.whom:
        facts_of.insert(0, tag("span", "of ", tag("b", alert.whom)))
    facts_of += [tag("span", "rule ", tag("b", alert.name)), tag("span", *_runbook(alert))]
    return joined(
        tag("div", tag("span", badge(severity), " ", state, " ", badge(OF_PROMETHEUS)), class_="row-of"),
        tag("h3", alert.summary, class_="what"),
        tag("p", alert.description, class_="soft small") if alert.description else None,
        tag("div", *facts_of, class_="facts"),
    )


def _known_there_too(alert: PrometheusAlert) -> Markup:
    return tag(
        "div",
        tag("span", "Prometheus says so, too: ", tag("b", alert.name)),
        tag("span", *_runbook(alert)),
        class_="facts",
    )


def _runbook(alert: PrometheusAlert) -> tuple[Child, ...]:
    """A link where the rules were given an address, else the place in this repository."""
    if alert.runbook.startswith(("https://", "http://")):
        return ("what to do: ", tag("a", "runbook", href=alert.runbook, rel="noopener noreferrer", target="_blank"))
    return ("what to do: ", tag("code", alert.runbook)) if alert.runbook else ()
