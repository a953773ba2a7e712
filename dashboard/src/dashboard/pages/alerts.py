"""Alerts: what is wrong now, what was, and what people do not want to hear of."""

from __future__ import annotations

import asyncio

from nicegui import ui

from dashboard.alerts_together import Entry
from dashboard.pages import alert_actions, alert_words, frame, notices
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import clock, lasted, moment
from dashboard.pages.states import OF_ALERT, OF_SEVERITY, badge, named
from dashboard.pages.tabs import tabs
from dashboard.roles import Role
from dashboard.stores.alerts import Alert, AlertFilter, Silence
from dashboard.stores.history import Span
from telemetry.errors import GpustreamError, Unavailable
from telemetry.timestamp import SECOND

EVERY = 2.0
DAY = 86_400 * SECOND
PAGE = 50
_TABS = (("", "Active"), ("history", "History"), ("silences", "Silences"))


def add(console: Console) -> None:
    @frame.page(console, "/alerts", "alerts", "Alerts")
    async def alerts(visit: Visit) -> None:
        frame.Head("Alerts", "One per rule and what it is about, from its first breach to its end.")
        shown = visit.query("show")
        ui.html(tabs("Alerts", _TABS, shown), sanitize=False)
        if shown == "history":
            await _history(visit)
        elif shown == "silences":
            await Silences(visit).show()
        else:
            active = Active(visit)
            await active.show()
            ui.timer(EVERY, active.show)


class Active:
    """Those that are open, ours and those of Prometheus, the worst first; each changes in place."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._shown: list[tuple[str, str]] | None = None
        self._bodies: dict[str, ui.html] = {}
        self._timeline = ui.html(sanitize=False)
        self._note = ui.html(sanitize=False).classes("notes")
        self._box = ui.element("div")

    async def show(self) -> None:
        console = self._visit.console
        entries, away = await console.alerts_now()
        said = console.stores.prometheus.said()
        shown = [(each.id, _look(each)) for each in entries]
        if shown != self._shown:
            self._shown = shown
            self._build(entries)
        notes = [notices.away(away)] if away else []
        if said.trouble:
            notes.append(notices.alone(said.trouble))
        if not entries and not away:
            notes.append(tag("div", _calm(said.asked and not said.trouble), class_="panel"))
        self._note.content = joined(*notes)
        now = console.now()
        for each in entries:
            self._bodies[each.id].content = alert_words.of_entry(console, each)
        ours = [each.ours for each in entries if each.ours]
        lanes = alert_words.lanes(ours, Span(now - DAY, now), now)
        words = tag("div", tag("h2", "The last 24 hours"), class_="panel-head")
        self._timeline.content = tag("div", words, lanes, class_="panel timeline-panel") if ours else ""

    def _build(self, entries: list[Entry]) -> None:
        self._box.clear()
        self._bodies = {}
        with self._box:
            for each in entries:
                with ui.element("article").classes(f"alert {each.severity if each.heard else 'quiet'}"):
                    self._bodies[each.id] = ui.html(sanitize=False)
                    if each.ours:
                        alert_actions.buttons(self._visit, each.ours, self.show)


def _look(entry: Entry) -> str:
    """What decides which buttons and which edge it has."""
    return entry.ours.state if entry.ours else f"{entry.severity} {entry.heard}"


def _calm(prometheus: bool) -> Markup:
    whose = "config/alerts.yaml and every rule of Prometheus" if prometheus else "config/alerts.yaml"
    text = f"Every rule of {whose} is quiet. What was before stands in the history."
    return notices.empty(
        "good", "No alert is open", text, tag("a", "History", href="/alerts?show=history", class_="export")
    )


async def _history(visit: Visit) -> None:
    console = visit.console
    wanted = AlertFilter(gpu=visit.query("gpu") or None)
    now = console.now()
    try:
        page = await asyncio.to_thread(
            console.stores.alerts.page, wanted, after=visit.query("after") or None, limit=PAGE
        )
    except Unavailable as error:
        ui.html(notices.away(error), sanitize=False)
        return
    except GpustreamError as error:
        ui.html(tag("p", str(error), class_="panel"), sanitize=False)
        return
    if not page.alerts:
        text = "Once a reading crosses a limit for long enough, its alert stands here for good, imported logs included."
        ui.html(notices.empty("alerts", "No alert yet", text), sanitize=False).classes("panel")
        return
    names = ("What", "Severity", "State", "GPU", "Began", "Lasted")
    columns = tag("tr", *(tag("th", name) for name in names))
    table = tag("table", columns, *(_row(each, now) for each in page.alerts), class_="stacked")
    more = (
        tag("a", "Older ones", href=f"/alerts?show=history&after={page.next}", class_="export") if page.next else None
    )
    ui.html(tag("div", tag("div", table, class_="scroll"), class_="panel"), sanitize=False)
    ui.html(tag("div", more, class_="actions"), sanitize=False)


def _row(alert: Alert, now: int) -> Markup:
    severity, state = (piece for piece in _badges(alert))
    return tag(
        "tr",
        tag("td", tag("a", alert.message, href=f"/alerts/{alert.id}")),
        tag("td", severity, data_label="Severity"),
        tag("td", state, data_label="State"),
        tag("td", tag("a", alert.gpu, href=alert_words.gpu_address(alert, now)), class_="nowrap", data_label="GPU"),
        tag("td", moment(alert.started, now), class_="figure nowrap", data_label="Began"),
        tag("td", lasted(alert.started, alert_words.end_of(alert, now)), class_="nowrap", data_label="Lasted"),
    )


def _badges(alert: Alert) -> tuple[Markup, Markup]:
    severity = OF_SEVERITY.get(alert.severity) or named({}, alert.severity)
    return badge(severity), badge(named(OF_ALERT, alert.state))


class Silences:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._box = ui.element("div")

    async def show(self) -> None:
        alerts = self._visit.console.stores.alerts
        self._box.clear()
        with self._box:
            try:
                silences = await asyncio.to_thread(alerts.silences)
            except Unavailable as error:
                ui.html(notices.away(error), sanitize=False)
                return
            if not silences:
                text = "While you repair something, silence its alerts: they are kept, and nobody is told. "
                text += "An open alert has a button for it."
                ui.html(notices.empty("silenced", "Nothing is silenced", text), sanitize=False).classes("panel")
            for each in silences:
                with ui.element("article").classes("alert"):
                    ui.html(_silence(each, self._visit.console.now()), sanitize=False)
                    if self._visit.person.role >= Role.OPERATOR:
                        with ui.element("div").classes("actions"):
                            button = ui.button("End it now", on_click=lambda one=each: self._end(one), color=None)
                            button.props("unelevated no-caps").classes("second")

    async def _end(self, silence: Silence) -> None:
        try:
            await asyncio.to_thread(self._visit.console.stores.alerts.end_silence, silence.id)
        except GpustreamError as error:
            ui.notify(str(error), type="warning")
        await self.show()


def _silence(silence: Silence, now: int) -> Markup:
    wish = silence.wish
    whom = ", ".join((*wish.gpu, *wish.host, *wish.source, *wish.model)) or "every GPU"
    rules = ", ".join(wish.rules) or "all rules"
    ends = f"until {clock(wish.ends)} UTC" if wish.ends else "until its alerts are over"
    return joined(
        tag("div", badge(OF_ALERT["silenced"]), class_="row-of"),
        tag("h3", f"{rules} of {whom}", class_="what"),
        tag(
            "div",
            tag("span", tag("b", ends)),
            tag("span", "by ", tag("b", wish.by), ", ", moment(silence.created, now)),
            tag("span", wish.reason),
            class_="facts",
        ),
    )
