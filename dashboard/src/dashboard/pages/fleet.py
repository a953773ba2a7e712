"""Fleet: every GPU as a cell of a heat map, by any metric or by health, so that the one that stands out is seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

import orjson
from nicegui import ui

from dashboard.card_words import counted
from dashboard.health_levels import BEST, LIMITS
from dashboard.pages import frame, heat, heat_legend, notices
from dashboard.pages import health_words as words
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.gpu_card import SILENT_AFTER
from dashboard.pages.heat import Cell, Scale
from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, joined, tag
from dashboard.stores.health import Score
from dashboard.stores.live import Latest
from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND

Change = Callable[[], Awaitable[None]]
HEALTH = "health"
"""What the cells are coloured by where it is no metric."""
FIRST_METRIC = "gpu_temperature"
FIRST_LABELS = ("rack", "cluster", "datacenter")
ORDERS = {"name": "By name", "worst": "Worst first"}
WORST = 10
_MOST_REASONS = 3
_EVERY, _PER_GPU = 2.0, 1 / 500
"""Seconds from one look to the next; with thousands of GPUs longer, by so much for each."""
_STANDS = 10 * SECOND


def add(console: Console) -> None:
    @frame.page(console, "/fleet", "fleet", "Fleet")
    async def fleet(visit: Visit) -> None:
        ui.add_head_html(script())
        page = FleetPage(visit)
        await page.show()
        count = len(console.stores.live.gpus())
        ui.timer(max(_EVERY, count * _PER_GPU), page.show)


@cache
def script() -> str:
    return f"<script>{files('dashboard.pages').joinpath('heat_map.js').read_text(encoding='utf-8')}</script>"


class FleetPage:
    """Stands in the address as ``by`` (a metric, or health), ``group`` (model, or a label) and ``sort``."""

    def __init__(self, visit: Visit) -> None:
        self._console = visit.console
        self._by, self._group = visit.query("by"), visit.query("group")
        self._sort = visit.query("sort") if visit.query("sort") in ORDERS else "name"
        self._drawn: object = None
        self._drawn_for: object = None
        self._drawn_at = 0
        self._told: dict[str, Cell] = {}
        self._head = frame.Head("Fleet")
        self._nothing = ui.html(sanitize=False)
        with ui.element("div").classes("row-of fleet-bar") as self._bar:
            self._colours = self._select("Colour", {}, self._choose_colour)
            self._groups = self._select("Group by", {}, self._choose_group)
            self._order = self._select("Order", ORDERS, self._choose_order, self._sort)
        self._trouble = ui.html(sanitize=False)
        with ui.element("section").classes("panel heat-panel") as self._panel:
            self._legend = ui.html(sanitize=False)
            map_ = ui.element("div").classes("heat").props('role="group"')
            map_.props('aria-label="GPUs: the arrow keys move, Enter opens the page of a GPU"')
        self._worst = ui.html(sanitize=False)

    def _select(self, label: str, options: dict[str, str], on_change: Change, value: str | None = None) -> ui.select:
        made = ui.select(options, label=label, value=value, on_change=on_change)
        return made.props("outlined dense options-dense").classes("fleet-choice")

    async def show(self) -> None:
        """What has changed since the last time goes to the browser, and nothing else."""
        gpus = [each for each in self._console.stores.live.gpus() if each.mode != "import"]
        scores = await self._scores()
        alerts = await self._alerts()
        for part in (self._bar, self._panel, self._worst):
            part.visible = bool(gpus)
        self._nothing.content = "" if gpus else nothing()
        self._head.lead(self._lead(gpus))
        if not gpus:
            return
        self._offer(gpus, bool(scores))
        cells = self._cells(gpus, scores, alerts)
        groups = heat.grouped(gpus, self._group, cells, self._sort == "worst")
        layout = {"size": heat.size_of(len(gpus)), "groups": [_told_group(each) for each in groups]}
        what = (self._by, self._group, self._sort, [each.gpu for each in gpus])
        now = self._console.now()
        # While values move, so does their order: not under the hand of whoever points at a cell.
        if layout != self._drawn and (what != self._drawn_for or now - self._drawn_at > _STANDS):
            self._drawn, self._drawn_for, self._drawn_at, self._told = layout, what, now, {}
            ui.run_javascript(f"heatMap.draw({orjson.dumps(layout).decode()})")
        changes = [list(cell[:-1]) for gpu, cell in cells.items() if self._told.get(gpu) != cell]
        if changes:
            self._told = cells
            ui.run_javascript(f"heatMap.update({orjson.dumps(changes).decode()})")
        models = {each.gpu: each.model for each in gpus}
        below_best = [cell for cell in cells.values() if self._by != HEALTH or -cell.rank[1] < BEST]
        self._worst.content = _worst(heat.worst(below_best, WORST), models)

    def _cells(self, gpus: list[Latest], scores: Mapping[str, Score], alerts: Mapping[str, int]) -> dict[str, Cell]:
        now, figures = self._console.now(), self._console.figures
        scale = self._scale(gpus)
        cells = {}
        for each in gpus:
            silent = now - each.arrived > SILENT_AFTER
            score = scores.get(each.gpu)
            notes = self._notes(each, score, alerts.get(each.gpu, 0), silent)
            if self._by == HEALTH:
                cells[each.gpu] = heat.cell_of_score(each.gpu, score.score if score else None, scale, silent, notes)
            else:
                cells[each.gpu] = heat.cell_of_metric(each, self._by, scale, figures, silent, notes)
        self._legend.content = self._legend_of(scale, gpus, list(cells.values()))
        return cells

    def _scale(self, gpus: list[Latest]) -> Scale:
        if self._by == HEALTH:
            return heat.scale_of([BEST], (0, 100), LIMITS)
        metric = self._console.stores.catalogue.get(self._by)
        limits = self._console.figures.limits(self._by)
        values = [each.metrics[self._by] for each in gpus if self._by in each.metrics]
        return heat.scale_of(
            values, metric.plausible if metric else None, None if limits and limits.expected else limits
        )

    def _legend_of(self, scale: Scale, gpus: list[Latest], cells: list[Cell]) -> Markup:
        figures = self._console.figures
        if self._by == HEALTH:
            return heat_legend.of_scale(scale, cells, lambda value: f"{value:.0f}", False)
        if figures.is_mask(self._by):
            return heat_legend.of_reasons(cells)
        usual = figures.limits(self._by)
        differs = any(figures.limits(self._by, model) != usual for model in {each.model for each in gpus})
        return heat_legend.of_scale(scale, cells, lambda value: figures.figure(self._by, value).text, differs)

    def _notes(self, latest: Latest, score: Score | None, alerts: int, silent: bool) -> list[str]:
        """Beside the value: what it is, what its health suffers from, what is wrong."""
        notes = [latest.model] if latest.model else []
        if silent:
            notes.append("silent: its newest reading is more than a minute old")
        if alerts:
            notes.append(f"{counted(alerts, 'alert')} open")
        if score is not None:
            if self._by != HEALTH:
                notes.append(f"health score {words.score(score.score)}")
            notes += [words.reason(each) for each in score.reasons[:_MOST_REASONS]]
        return notes

    def _offer(self, gpus: list[Latest], has_scores: bool) -> None:
        """What there is to choose from, and a first choice that shows something."""
        figures = self._console.figures
        known = {name for each in gpus for name in each.metrics if name in self._console.stores.catalogue.metrics}
        colours = {HEALTH: "Health score", **{name: figures.label(name) for name in figures.sorted(known)}}
        groups = {"": "Nothing", **{name: name for name in heat.groupings(gpus, FIRST_LABELS)}}
        if self._by not in colours:
            self._by = HEALTH if has_scores or FIRST_METRIC not in colours else FIRST_METRIC
        if self._group not in groups:
            self._group = ""
        for select, options, value in ((self._colours, colours, self._by), (self._groups, groups, self._group)):
            if select.options != options or select.value != value:
                select.set_options(options, value=value)

    async def _scores(self) -> dict[str, Score]:
        try:
            found = await self._console.scores.get()
        except Unavailable as error:
            self._trouble.content = notices.away(error)
            return {}
        self._trouble.content = "" if found or self._by != HEALTH else notices.no_score()
        return {each.gpu: each for each in found if each.mode != "import"}

    async def _alerts(self) -> dict[str, int]:
        try:
            found = await self._console.open_alerts.get()
        except Unavailable:
            return {}
        counts: dict[str, int] = {}
        for each in found:
            counts[each.gpu] = counts.get(each.gpu, 0) + 1
        return counts

    async def _choose_colour(self) -> None:
        await self._chosen(by=str(self._colours.value or ""))

    async def _choose_group(self) -> None:
        await self._chosen(group=str(self._groups.value or ""))

    async def _choose_order(self) -> None:
        await self._chosen(sort=str(self._order.value or "name"))

    async def _chosen(self, by: str | None = None, group: str | None = None, sort: str | None = None) -> None:
        before = (self._by, self._group, self._sort)
        self._by = self._by if by is None else by
        self._group = self._group if group is None else group
        self._sort = self._sort if sort is None else sort
        if before != (self._by, self._group, self._sort):
            query = {"by": self._by, "group": self._group, "sort": self._sort}
            ui.navigate.history.replace(f"/fleet?{urlencode({name: word for name, word in query.items() if word})}")
            await self.show()

    def _lead(self, gpus: list[Latest]) -> str:
        state = self._console.stores.live.state()
        if state.state == "away":
            return tag(
                "span", icon("warning", 15), f" {state.detail}: what stands here grows old", class_="value warning"
            )
        hosts = len({each.host for each in gpus})
        count = f"{counted(len(gpus), 'GPU')} on {counted(hosts, 'machine')}"
        return f"{count}. Point at a cell, or go there with the arrow keys."


def nothing() -> Markup:
    text = (
        "A GPU that sends readings stands here within seconds; without one, a simulated cluster shows what it is like."
    )
    do = notices.code("./start.sh --profile fleet")
    return tag("div", notices.empty("fleet", "No GPU is live right now", text, do), class_="panel")


def _told_group(group: heat.Group) -> dict[str, object]:
    return {"title": group.title, "note": group.note, "nodes": [node._asdict() for node in group.nodes]}


def _worst(cells: list[Cell], models: Mapping[str, str | None]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("td", heat_legend.swatch(cell.level, cell.silent), _link(cell.gpu), class_="nowrap"),
            tag("td", cell.words, class_="nowrap figure", data_label="Now"),
            tag("td", models[cell.gpu] or "", class_="soft", data_label="Model"),
            tag("td", "; ".join(note for note in cell.notes if note != models[cell.gpu]), data_label="Notes"),
        )
        for cell in cells
    ]
    head = tag("tr", *(tag("th", word) for word in ("GPU", "Now", "Model", "Notes")))
    table = tag("div", tag("table", head, *rows, class_="stacked"), class_="scroll")
    return tag("div", tag("h2", "The worst"), joined(table), class_="panel worst-panel") if rows else Markup("")


def _link(gpu: str) -> Markup:
    return tag("a", gpu, href=f"/gpu/{gpu}")
