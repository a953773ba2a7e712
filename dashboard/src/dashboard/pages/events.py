"""What happened to a GPU in a span: its alerts and anomalies, as marks in charts and as a list under them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from dashboard.pages import notices
from dashboard.pages.chart import Mark
from dashboard.pages.console import Console
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import clock, lasted
from dashboard.pages.states import ANOMALY, OF_ALERT, OF_SEVERITY, badge, named
from dashboard.stores.alerts import Alert, AlertFilter
from dashboard.stores.history import Span
from telemetry.errors import GpustreamError, Unavailable
from telemetry.messages import Anomaly
from telemetry.timestamp import parse_time

_MOST = 200


class Events:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._troubles: list[Unavailable] = []
        with ui.element("section").classes("panel events"):
            ui.html(tag("h2", "What happened in this time"), sanitize=False)
            self._list = ui.html(sanitize=False)

    async def read(self, gpu: str, span: Span) -> tuple[list[Alert], list[Anomaly]]:
        stores = self._console.stores
        self._troubles = []
        alerts: list[Alert] = []
        anomalies: list[Anomaly] = []
        try:
            wanted = AlertFilter(gpu=gpu, end=span.end)
            page = await asyncio.to_thread(stores.alerts.page, wanted, limit=_MOST)
            alerts = [each for each in page.alerts if each.resolved is None or each.resolved >= span.begin]
        except Unavailable as error:
            self._troubles.append(error)
        except GpustreamError:
            pass
        try:
            anomalies = await asyncio.to_thread(stores.history.anomalies, span, gpu=gpu, limit=_MOST)
        except Unavailable as error:
            self._troubles.append(error)
        except GpustreamError:
            pass
        return alerts, anomalies

    def marks(self, alerts: Sequence[Alert], anomalies: Sequence[Anomaly], span: Span, now: int) -> list[Mark]:
        spans = [
            Mark(max(each.started, span.begin), min(each.resolved or now, span.end), each.severity, each.rule)
            for each in alerts
        ]
        return [*spans, *(Mark(parse_time(each.start), None, each.severity, "anomaly") for each in anomalies)]

    def show(self, alerts: Sequence[Alert], anomalies: Sequence[Anomaly]) -> None:
        rows = [(each.started, self._alert(each)) for each in alerts]
        rows += [(parse_time(each.start), self._anomaly(each)) for each in anomalies]
        rows.sort(key=lambda row: -row[0])
        troubles = joined(*map(notices.away, self._troubles))
        if not rows:
            self._list.content = troubles or tag("p", "No alert and no anomaly.", class_="soft")
            return
        body = tag("table", *(row for _, row in rows), class_="stacked")
        self._list.content = joined(troubles, tag("div", body, class_="scroll"))

    def _alert(self, alert: Alert) -> Markup:
        worse = OF_SEVERITY.get(alert.severity) or named({}, alert.severity)
        until = f", for {lasted(alert.started, alert.resolved)}" if alert.resolved else ""
        return tag(
            "tr",
            tag("td", tag("a", alert.message, href=f"/alerts/{alert.id}")),
            tag("td", badge(worse), class_="nowrap"),
            tag("td", badge(named(OF_ALERT, alert.state)), class_="nowrap"),
            tag("td", clock(alert.started), tag("span", until, class_="soft"), class_="figure nowrap"),
        )

    def _anomaly(self, anomaly: Anomaly) -> Markup:
        return tag(
            "tr",
            tag("td", anomaly.sentence),
            tag("td", badge(ANOMALY), class_="nowrap"),
            tag("td", tag("span", anomaly.kind.replace("_", " "), class_="soft")),
            tag("td", clock(parse_time(anomaly.start)), class_="figure nowrap"),
        )
