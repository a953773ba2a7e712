"""Compare: two GPUs, or one GPU in two periods, over each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from nicegui import ui

from dashboard.card_words import number
from dashboard.pages import chart, frame, notices
from dashboard.pages.chart import LINES, Chart, Line
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import clock
from dashboard.pages.view import MINUTE, instant
from dashboard.stores.history import KnownGpu, Series, Span
from telemetry.errors import GpustreamError, Unavailable
from telemetry.timestamp import MILLISECOND

_LENGTHS = {"15 min": 15, "1 h": 60, "6 h": 360, "24 h": 1440}
_FIRST = ("gpu_temperature", "board_power_draw", "gpu_load", "gpu_clock")


class Side(NamedTuple):
    """One of the two: a GPU from an instant on."""

    gpu: str
    begin: int

    def span(self, length: int) -> Span:
        return Span(self.begin, self.begin + length)

    def name(self, other: Side) -> str:
        """What tells it from the other one."""
        if self.gpu != other.gpu and self.begin == other.begin:
            return self.gpu
        return f"{self.gpu} from {clock(self.begin)[:16]}"


def add(console: Console) -> None:
    @frame.page(console, "/compare", "compare", "Compare")
    async def compare(visit: Visit) -> None:
        frame.Head("Compare", "Two GPUs, or one GPU in two periods, laid over each other from their beginnings.")
        try:
            known = await console.gpus()
        except Unavailable as error:
            ui.html(notices.away(error), sanitize=False)
            return
        if not known:
            text = "Drop a GPU-Z log or start the demonstration, then compare its GPUs, or two times of one."
            do = tag("a", icon("logs"), "Drop a log", href="/logs", class_="export")
            ui.html(notices.empty("compare", "Nothing to compare yet", text, do), sanitize=False).classes("panel")
            return
        await Comparison(visit, known).load()


class Comparison:
    """Stands in the address as ``a``, ``b`` (GPUs), ``from``, ``with`` (ms) and ``minutes``."""

    def __init__(self, visit: Visit, known: list[KnownGpu]) -> None:
        self._console = visit.console
        self._known = {each.gpu: each for each in known}
        names = sorted(self._known)
        newest = sorted(known, key=lambda each: -each.last)
        first = visit.query("a") or newest[0].gpu
        second = visit.query("b") or (newest[1].gpu if len(newest) > 1 else first)
        minutes = int(visit.query("minutes")) if visit.query("minutes").isdecimal() else 60
        self._length = max(1, min(minutes, 43_200)) * MINUTE
        self._fields: list[tuple[ui.select, ui.input]] = []
        with ui.element("div").classes("two sides"):
            for place, (gpu, begin) in enumerate(((first, visit.query("from")), (second, visit.query("with")))):
                start = instant(begin) if begin else None
                with ui.element("div").classes("panel side-panel").style(f"border-top-color:{LINES[place]}"):
                    choice = ui.select(sorted({*names, gpu}), value=gpu, label="AB"[place]).props("outlined dense")
                    field = ui.input("From (UTC)", value=clock(self._start(gpu) if start is None else start))
                    field.props("outlined dense").classes("moment-field")
                    choice.on_value_change(self._chosen(place))
                    self._fields.append((choice, field))
        with ui.element("div").classes("row-of compare-bar"):
            with ui.element("div").classes("segments").props('role="group" aria-label="Length"'):
                self._lengths = {
                    minutes: ui.button(word, on_click=self._lasting(minutes), color=None).classes("second")
                    for word, minutes in _LENGTHS.items()
                }
                for button in self._lengths.values():
                    button.props("unelevated no-caps dense")
            ui.button("Compare", on_click=self.load, color=None).props("unelevated no-caps").classes("first")
        fields = sorted({name for each in known for name in each.metrics})
        options = {name: self._console.figures.label(name) for name in self._console.figures.sorted(fields)}
        options = {name: label for name, label in options.items() if not self._console.figures.is_mask(name)}
        chosen = [name for name in _FIRST if name in options] or list(options)[:4]
        self._choice = ui.select(options, multiple=True, value=chosen, label="Metrics", on_change=self.load)
        self._choice.props("outlined dense use-chips options-dense").classes("metric-choice")
        self._box = ui.element("div").classes("stack")

    def _start(self, gpu: str) -> int:
        """The last hour of a GPU that runs, the beginning of one that was recorded."""
        known = self._known.get(gpu)
        if known is None:
            return self._console.now() - self._length
        return max(known.first, known.last - self._length) if "import" not in known.modes else known.first

    def _chosen(self, place: int) -> Callable[[], Awaitable[None]]:
        async def choose() -> None:
            choice, field = self._fields[place]
            field.value = clock(self._start(str(choice.value)))
            await self.load()

        return choose

    def _lasting(self, minutes: int) -> Callable[[], Awaitable[None]]:
        async def choose() -> None:
            self._length = minutes * MINUTE
            await self.load()

        return choose

    async def load(self) -> None:
        sides = []
        for choice, field in self._fields:
            begin = instant(field.value or "")
            if begin is None:
                ui.notify("Type the time as 2021-05-16 08:17.", type="warning")
                return
            sides.append(Side(str(choice.value), begin))
        for minutes, button in self._lengths.items():
            is_on = minutes * MINUTE == self._length
            button.classes(add="on" if is_on else "", remove="" if is_on else "on")
        one, other = sides
        ui.navigate.history.replace(
            f"/compare?a={one.gpu}&b={other.gpu}&from={one.begin // MILLISECOND}&with={other.begin // MILLISECOND}"
            f"&minutes={self._length // MINUTE}"
        )
        metrics = list(self._choice.value or [])
        try:
            answers = await asyncio.gather(*(self._read(side, metrics) for side in sides))
        except GpustreamError as error:
            self._box.clear()
            with self._box:
                words = notices.away(error) if isinstance(error, Unavailable) else tag("p", str(error))
                ui.html(words, sanitize=False)
            return
        self._draw(metrics, one, other, answers)

    async def _read(self, side: Side, metrics: list[str]) -> list[Series]:
        limit = chart.most_points(2)
        return await asyncio.to_thread(
            self._console.stores.history.series, side.gpu, metrics, side.span(self._length), limit=limit
        )

    def _draw(self, metrics: list[str], one: Side, other: Side, answers: list[list[Series]]) -> None:
        self._box.clear()
        figures = self._console.figures
        with self._box:
            if not any(series.points for answer in answers for series in answer):
                text = "Choose another time, or a longer one."
                ui.html(notices.empty("recorded", "No readings there", text), sanitize=False).classes("panel")
                return
            for name, first, second in zip(metrics, *answers, strict=True):
                lines = [
                    Line(f"A {one.name(other)}", name, first, LINES[0], shift=one.begin),
                    Line(f"B {other.name(one)}", name, second, LINES[1], shift=other.begin, dashed=True),
                ]
                with ui.element("section").classes("panel"):
                    with ui.element("div").classes("panel-head"):
                        unit = tag("span", f" {figures.unit(name)}", class_="soft")
                        ui.html(joined(figures.label(name), unit), sanitize=False, tag="h2")
                        ui.html(
                            joined(chart.legend(lines, figures), self._difference(name, first, second)), sanitize=False
                        )
                    options = Chart(lines, Span(0, self._length), offset=True).options(figures)
                    ui.echart(options, renderer="svg").classes("chart")

    def _difference(self, name: str, first: Series, second: Series) -> Markup:
        """B against A, on average."""
        if not first.points or not second.points:
            return Markup("")
        by = _mean(second) - _mean(first)
        sign = "+" if by > 0 else "−" if by < 0 else "±"
        told = f"{sign}{number(abs(by), self._console.figures.decimals(name), self._console.figures.unit(name))}"
        return tag("div", "On average B is ", tag("b", told), " against A.", class_="soft small")


def _mean(series: Series) -> float:
    return sum(point.average for point in series.points) / len(series.points)
