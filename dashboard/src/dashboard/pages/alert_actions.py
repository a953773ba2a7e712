"""What a person can do about an alert: acknowledge, resolve, comment, silence. The alert engine does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from nicegui import ui

from dashboard.pages.frame import Visit
from dashboard.pages.markup import tag
from dashboard.roles import Role
from dashboard.stores.alerts import Action, Alert, NewSilence, Request
from telemetry.errors import GpustreamError
from telemetry.timestamp import SECOND

_LOOKS, _BETWEEN = 20, 0.2
_LENGTHS = {"1 hour": 3600, "4 hours": 14_400, "1 day": 86_400, "7 days": 604_800, "Until it is over": 0}
Wish = Action | Literal["comment"]
_DONE: dict[Wish, str] = {
    "acknowledge": "Acknowledged: the engine stops escalating.",
    "resolve": "Resolved: it opens again if it comes back.",
    "comment": "Your comment stands in its timeline.",
}
Then = Callable[[], Awaitable[None]]


def buttons(visit: Visit, alert: Alert, then: Then) -> None:
    """Those that make sense in its state; none for people who only look."""
    if visit.person.role < Role.OPERATOR:
        return
    with ui.element("div").classes("actions"):
        if alert.state == "firing":
            _button("Acknowledge", lambda: ask(visit, alert, "acknowledge", "", then)).classes("first")
        if alert.state != "resolved":
            _button("Resolve …", lambda: _words(visit, alert, "resolve", "Resolve", then)).classes("second")
        _button("Comment …", lambda: _words(visit, alert, "comment", "Comment", then)).classes("second")
        if alert.state != "resolved":
            _button("Silence …", lambda: _silence(visit, alert, then)).classes("second")


async def ask(visit: Visit, alert: Alert, action: Wish, text: str, then: Then) -> None:
    console = visit.console
    try:
        if action == "comment":
            await asyncio.to_thread(console.stores.alerts.comment, alert.id, visit.person.name, text)
        else:
            request = await asyncio.to_thread(console.stores.alerts.ask, alert.id, action, visit.person.name, text)
            await _seen_to(visit, request)
    except GpustreamError as error:
        ui.notify(str(error), type="warning")
    else:
        ui.notify(_DONE[action], type="positive")
        console.open_alerts.forget()
    await then()


async def _seen_to(visit: Visit, request: Request) -> None:
    """Until the engine has done it, within reason: the page then shows what came of it."""
    for _ in range(_LOOKS):
        if request.done is not None:
            return
        await asyncio.sleep(_BETWEEN)
        request = await asyncio.to_thread(visit.console.stores.alerts.request, request.id)
    ui.notify("The alert engine has not seen to it yet; it will once it runs.", type="warning")


def _button(word: str, do: Callable[[], object]) -> ui.button:
    return ui.button(word, on_click=do, color=None).props("unelevated no-caps")


async def _words(visit: Visit, alert: Alert, action: Wish, title: str, then: Then) -> None:
    """A word with it; a comment needs one, resolving may go without."""
    with ui.dialog() as dialog, ui.element("div").classes("panel dialog"):
        ui.html(tag("h2", title) + tag("p", alert.message, class_="soft"), sanitize=False)
        label = "Comment" if action == "comment" else "Why (may stay empty)"
        text = ui.textarea(label).props("outlined autogrow autofocus").classes("wide-field")
        with ui.element("div").classes("actions"):
            _button(title, lambda: dialog.submit(text.value or "")).classes("first")
            _button("Cancel", dialog.close).classes("second")
    said = await dialog
    dialog.delete()
    if said is None:
        return
    if action == "comment" and not said.strip():
        ui.notify("An empty comment says nothing.", type="warning")
        return
    await ask(visit, alert, action, said.strip(), then)


async def _silence(visit: Visit, alert: Alert, then: Then) -> None:
    with ui.dialog() as dialog, ui.element("div").classes("panel dialog"):
        lead = "It is kept and shown as before; nobody is told of it."
        ui.html(tag("h2", "Silence") + tag("p", lead, class_="soft"), sanitize=False)
        whom = ui.select(
            {alert.gpu: f"This GPU ({alert.gpu})", f"{alert.host}:*": f"All GPUs of {alert.host}", "*": "Every GPU"},
            value=alert.gpu, label="Of",
        ).props("outlined dense").classes("wide-field")  # fmt: skip
        what = ui.select({"rule": f"The rule {alert.rule}", "all": "All rules"}, value="rule", label="What")
        what.props("outlined dense").classes("wide-field")
        length = ui.select(list(_LENGTHS), value="1 hour", label="For").props("outlined dense").classes("wide-field")
        text = ui.input("Why").props("outlined dense").classes("wide-field")
        with ui.element("div").classes("actions"):
            _button("Silence", lambda: dialog.submit(True)).classes("first")
            _button("Cancel", dialog.close).classes("second")
    wanted = await dialog
    choice = (str(whom.value), str(what.value), _LENGTHS[str(length.value)], (text.value or "").strip())
    dialog.delete()
    if wanted:
        await _make_silence(visit, alert, *choice)
        await then()


async def _make_silence(visit: Visit, alert: Alert, gpu: str, what: str, seconds: int, comment: str) -> None:
    now = visit.console.now()
    new = NewSilence(
        by=visit.person.name,
        reason=comment,
        gpu=() if gpu == "*" else (gpu,),
        rules=(alert.rule,) if what == "rule" else (),
        alerts=() if seconds else (alert.id,),
        starts=now,
        ends=now + seconds * SECOND if seconds else None,
    )
    try:
        await asyncio.to_thread(visit.console.stores.alerts.silence, new)
    except GpustreamError as error:
        ui.notify(str(error), type="warning")
    else:
        ui.notify("Silenced. Alerts, Silences takes it back.", type="positive")
