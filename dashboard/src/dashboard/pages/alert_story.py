"""One alert: everything that happened to it, in order, and what can be done about it."""

from __future__ import annotations

import asyncio

from nicegui import ui

from dashboard.pages import alert_actions, alert_words, frame, notices
from dashboard.pages.console import Console
from dashboard.pages.figures import Figures
from dashboard.pages.frame import Visit
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import clock
from dashboard.pages.states import OF_ALERT, WARNING, badge, named
from dashboard.stores.alerts import ActionRun, AlertStory, Change, Comment, Notification, Request
from dashboard.stores.away import Missing
from telemetry.errors import GpustreamError, Unavailable

EVERY = 3.0


def add(console: Console) -> None:
    @frame.page(console, "/alerts/{id}", "alerts", "Alert")
    async def story(visit: Visit) -> None:
        page = StoryPage(visit, visit.request.path_params["id"])
        await page.show()
        ui.timer(EVERY, page.show)


class StoryPage:
    def __init__(self, visit: Visit, alert_id: str) -> None:
        self._visit = visit
        self._id = alert_id
        self._state = ""
        ui.html(tag("a", "← Alerts", href="/alerts", class_="small"), sanitize=False)
        self._head = ui.html(sanitize=False).classes("story-head")
        self._buttons = ui.element("div")
        with ui.element("section").classes("panel story"):
            ui.html(tag("h2", "Timeline"), sanitize=False)
            self._timeline = ui.html(sanitize=False)

    async def show(self) -> None:
        console = self._visit.console
        try:
            story = await asyncio.to_thread(console.stores.alerts.story, self._id)
        except Missing:
            text = "It may have been of a platform that was reset."
            self._head.content = notices.empty("alerts", "There is no such alert", text)
            return
        except Unavailable as error:
            self._head.content = notices.away(error)
            return
        except GpustreamError as error:
            self._head.content = tag("p", str(error))
            return
        alert = story.alert
        self._head.content = joined(
            tag("div", alert_words.badges(alert), tag("span", alert.rule, class_="code soft"), class_="row-of"),
            tag("h1", alert.message),
            alert_words.facts(alert, console.figures, console.now()),
        )
        self._timeline.content = _timeline(story, console.figures)
        if alert.state != self._state:
            self._state = alert.state
            self._buttons.clear()
            with self._buttons:
                alert_actions.buttons(self._visit, alert, self.show)


def _timeline(story: AlertStory, figures: Figures) -> Markup:
    entries = [
        *((each.time, _change(each, story, figures)) for each in story.changes),
        *((each.time, _comment(each)) for each in story.comments),
        *((each.time, _notification(each)) for each in story.notifications),
        *((each.time, _request(each)) for each in story.requests if each.outcome != "done"),
        *((each.time, _run(each)) for each in story.actions),
    ]
    entries.sort(key=lambda entry: entry[0])
    items = [tag("li", tag("span", f"{clock(time)} UTC ", class_="soft figure small"), what) for time, what in entries]
    return tag("ol", *items, class_="timeline") if items else tag("p", "Nothing is written down yet.", class_="soft")


def _change(change: Change, story: AlertStory, figures: Figures) -> Markup:
    value = ""
    if change.value is not None and story.alert.metric:
        value = f" at {figures.text(story.alert.metric, change.value)}"
    by = f" by {change.acknowledged_by}" if change.state == "acknowledged" and change.acknowledged_by else ""
    reason = tag("span", change.reason.replace("_", " "), class_="soft small") if change.reason else None
    return tag("div", badge(named(OF_ALERT, change.state)), f"{by}{value} ", reason)


def _comment(comment: Comment) -> Markup:
    return tag("div", tag("b", comment.by), " wrote: ", tag("q", comment.text))


def _notification(notification: Notification) -> Markup:
    if notification.arrived:
        return tag("div", f"{notification.contact} was told ({notification.why})")
    tried = f"{notification.contact} could not be told yet ({notification.why}, tried {notification.attempts} times)"
    return tag("div", badge(WARNING, tried), " ", tag("span", notification.detail, class_="soft small"))


def _request(request: Request) -> Markup:
    waits = {None: "waits for the alert engine", "already": "was so before", "unknown": "came too late: it was over"}
    return tag(
        "div", tag("b", request.by), f" asked to {request.action}: {waits.get(request.outcome, request.outcome)}"
    )


def _run(run: ActionRun) -> Markup:
    told = tag("span", run.output[:300], class_="code soft")
    return tag("div", f"{run.action}, {run.what}: {run.status.replace('_', ' ')} ", told)
