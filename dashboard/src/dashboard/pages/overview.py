"""Overview: every GPU at a glance, live."""

from __future__ import annotations

from nicegui import ui

from dashboard.card_words import counted
from dashboard.pages import frame, gpu_card, notices
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import clock, lasted
from dashboard.pages.states import OF_MODE, badge
from dashboard.stores.alerts import Alert
from dashboard.stores.history import KnownGpu
from dashboard.stores.live import Latest
from telemetry.errors import Unavailable
from telemetry.timestamp import MILLISECOND

EVERY = 1.0
_GROUPS = (("live", "Live"), ("demo", "Demonstration"))


def add(console: Console) -> None:
    @frame.page(console, "/", "overview", "Overview")
    async def overview(visit: Visit) -> None:
        head = frame.Head("Overview")
        board = Board(console)
        recorded = ui.html(sanitize=False)

        async def show() -> None:
            try:
                alerts = await console.open_alerts.get()
            except Unavailable:
                alerts = []
            board.show(alerts)
            head.lead(_lead(console))
            recorded.content = await _recorded(console)

        await show()
        ui.timer(EVERY, show)


class Board:
    """The cards, by group. One that is there changes in place, so that nothing jumps and the focus stays."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._heads: dict[str, ui.html] = {}
        self._grids: dict[str, ui.element] = {}
        self._cards: dict[str, ui.html] = {}
        for mode, _ in _GROUPS:
            self._heads[mode] = ui.html(sanitize=False)
            self._grids[mode] = ui.element("div").classes("cards")
        self._nothing = ui.html(sanitize=False)

    def show(self, alerts: list[Alert]) -> None:
        live, now = self._console.stores.live, self._console.now()
        shown = [each for each in live.gpus() if each.mode != "import"]
        for mode, title in _GROUPS:
            count = sum(each.mode == mode for each in shown)
            words = tag("h2", title), tag("span", counted(count, "GPU"), class_="soft small")
            self._heads[mode].content = tag("div", *words, class_="group") if count else ""
        self._nothing.content = "" if shown else _nothing_live(self._console)
        for gone in self._cards.keys() - {_key(each) for each in shown}:
            self._cards.pop(gone).delete()
        for each in shown:
            key = _key(each)
            if key not in self._cards:
                with self._grids[each.mode]:
                    element = ui.html(sanitize=False, tag="a").props(f'href="/gpu/{each.gpu}"')
                self._cards[key] = element
            own = [alert for alert in alerts if alert.gpu == each.gpu and alert.mode == each.mode]
            figures = self._console.figures
            tone = gpu_card.state(each, figures, own, now).tone
            spark = live.sparkline(each.gpu, gpu_card.HEADLINE)
            self._cards[key].classes(replace=f"gpu-card {tone}")
            self._cards[key].content = gpu_card.card(each, spark, figures, own, now)


def _key(latest: Latest) -> str:
    return f"{latest.mode} {latest.gpu}"


def _lead(console: Console) -> str:
    state = console.stores.live.state()
    if state.state == "starting":
        return "Looking for the newest readings …"
    if state.state == "away":
        return tag("span", icon("warning", 15), f" {state.detail}: what stands here grows old", class_="value warning")
    return f"{counted(state.gpus, 'GPU')} heard of, {state.readings_per_second:,.1f} readings a second. Times are UTC."


def _nothing_live(console: Console) -> Markup:
    return tag(
        "div",
        notices.empty(
            "gpu",
            "No GPU is live right now",
            "Drop a GPU-Z log, or start the demonstration, and it stands here within seconds.",
            tag("a", icon("logs"), "Drop a log", href="/logs", class_="export"),
            " ",
            notices.code("./start.sh demo"),
        ),
        class_="panel",
    )


async def _recorded(console: Console) -> Markup:
    """GPUs of imported logs: not live, and worth opening."""
    try:
        known = await console.known_gpus.get()
    except Unavailable as error:
        return notices.away(error)
    imported = sorted((each for each in known if "import" in each.modes), key=lambda each: -each.last)
    if not imported:
        return Markup("")
    head = tag(
        "div", tag("h2", "Recorded"), tag("span", counted(len(imported), "GPU"), class_="soft small"), class_="group"
    )
    rows = [_row(each) for each in imported]
    columns = tag(
        "tr",
        tag("th", "GPU"),
        tag("th", "Newest reading"),
        tag("th", "From first to last", class_="optional"),
        tag("th", ""),
    )
    return joined(head, tag("div", tag("div", tag("table", columns, *rows), class_="scroll"), class_="panel"))


def _row(known: KnownGpu) -> Markup:
    whole = f"/gpu/{known.gpu}?from={known.first // MILLISECOND}&to={known.last // MILLISECOND + 1}"
    return tag(
        "tr",
        tag("td", tag("a", known.gpu, href=whole)),
        tag("td", clock(known.last), class_="figure nowrap"),
        tag("td", lasted(known.first, known.last), class_="optional soft"),
        tag("td", badge(OF_MODE["import"]), class_="n"),
    )
