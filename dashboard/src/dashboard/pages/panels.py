"""The charts of some metrics of one GPU over one span: a panel per unit, lanes for bit masks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from dashboard.pages import bit_lanes, chart, notices
from dashboard.pages.chart import LINES, Chart, Line, Mark
from dashboard.pages.console import Console
from dashboard.pages.markup import joined, tag
from dashboard.stores.history import MOST_POINTS, Series, Span
from telemetry.timestamp import MILLISECOND

Zoomed = Callable[[int, int], Awaitable[None]]
_CONNECT = (
    "import('nicegui-echart').then(({echarts}) => { const fine = matchMedia('(pointer: fine)').matches;"
    "for (const e of document.querySelectorAll('.chart')) { const c = echarts.getInstanceByDom(e); if (!c) continue;"
    "c.group = 'panels'; if (fine) c.dispatchAction("
    "{type: 'takeGlobalCursor', key: 'dataZoomSelect', dataZoomSelectActive: true}); }"
    "echarts.connect('panels') })"
)


def grouped(console: Console, metrics: Sequence[str]) -> list[list[str]]:
    """One list per chart: what has the same unit, at most as many as there are colours."""
    by_unit: dict[str, list[str]] = {}
    for name in console.figures.sorted(metrics):
        if not console.figures.is_mask(name):
            by_unit.setdefault(console.figures.unit(name) or name, []).append(name)
    size = len(LINES)
    return [names[at : at + size] for names in by_unit.values() for at in range(0, len(names), size)]


async def read(console: Console, gpu: str, metrics: Sequence[str], span: Span) -> dict[str, Series]:
    """Metric -> its series, each as fine as its chart allows. Raises Away."""
    groups = [*grouped(console, metrics), *([name] for name in metrics if console.figures.is_mask(name))]

    async def ask(names: list[str]) -> list[Series]:
        limit = MOST_POINTS if console.figures.is_mask(names[0]) else chart.most_points(len(names))
        return await asyncio.to_thread(console.stores.history.series, gpu, names, span, limit=limit)

    answers = await asyncio.gather(*map(ask, groups))
    return {series.metric: series for answer in answers for series in answer}


class Panels:
    """Charts that stay where they are while their data move on."""

    def __init__(self, console: Console, zoomed: Zoomed) -> None:
        self._console = console
        self._zoomed = zoomed
        self._shape: list[list[str]] = []
        self._is_built = False
        self._zoomed_to = (0, 0)
        self._charts: list[tuple[ui.echart, ui.html]] = []
        self._box = ui.element("div").classes("stack")
        self._lanes = ui.html(sanitize=False)

    def show(self, found: dict[str, Series], span: Span, marks: Sequence[Mark], model: str | None) -> None:
        shape = grouped(self._console, [name for name, series in found.items() if series.points])
        if shape != self._shape or not self._is_built:
            self._build(shape)
        for names, (element, words) in zip(shape, self._charts, strict=True):
            lines = [
                Line(self._console.figures.label(name), name, found[name], LINES[place])
                for place, name in enumerate(names)
            ]
            options = Chart(lines, span, marks, model).options(self._console.figures)
            element.options.clear()
            element.options.update(options)
            element.update()
            words.content = chart.legend(lines, self._console.figures)
        self._lanes.content = self._lanes_of(found, span)

    def _lanes_of(self, found: dict[str, Series], span: Span) -> str:
        parts = []
        for name, series in found.items():
            metric = self._console.stores.catalogue.get(name)
            if metric is None or not metric.bits or not series.points:
                continue
            drawn = bit_lanes.lanes(metric, series.points, span, series.step)
            parts.append(tag("h2", metric.label) + (drawn or tag("p", "Never set in this time.", class_="soft")))
        return tag("div", joined(*parts), class_="panel lanes") if parts else ""

    def _build(self, shape: list[list[str]]) -> None:
        self._shape, self._is_built = shape, True
        self._box.clear()
        self._charts = []
        with self._box:
            if not shape:
                text = "Choose another time, or another GPU. Everything shows all that there is."
                ui.html(notices.empty("recorded", "No readings in this time", text), sanitize=False).classes("panel")
            for names in shape:
                with ui.element("section").classes("panel"):
                    with ui.element("div").classes("panel-head"):
                        ui.html(self._title(names), sanitize=False, tag="h2")
                        words = ui.html(sanitize=False)
                    element = ui.echart({}, renderer="svg").classes("chart")
                    element.on("chart:datazoom", self._on_zoom, ["batch"])
                    self._charts.append((element, words))
            # In the box: what was clicked to get here may be gone by then.
            ui.timer(0.3, lambda: ui.run_javascript(_CONNECT), once=True)

    def _title(self, names: list[str]) -> str:
        kinds = list(dict.fromkeys(map(self._console.figures.kind, names)))
        unit = self._console.figures.unit(names[0])
        text = self._console.figures.label(names[0]) if len(names) == 1 else " and ".join(kinds)
        return joined(text, tag("span", f" {unit}", class_="soft"))

    async def _on_zoom(self, event: object) -> None:
        batch = (getattr(event, "args", None) or {}).get("batch") or [{}]
        begin, end = batch[0].get("startValue"), batch[0].get("endValue")
        if not isinstance(begin, int | float) or not isinstance(end, int | float) or end <= begin:
            return
        # Connected charts tell of it one by one.
        asked = (round(begin), round(end))
        if asked == self._zoomed_to:
            return
        self._zoomed_to = asked
        for element, _ in self._charts:
            # What the span does from now on, the chart's own zoom must not do once more.
            element.run_chart_method("dispatchAction", {"type": "dataZoom", "start": 0, "end": 100})
        await self._zoomed(asked[0] * MILLISECOND, asked[1] * MILLISECOND)
