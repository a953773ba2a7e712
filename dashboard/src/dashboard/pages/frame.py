"""What stands around every page: style, navigation, who is here, and the way past all that for the keyboard."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from dashboard.pages.console import Console
from dashboard.pages.icons import icon
from dashboard.pages.markup import Child, Markup, joined, tag
from dashboard.roles import Person
from dashboard.sessions import COOKIE

THEME_COOKIE = "gpustream-theme"
_THEMES: dict[str, bool | None] = {"auto": None, "dark": True, "light": False}


class _Section(NamedTuple):
    word: str
    href: str


_SECTIONS = {
    "overview": _Section("Overview", "/"),
    "fleet": _Section("Fleet", "/fleet"),
    "health": _Section("Health", "/health"),
    "gpu": _Section("GPU", "/gpu"),
    "compare": _Section("Compare", "/compare"),
    "alerts": _Section("Alerts", "/alerts"),
    "reports": _Section("Reports", "/reports"),
    "logs": _Section("Logs", "/logs"),
    "pipeline": _Section("Pipeline", "/pipeline"),
}
_PATIENCE = 20.0
BEFORE_PAINT = (
    "<style>html{background:#f3f5f8}html.dark{background:#0e1218}</style>"
    "<script>(()=>{const t=(document.cookie.match(/gpustream-theme=(\\w+)/)||[])[1];"
    "if(t==='dark'||(t!=='light'&&matchMedia('(prefers-color-scheme: dark)').matches))"
    "document.documentElement.classList.add('dark')})()</script>"
)
"""No flash of the other theme before the first paint."""
_FRAMES = (
    "<script>document.addEventListener('load',event=>{const frame=event.target;"
    "if(!frame.matches?.('iframe.framed'))return;frame.style.height='0';"
    "frame.style.height=frame.contentDocument.documentElement.scrollHeight+8+'px'"
    "},true)</script>"
)
"""A page within ours is as long as it is: no scroll bar in a scroll bar."""
_NEXT_THEME = (
    "const order=['auto','dark','light'];"
    "const now=(document.cookie.match(/%s=(\\w+)/)||[])[1]||'auto';"
    "const next=order[(order.indexOf(now)+1)%%3];"
    "document.cookie=`%s=${next};path=/;max-age=31536000;samesite=lax`;emitEvent('theme',next)"
)


class Visit(NamedTuple):
    """Somebody looks at a page."""

    console: Console
    request: Request
    person: Person

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "")


Build = Callable[[Visit], Awaitable[None]]


def page(console: Console, path: str, section: str, title: str) -> Callable[[Build], Build]:
    """Registers a page that only people with a session see; the others are shown the way in and come back here."""

    def register(build: Build) -> Build:
        async def shown(request: Request) -> Response | None:
            person = console.sessions.open(request.cookies.get(COOKIE))
            if person is None:
                back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                return RedirectResponse(f"/login?next={quote(back)}", status_code=303)
            visit = Visit(console, request, person)
            with _frame(visit, section):
                await build(visit)
            return None

        ui.page(path, title=f"{title} · gpustream", response_timeout=_PATIENCE)(shown)
        return build

    return register


@cache
def style() -> str:
    text = files("dashboard.pages").joinpath("console.css").read_text(encoding="utf-8")
    return f'<style data-version="{hashlib.sha256(text.encode()).hexdigest()[:8]}">{text}</style>'


def wear(request: Request) -> ui.dark_mode:
    """The style of the console, in the theme that this browser chose."""
    ui.add_head_html(BEFORE_PAINT + style() + _FRAMES)
    return ui.dark_mode(_THEMES.get(request.cookies.get(THEME_COOKIE, "auto")))


class Head:
    """The heading of a page: ``side`` holds the buttons beside it, ``lead`` may change."""

    def __init__(self, title: Child, lead: Child = None) -> None:
        self._title = title
        with ui.element("header").classes("head"):
            self._words = ui.html(sanitize=False).classes("words")
            self.side = ui.element("div").classes("side")
        self.lead(lead)

    def lead(self, text: Child) -> None:
        self._words.content = joined(tag("h1", self._title), tag("p", text) if text else None)


def _frame(visit: Visit, section: str) -> ui.element:
    dark = wear(visit.request)
    skip = ui.html(sanitize=False)
    with ui.element("aside").classes("rail"):
        ui.html(tag("a", brand(), href="/", class_="brand", aria_label="gpustream, overview"), sanitize=False)
        alerts = _navigation(section)
        with ui.element("div").classes("who"):
            name, role = visit.person
            ui.label(name if name == role.word else f"{name}, {role.word}").classes("as small soft")
            theme = ui.html(_theme_words(dark.value), sanitize=False, tag="button").classes("plain-button")
            theme.props('type="button" aria-label="Change between automatic, dark and light"')
            theme.on("click", js_handler=f"() => {{{_NEXT_THEME % (THEME_COOKIE, THEME_COOKIE)}}}")
            leave = tag("button", icon("leave"), tag("span", "Sign out"), class_="plain-button", type="submit")
            ui.html(tag("form", leave, action="/logout", method="post"), sanitize=False)

    def change_theme(name: str) -> None:
        dark.value = _THEMES.get(name)
        theme.content = _theme_words(dark.value)

    ui.on("theme", lambda event: change_theme(str(event.args)))
    # Quasar's page around it is the <main> already.
    main = ui.element("div").classes("page").props('tabindex="-1"')
    skip.content = tag("a", "To the content", href=f"#{main.html_id}", class_="skip")

    async def count() -> None:
        entries, away = await visit.console.alerts_now()
        found = sum(each.heard for each in entries)
        if away and not found:
            return
        alerts.content = _section("alerts", found)
        alerts.props(f'aria-label="Alerts, {found} open"' if found else "", remove="" if found else "aria-label")

    ui.timer(3.0, count)
    return main


def brand() -> Markup:
    return joined(
        Markup(
            '<svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true"><rect width="26" height="26" rx="7" '
            'fill="currentColor"/><path d="M4 15h4l2.4-8 4.4 13 2.7-8H22" fill="none" stroke="var(--panel)" '
            'stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
        ),
        tag("span", "gpustream"),
    )


def _navigation(here: str) -> ui.html:
    """Links that stay as long as the page, whatever is said in them: the keyboard may be on one of them.

    Returns the one to the alerts: how many are open is said in it.
    """
    links = {}
    with ui.element("nav").props('aria-label="Pages"'):
        for name in _SECTIONS:
            links[name] = ui.html(_section(name), sanitize=False, tag="a").props(f'href="{_SECTIONS[name].href}"')
            if name == here:
                links[name].props('aria-current="page"')
    return links["alerts"]


def _section(name: str, count: int = 0) -> Markup:
    told = tag("span", count if count < 1000 else "999+", class_="count") if count else None
    return joined(icon(name, 20), tag("span", _SECTIONS[name].word), told)


def _theme_words(dark: bool | None) -> Markup:
    word = {None: "auto", True: "dark", False: "light"}[dark]
    return joined(icon("theme"), tag("span", f"Theme: {word}"))
