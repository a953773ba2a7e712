"""Health: every GPU with its score, the worst first, and what takes points from it; and what happened to them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from nicegui import ui

from dashboard.card_words import counted
from dashboard.health_levels import LIMITS
from dashboard.pages import event_rows, frame, health_card, notices
from dashboard.pages import health_words as words
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.markup import Markup, tag
from dashboard.pages.tabs import tabs
from dashboard.stores.health import Advice, EventFilter, Score
from dashboard.stores.history import Span
from telemetry.errors import GpustreamError, Unavailable
from telemetry.timestamp import SECOND

EVERY = 10.0
PAGE = 20
EVENTS = 100
"""On a page of them."""
NEWEST = 3
"""Of each GPU beside its score."""
TREND = 24 * 3600 * SECOND
STEPS = 72
_TABS = (("", "Scores"), ("events", "Events"))


def add(console: Console) -> None:
    @frame.page(console, "/health", "health", "Health")
    async def health(visit: Visit) -> None:
        frame.Head("Health", "100 is best. Every point that is missing has its reason; nothing is done by itself.")
        shown = visit.query("show")
        ui.html(tabs("Health", _TABS, shown), sanitize=False)
        if shown == "events":
            await _events(visit)
        else:
            scores = Scores(visit)
            await scores.show()
            ui.timer(EVERY, scores.show)


class Scores:
    """A page of GPUs, ``after`` so many that are worse; each changes in place."""

    def __init__(self, visit: Visit) -> None:
        self._console = visit.console
        first = visit.query("after")
        self._first = int(first) if first.isdecimal() and len(first) < 8 else 0
        self._shown: list[str] = []
        self._cards: dict[str, ui.html] = {}
        self._note = ui.html(sanitize=False)
        self._tiles = ui.html(sanitize=False)
        self._box = ui.element("div").classes("health-list")
        self._pages = ui.html(sanitize=False)

    async def show(self) -> None:
        console = self._console
        try:
            every = [each for each in await console.scores.get() if each.mode != "import"]
            risks, advice = await console.risks.get(), await console.advice.get()
        except Unavailable as error:
            self._note.content = notices.away(error)
            return
        self._note.content = "" if every else _no_score()
        self._tiles.content = _tiles(every, advice)
        scores = every[self._first : self._first + PAGE]
        self._build([each.gpu for each in scores])
        span = Span(console.now() - TREND, console.now())
        health = console.stores.health
        try:
            trends = await asyncio.to_thread(health.trends, self._shown, span, STEPS)
            events = await asyncio.to_thread(health.newest_events, self._shown, NEWEST)
        except Unavailable as error:
            self._note.content = notices.away(error)
            return
        of_gpu = {each.gpu: each for each in advice}
        for each in scores:
            line = health_card.trend(trends.get(each.gpu, []), span, f"Score of {each.gpu} over the last 24 hours")
            own = [risk for risk in risks if risk.gpu == each.gpu]
            link = tag("a", each.gpu, href=f"/gpu/{each.gpu}")
            chosen = of_gpu.get(each.gpu)
            newest = events.get(each.gpu, [])
            calm = health_card.is_calm(each, chosen, newest)
            given = (each, link, _beside(console, each), line, own, chosen, console.now())
            content = health_card.brief(*given) if calm else health_card.card(*given, newest)
            tone = words.state(each.score).tone
            self._cards[each.gpu].classes(replace=f"panel health {tone}{' calm' if calm else ''}")
            self._cards[each.gpu].content = content
        self._pages.content = _pages(self._first, len(every))

    def _build(self, gpus: list[str]) -> None:
        if gpus == self._shown:
            return
        self._shown = gpus
        self._box.clear()
        with self._box:
            self._cards = {gpu: ui.html(sanitize=False, tag="article") for gpu in gpus}


def _beside(console: Console, score: Score) -> str:
    """What the live feed knows of the card: model, and where it stands."""
    latest = console.stores.live.gpu(score.gpu)
    if latest is None:
        return score.host
    place = [f"{name} {latest.labels[name]}" for name in ("rack", "cluster") if name in latest.labels]
    return ", ".join([latest.model or score.host, *place])


def _no_score() -> Markup:
    text = (
        "Once health is judged, every GPU gets a score a minute after its first readings, with the reasons for every "
    )
    text += "point that is missing. Until then the limits on the overview and the alerts say what is wrong."
    do = tag("a", "Alerts", href="/alerts", class_="export")
    return tag("div", notices.empty("health", "No score yet", text, do), class_="panel")


def _tiles(scores: Sequence[Score], advice: Sequence[Advice]) -> Markup:
    if not scores:
        return Markup("")
    counts = Counter(LIMITS.judge(each.score) for each in scores)
    names = {each.gpu for each in scores}
    to_do = sum(each.action not in {"keep", "watch"} for each in advice if each.gpu in names)
    told = [
        (f"{len(scores):,}", "GPUs with a score"),
        (f"{counts[None]:,}", f"well, {LIMITS.warning:.0f} and more"),
        (f"{counts['warning']:,}", f"worth a look, under {LIMITS.warning:.0f}"),
        (f"{counts['critical']:,}", f"poor, under {LIMITS.critical:.0f}"),
        (f"{to_do:,}", "to repair, move or retire"),
    ]
    return tag(
        "div", *(tag("div", tag("b", value), tag("span", word), class_="tile") for value, word in told), class_="tiles"
    )


def _pages(first: int, count: int) -> Markup:
    links = []
    if first > 0:
        links.append(tag("a", "Worse ones", href=f"/health?after={max(0, first - PAGE)}", class_="export"))
    if first + PAGE < count:
        links.append(tag("a", "Better ones", href=f"/health?after={first + PAGE}", class_="export"))
    if not links:
        return Markup("")
    where = tag(
        "span",
        f"{min(first + 1, count):,} to {min(first + PAGE, count):,} of {counted(count, 'GPU')}",
        class_="soft small",
    )
    return tag("div", *links, where, class_="actions row-of")


async def _events(visit: Visit) -> None:
    console = visit.console
    wanted = EventFilter(gpu=visit.query("gpu") or None)
    after = visit.query("after") or None
    try:
        page = await asyncio.to_thread(console.stores.health.events, wanted, after=after, limit=EVENTS)
    except Unavailable as error:
        ui.html(notices.away(error), sanitize=False)
        return
    except GpustreamError as error:
        ui.html(tag("p", str(error), class_="panel"), sanitize=False)
        return
    if not page.events:
        text = (
            "Xids of the kernel's log, memory errors, remapped rows, lost devices: each stands here with what it means."
        )
        ui.html(notices.empty("good", "No event yet", text), sanitize=False).classes("panel")
        return
    ui.html(tag("div", event_rows.table(page.events, console.now()), class_="panel"), sanitize=False)
    if page.next:
        more = tag("a", "Older ones", href=f"/health?show=events&after={page.next}", class_="export")
        ui.html(tag("div", more, class_="actions"), sanitize=False)
