"""One log: how far it is, what was rejected and why, and its session card."""

from __future__ import annotations

import asyncio

from nicegui import ui

from dashboard.card_words import counted
from dashboard.pages import frame, log_rows, notices
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.icons import icon
from dashboard.pages.letters import Lines
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.states import OF_LOG, badge, named
from dashboard.stores.away import Missing
from dashboard.stores.pipeline import Letter
from telemetry.errors import GpustreamError, Unavailable
from telemetry.log_states import LogState
from telemetry.messages import FileOrigin

EVERY = 1.0
_PAGES, _PAGE = 10, 200
"""Dead letters are looked through so far back for those of this log."""
_SHOWN = 50
_READ = ("done", "sent", "gone")
_TRIES = 20
"""So often a card is made anew while readings are missing: some may be another log's too."""


def add(console: Console) -> None:
    @frame.page(console, "/logs/one", "logs", "Log")
    async def log(visit: Visit) -> None:
        page = LogPage(console, visit.query("file"))
        await page.show()
        ui.timer(EVERY, page.show)


class LogPage:
    def __init__(self, console: Console, file: str) -> None:
        self._console = console
        self._file = file
        self._rows_shown = -1
        self._tries = 0
        self._seen: LogState | None = None
        ui.html(tag("a", "← Logs", href="/logs", class_="small"), sanitize=False)
        self._head = ui.html(sanitize=False).classes("story-head")
        self._card = ui.html(sanitize=False)
        with ui.element("section").classes("panel story"):
            ui.html("What was not read, and why", tag="h2", sanitize=False)
            self._rejected = ui.html(sanitize=False, tag="p")
            self._lines = Lines()

    async def show(self) -> None:
        try:
            logs = await asyncio.to_thread(self._console.stores.logs.logs)
        except Unavailable as error:
            self._head.content = notices.away(error)
            return
        log = next((each for each in logs if each.file == self._file), None)
        if log is None:
            text = "It may still be on its way: the producer looks for new files every few seconds."
            self._head.content = notices.empty("recorded", f"No log called {self._file[:80]} yet", text, slim=True)
            return
        if log != self._seen:
            self._seen = log
            self._head.content = _head(log)
            await self._show_rejected(log)
        if log.state in _READ and log.gpu and log.rows_sent != self._rows_shown:
            await self._show_card(log)

    async def _show_card(self, log: LogState) -> None:
        """The card, once every row that was sent stands in the store."""
        try:
            made = await asyncio.to_thread(self._console.stores.cards.of_log, log.file)
        except Missing:
            self._card.content = _on_the_way()
            return
        except GpustreamError as error:
            self._card.content = notices.away(error) if isinstance(error, Unavailable) else tag("p", str(error))
            return
        self._tries += 1
        if made.card.quality.rows < log.rows_sent and self._tries < _TRIES:
            self._card.content = _on_the_way()
            return
        self._rows_shown, self._tries = log.rows_sent, 0
        self._card.content = notices.framed(made.html, f"Session card of {log.file}")

    async def _show_rejected(self, log: LogState) -> None:
        if log.state == "rejected":
            self._rejected.content = tag(
                "span", f"The whole file: {(log.reason or '').replace('_', ' ')}. {log.detail}"
            )
            return
        try:
            letters = await asyncio.to_thread(self._letters)
        except GpustreamError as error:
            self._rejected.content = tag("span", str(error), class_="soft")
            return
        if letters:
            words = f"{counted(len(letters), 'line')} could not be used; each is kept with its bytes."
            self._rejected.content = tag("span", words)
            self._lines.show(letters[:_SHOWN])
        else:
            words = "Every row was read." if log.state in _READ else "Nothing so far."
            self._rejected.content = tag("span", words, class_="soft")

    def _letters(self) -> list[Letter]:
        """In the order of the log."""
        found: list[Letter] = []
        after: str | None = None
        for _ in range(_PAGES):
            page = self._console.stores.pipeline.letters(after=after, limit=_PAGE)
            found += [each for each in page.letters if self._is_of_this(each)]
            after = page.next
            if after is None:
                break
        return found[::-1]

    def _is_of_this(self, letter: Letter) -> bool:
        origin = letter.letter.origin
        return isinstance(origin, FileOrigin) and origin.file in (self._file, self._file.rpartition("/")[2])


def _on_the_way() -> Markup:
    text = "The log was read; its readings are on their way through Kafka into the store."
    return tag("div", notices.empty("live", "The session card is being made", text, slim=True), class_="panel")


def _head(log: LogState) -> Markup:
    facts = [
        tag("span", "GPU ", tag("b", log.gpu or "not known yet")),
        tag("span", "rows ", tag("b", log_rows.rows(log))),
        tag("span", "from ", tag("b", (log.begin or "–")[:19].replace("T", " "))),
        tag("span", "to ", tag("b", (log.end or "–")[:19].replace("T", " "))),
    ]
    charts = None
    if log.gpu and log.begin and log.end:
        inside = icon("gpu", 16), "Charts of this log"
        charts = tag("div", tag("a", *inside, href=log_rows.charts(log), class_="export"), class_="actions")
    return joined(
        tag(
            "div",
            badge(named(OF_LOG, log.state)),
            tag("span", log_rows.progress(log), class_="log-progress"),
            class_="row-of",
        ),
        tag("h1", log.file),
        tag("div", *facts, class_="facts"),
        charts,
    )
