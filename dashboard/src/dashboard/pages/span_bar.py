"""Choosing the time that a page looks at: by name, by typing, by stepping. All of it works from the keyboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from dashboard.pages.markup import render
from dashboard.pages.moments import clock
from dashboard.pages.view import LASTS, WORDS, View, instant
from dashboard.stores.history import KnownGpu

Changed = Callable[[View], Awaitable[None]]


class SpanBar:
    """Tells ``changed`` of each choice; :meth:`show` says what is chosen."""

    def __init__(
        self, view: View, known: Callable[[], KnownGpu | None], now: Callable[[], int], changed: Changed
    ) -> None:
        self._view = view
        self._now = now
        self._changed = changed
        self._known = known
        with ui.element("div").classes("row-of span-bar"):
            with ui.element("div").classes("segments").props('role="group" aria-label="Time"'):
                self._lasts = {last: self._button(WORDS[last], self._last(last)) for last in LASTS}
                self._whole = self._button("Everything", self._everything)
            with ui.element("div").classes("segments").props('role="group" aria-label="Move"'):
                for word, label, move in (
                    ("←", "earlier", lambda: self._view.moved(-0.5)),
                    ("→", "later", lambda: self._view.moved(0.5)),
                    ("+", "closer", lambda: self._view.scaled(0.5)),
                    ("−", "wider", lambda: self._view.scaled(2)),
                ):
                    self._button(word, self._moving(move)).props(f'aria-label="{label}" title="{label}"')
            with ui.element("details").classes("typed"):
                self._words = ui.html(sanitize=False, tag="summary")
                with ui.element("form").classes("row-of").on("submit.prevent", self._typed):
                    self._from = ui.input("From (UTC)").props("outlined dense").classes("moment-field")
                    self._to = ui.input("To (UTC)").props("outlined dense").classes("moment-field")
                    ui.button("Show", on_click=self._typed, color=None).props("unelevated no-caps").classes("second")
        self.show(view)

    def show(self, view: View) -> None:
        self._view = view
        for last, button in self._lasts.items():
            button.classes(add="on" if last == view.last else "", remove="" if last == view.last else "on")
        self._words.content = render(view.words)
        self._from.value, self._to.value = clock(view.span.begin), clock(view.span.end)

    def _button(self, word: str, do: Callable[[], Awaitable[None]]) -> ui.button:
        return ui.button(word, on_click=do, color=None).props("unelevated no-caps dense").classes("second")

    def _last(self, last: str) -> Callable[[], Awaitable[None]]:
        async def choose() -> None:
            await self._changed(View.of_last(last, self._now()))

        return choose

    async def _everything(self) -> None:
        known = self._known()
        if known is None:
            ui.notify("Nothing is known of this GPU yet.")
            return
        await self._changed(View.whole(known))

    def _moving(self, move: Callable[[], View]) -> Callable[[], Awaitable[None]]:
        async def choose() -> None:
            await self._changed(move())

        return choose

    async def _typed(self) -> None:
        begin, end = instant(self._from.value or ""), instant(self._to.value or "")
        if begin is None or end is None or begin >= end:
            ui.notify("Type both as 2021-05-16 08:17, the earlier one first.", type="warning")
            return
        await self._changed(View.between(begin, end))
