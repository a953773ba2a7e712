"""Pipeline: what flows, where it waits, and what could not be used."""

from __future__ import annotations

import asyncio

from nicegui import ui

from dashboard.card_words import counted, duration
from dashboard.pages import frame, letters, notices
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import moment
from dashboard.pages.states import GOOD, SILENT, WARNING, State, badge
from dashboard.roles import Role
from dashboard.stores.pipeline import Letter, Process
from telemetry.errors import GpustreamError, Unavailable
from telemetry.timestamp import SECOND, parse_time

EVERY = 2.0
LAGS = 10_000
"""Records that wait for a process: more is worth a look."""
_PAGE = 25


def add(console: Console) -> None:
    @frame.page(console, "/pipeline", "pipeline", "Pipeline")
    async def pipeline(visit: Visit) -> None:
        frame.Head("Pipeline", "Every process tells of itself each 10 seconds. What could not be used is kept below.")
        flow = ui.html(sanitize=False)
        ui.html("Dead letters", tag="h2", sanitize=False).classes("group")
        dead = Letters(visit)

        def show() -> None:
            flow.content = _processes(console)

        show()
        ui.timer(EVERY, show)
        await dead.show()


def _processes(console: Console) -> Markup:
    processes = console.stores.pipeline.processes()
    if not processes:
        text = "Once a process runs, it stands here within ten seconds."
        return tag(
            "div",
            notices.empty("pipeline", "No process was heard of", text, notices.code("./start.sh")),
            class_="panel",
        )
    live = console.stores.live.state()
    head = tag(
        "div",
        _tile(f"{live.readings_per_second:,.1f} /s", "readings arrive"),
        _tile(str(sum(not each.is_silent for each in processes)), "processes run"),
        _tile(f"{sum(each.report.lag or 0 for each in processes):,}", "records wait"),
        _tile(f"{sum(sum(each.report.rejected.values()) for each in processes):,}", "rejected since the starts"),
        class_="tiles",
    )
    names = ("Process", "State", "In", "Out", "Waiting", "Latency", "Memory", "Runs for", "Starts")
    plain = {"Process", "State"}
    rare = {"Memory", "Runs for", "Starts"}
    columns = tag("tr", *(tag("th", name, class_=_classes(name not in plain, name in rare)) for name in names))
    rows = [_row(each, console.now()) for each in processes]
    return joined(
        head, tag("div", tag("div", tag("table", columns, *rows, class_="stacked"), class_="scroll"), class_="panel")
    )


def _classes(is_number: bool, is_rare: bool = False) -> str | None:
    return " ".join([*(["n"] if is_number else []), *(["optional"] if is_rare else [])]) or None


def _tile(number: str, words: str) -> Markup:
    return tag("div", tag("b", number), tag("span", words), class_="tile")


def _row(process: Process, now: int) -> Markup:
    report = process.report
    rejected = sum(report.rejected.values())
    why = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in sorted(report.rejected.items()))
    note = tag("div", f"rejected: {why}", class_="soft small") if rejected else None
    latency = "–" if report.latency_seconds is None else f"{report.latency_seconds:,.2f} s"
    cells = (
        (tag("b", report.process) + (note or ""), None, None),
        (badge(_state(process)), None, "State"),
        (_rate(process.received_per_second), "n", "In"),
        (_rate(process.sent_per_second), "n", "Out"),
        ("–" if report.lag is None else f"{report.lag:,}", "n", "Waiting"),
        (latency, "n", "Latency"),
        (f"{report.memory_bytes / 1e6:,.0f} MB", "n optional", None),
        (duration((now - parse_time(report.started)) / SECOND), "n optional", None),
        (f"{report.starts:,}", "n optional", None),
    )
    return tag("tr", *(tag("td", cell, class_=class_, data_label=label) for cell, class_, label in cells))


def _rate(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:,.1f} /s"


def _state(process: Process) -> State:
    if process.is_silent:
        return SILENT
    if (process.report.lag or 0) > LAGS:
        return State("Behind", WARNING.icon, WARNING.tone)
    return State("Running", GOOD.icon, GOOD.tone)


class Letters:
    """Newest first; an administrator can send one again."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._box = ui.element("div")

    async def show(self) -> None:
        console = self._visit.console
        after = self._visit.query("after") or None
        try:
            page = await asyncio.to_thread(console.stores.pipeline.letters, after=after, limit=_PAGE)
        except GpustreamError as error:
            with self._box:
                words = notices.away(error) if isinstance(error, Unavailable) else tag("p", str(error), class_="panel")
                ui.html(words, sanitize=False)
            return
        self._box.clear()
        with self._box:
            if not page.letters:
                text = "Every record could be used. One that cannot is kept here, with its bytes and the reason."
                ui.html(notices.empty("good", "No dead letter", text, slim=True), sanitize=False).classes("panel")
                return
            with ui.element("div").classes("panel letters"):
                for each in page.letters:
                    self._line(each)
            if page.next:
                href = f"/pipeline?after={page.next}"
                ui.html(
                    tag("div", tag("a", "Older ones", href=href, class_="export"), class_="actions"), sanitize=False
                )

    def _line(self, letter: Letter) -> None:
        dead = letter.letter
        with ui.element("div").classes("letter"):
            ui.html(
                joined(
                    tag(
                        "div",
                        tag("b", dead.reason.replace("_", " ")),
                        tag("span", f"by {dead.rejected_by}", class_="soft small"),
                        tag("span", moment(letters.when(letter), self._visit.console.now()), class_="soft small"),
                        class_="row-of",
                    ),
                    tag("div", dead.detail),
                    tag("div", letters.place(letter), class_="soft small"),
                    tag(
                        "details",
                        tag("summary", counted(dead.length, "byte"), class_="small soft"),
                        letters.shown(dead.payload()),
                    ),
                ),
                sanitize=False,
            ).classes("letter-words")
            if self._visit.person.role >= Role.ADMIN and dead.origin and hasattr(dead.origin, "topic"):
                button = ui.button("Send again", on_click=lambda: self._redrive(letter), color=None)
                button.props("unelevated no-caps").classes("second")

    async def _redrive(self, letter: Letter) -> None:
        try:
            placed = await asyncio.to_thread(self._visit.console.stores.pipeline.redrive, letter.id)
        except GpustreamError as error:
            ui.notify(str(error), type="warning")
            return
        ui.notify(f"Sent to {placed.topic}, partition {placed.partition}, offset {placed.offset:,}.", type="positive")
