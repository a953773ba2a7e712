"""The console on the application of the REST API."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import ui

from dashboard.access import Access
from dashboard.pages import (
    alert_story,
    alerts,
    compare,
    fleet,
    gpu,
    health,
    intake,
    log_page,
    login,
    logs,
    overview,
    pipeline,
    reports,
)
from dashboard.pages.console import Console
from dashboard.sessions import COOKIE

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 26"><rect width="26" height="26" rx="7" fill="#1f5fd1"/>'
    '<path d="M4 15h4l2.4-8 4.4 13 2.7-8H22" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


_PAGES = (overview, fleet, health, gpu, compare, alerts, alert_story, reports, logs, log_page, pipeline)


def mount(app: FastAPI, console: Console) -> None:
    """After the routers of the API: what they do not answer is the console's. Once per process (NiceGUI is one)."""
    access: Access = app.state.access
    access.session = lambda connection: console.sessions.open(connection.cookies.get(COOKIE))
    app.include_router(intake.router(console))
    app.include_router(login.router(console.sessions, access.of_token))
    for each in _PAGES:
        each.add(console)
    # Without Tailwind (a compiler that runs in the browser): console.css is all the style there is. Without a storage:
    # what a browser must remember is two cookies.
    ui.run_with(
        app, mount_path="/", title="gpustream", favicon=_ICON, dark=None, tailwind=False, show_welcome_message=False,
        reconnect_timeout=30.0, message_history_length=200,
    )  # fmt: skip
