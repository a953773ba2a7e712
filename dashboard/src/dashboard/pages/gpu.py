"""GPU: any metrics of one GPU over any time, with limits, alerts and anomalies; and the way out as a file."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from nicegui import ui

from dashboard.pages import frame, health, notices
from dashboard.pages.console import Console
from dashboard.pages.events import Events
from dashboard.pages.frame import Visit
from dashboard.pages.gpu_health import GpuHealth
from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.panels import Panels, read
from dashboard.pages.span_bar import SpanBar
from dashboard.pages.states import OF_MODE, badge
from dashboard.pages.view import View
from dashboard.stores.history import KnownGpu
from telemetry.errors import GpustreamError, Unavailable
from telemetry.timestamp import format_time

EVERY = 3.0
FIRST = (
    "gpu_temperature", "hot_spot_temperature", "memory_temperature", "gpu_load", "board_power_draw", "gpu_clock",
    "fan1_speed_percent", "gpu_memory_used",
)  # fmt: skip
"""Drawn until somebody chooses, with the masks that say why clocks are low."""
FORMATS = ("csv", "parquet", "arrow")


def add(console: Console) -> None:
    @frame.page(console, "/gpu", "gpu", "GPU")
    async def choose(visit: Visit) -> None:
        """The one that was heard of last; the page itself has a choice of all."""
        known = await _known(console)
        if not known:
            frame.Head("GPU")
            text = "Drop a GPU-Z log or start the demonstration; every GPU that sent a reading stands here."
            do = tag("a", icon("logs"), "Drop a log", href="/logs", class_="export")
            ui.html(notices.empty("gpu", "No GPU yet", text, do), sanitize=False).classes("panel")
            return
        ui.navigate.to(f"/gpu/{max(known, key=lambda each: each.last).gpu}")

    @frame.page(console, "/gpu/{gpu}", "gpu", "GPU")
    async def gpu(visit: Visit) -> None:
        known = await _known(console)
        page = GpuPage(visit, visit.request.path_params["gpu"], known)
        await page.load()
        await page.show_health()


async def _known(console: Console) -> list[KnownGpu]:
    try:
        return await console.gpus()
    except Unavailable:
        return []


class GpuPage:
    def __init__(self, visit: Visit, gpu: str, known: list[KnownGpu]) -> None:
        self._console = console = visit.console
        self._gpu = gpu
        self._known = next((each for each in known if each.gpu == gpu), None)
        query = visit.query
        self._view = View.asked(query("last"), query("from"), query("to"), self._known, console.now())
        self._metrics = [name for name in query("metrics").split(",") if name]
        latest = console.stores.live.gpu(gpu)
        self._model = latest.model if latest else None
        ui.page_title(f"{gpu} · gpustream")
        with frame.Head(joined(self._model or gpu, " "), self._lead()).side:
            self._export = ui.html(sanitize=False)
            options = sorted({each.gpu for each in known} | {gpu})
            choice = ui.select(options, value=gpu, label="GPU").props("outlined dense options-dense")
            choice.classes("gpu-choice").on_value_change(
                lambda event: ui.navigate.to(f"/gpu/{event.value}?{self._view.query if self._view.last else ''}")
            )
        self._health = GpuHealth(console, gpu)
        self._bar = SpanBar(self._view, lambda: self._known, console.now, self._look)
        fields = self._fields()
        self._choice = ui.select(
            {name: console.figures.label(name) for name in fields},
            multiple=True, value=self._first(fields), label="Metrics", on_change=self._choose,
        ).props("outlined dense use-chips options-dense").classes("metric-choice")  # fmt: skip
        self._trouble = ui.html(sanitize=False)
        self._panels = Panels(console, self._zoom)
        self._events = Events(console)
        self._health.place_events()
        ui.timer(EVERY, self._follow)
        ui.timer(health.EVERY, self._health.show, immediate=False)

    async def load(self) -> None:
        """Everything of this view; a store that is away costs its part only."""
        span = self._view.span
        self._trouble.content = ""
        alerts, anomalies = await self._events.read(self._gpu, span)
        marks = self._events.marks(alerts, anomalies, span, self._console.now())
        try:
            found = await read(self._console, self._gpu, self._choice.value or [], span)
        except GpustreamError as error:
            self._trouble.content = notices.away(error) if isinstance(error, Unavailable) else tag("p", str(error))
            return
        if span != self._view.span:
            return  # another span was chosen meanwhile, and is on its way
        self._panels.show(found, span, marks, self._model)
        self._events.show(alerts, anomalies)
        self._export.content = self._exports()

    async def show_health(self) -> None:
        await self._health.show()

    async def _follow(self) -> None:
        if self._view.last:
            self._view = View.of_last(self._view.last, self._console.now())
            await self.load()

    async def _look(self, view: View) -> None:
        self._view = view
        self._bar.show(view)
        ui.navigate.history.replace(self._address())
        await self.load()

    async def _zoom(self, begin: int, end: int) -> None:
        await self._look(View.between(begin, end))

    async def _choose(self) -> None:
        self._metrics = list(self._choice.value or [])
        ui.navigate.history.replace(self._address())
        await self.load()

    def _fields(self) -> list[str]:
        names = set(self._known.metrics if self._known else ()) | set(self._metrics)
        latest = self._console.stores.live.gpu(self._gpu)
        return self._console.figures.sorted(names | set(latest.metrics if latest else ()))

    def _first(self, fields: Sequence[str]) -> list[str]:
        if self._metrics:
            return [name for name in self._metrics if name in fields]
        return [name for name in fields if name in FIRST or self._console.figures.is_mask(name)] or list(fields[:4])

    def _lead(self) -> Markup:
        modes = sorted(self._known.modes) if self._known else []
        told = [badge(OF_MODE[mode]) for mode in modes]
        return joined(self._gpu if self._model else "", *(joined(" ", each) for each in told))

    def _address(self) -> str:
        metrics = f"&metrics={','.join(self._metrics)}" if self._metrics else ""
        return f"/gpu/{self._gpu}?{self._view.query}{metrics}"

    def _exports(self) -> Markup:
        """Links to the REST API, which makes the file piece by piece."""
        links = []
        for form in FORMATS[:2]:
            query = urlencode(
                {"from": format_time(self._view.span.begin), "to": format_time(self._view.span.end), "format": form}
            )
            href = f"/api/v1/gpus/{self._gpu}/export?{query}"
            word = {"csv": "CSV", "parquet": "Parquet"}[form]
            links.append(tag("a", icon("download", 16), word, href=href, class_="export", download=True))
        return tag("span", *links, class_="row-of")
