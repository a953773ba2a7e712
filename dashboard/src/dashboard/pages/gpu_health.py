"""The health of the GPU whose page it is: its score as on the page Health, and what happened to it."""

from __future__ import annotations

import asyncio

from nicegui import ui

from dashboard.pages import event_rows, health_card, notices
from dashboard.pages import health_words as words
from dashboard.pages.console import Console
from dashboard.pages.health import STEPS
from dashboard.pages.markup import Markup, tag
from dashboard.stores.health import EventFilter, EventPage
from dashboard.stores.history import Span
from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND

TREND = 7 * 86_400 * SECOND
EVENTS = 10


class GpuHealth:
    """Above the charts the score (without one it is a line), below them the events."""

    def __init__(self, console: Console, gpu: str) -> None:
        self._console = console
        self._gpu = gpu
        with ui.element("section").classes("gpu-health").props('aria-label="Health"'):
            self._card = ui.html(sanitize=False)
        self._events: ui.html | None = None

    def place_events(self) -> None:
        """Here; nothing stands there while there is none."""
        self._events = ui.html(sanitize=False)

    async def show(self) -> None:
        console, gpu, now = self._console, self._gpu, self._console.now()
        span = Span(now - TREND, now)
        health = console.stores.health
        try:
            scores = await console.scores.get()
            risks, advice = await console.risks.get(), await console.advice.get()
            trends = await asyncio.to_thread(health.trends, [gpu], span, STEPS)
            page = await asyncio.to_thread(health.events, EventFilter(gpu=gpu), limit=EVENTS)
        except Unavailable as error:
            self._card.classes(replace="")
            self._card.content = notices.away(error)
            return
        score = next((each for each in scores if each.gpu == gpu), None)
        if score is None:
            self._card.classes(replace="")
            self._card.content = notices.no_score()
        else:
            line = health_card.trend(trends.get(gpu, []), span, "Score over the last 7 days")
            own = [each for each in risks if each.gpu == gpu]
            chosen = next((each for each in advice if each.gpu == gpu), None)
            self._card.classes(replace=f"panel health {words.state(score.score).tone}")
            self._card.content = health_card.card(score, "Health", "the line: 7 days", line, own, chosen, now)
        if self._events is not None:
            self._events.content = self._listed(page, now)

    def _listed(self, page: EventPage, now: int) -> Markup:
        if not page.events:
            return Markup("")
        more = tag("a", "All of them", href=f"/health?show=events&gpu={self._gpu}") if page.next else None
        head = tag("div", tag("h2", "Events"), more, class_="panel-head")
        return tag("section", head, event_rows.table(page.events, now, of_one_gpu=True), class_="panel events")
