"""``dashboard serve``: the console and the REST API, until it is told to end."""

from __future__ import annotations

import argparse
import logging
from contextlib import closing
from typing import Any

from telemetry.clock import SystemClock
from telemetry.settings import Settings

EXAMPLES = """examples:
  dashboard serve                   what start.sh runs: http://127.0.0.1:8000 (CONSOLE_PORT)
  dashboard serve --port 8001
"""
_GRACE_SECONDS = 3
"""For answers on their way when it ends; event streams never end by themselves."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``serve`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser(
        "serve",
        help="the console in the browser, and the REST API",
        description="Serves the console and the REST API (docs/api.md) on CONSOLE_HOST and CONSOLE_PORT, and keeps the "
        "document of each reported day in the lake (docs/reports.md).",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, help="instead of CONSOLE_PORT")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0 after a polite end. Raises Misconfigured."""
    # The other commands of `dashboard` do without these.
    import uvicorn

    from dashboard.app import create_app
    from dashboard.pages.console import Console
    from dashboard.pages.mount import mount
    from dashboard.report.documents import Documents
    from dashboard.report.handover import Handover
    from dashboard.report.keeper import DocumentKeeper
    from dashboard.sessions import Sessions
    from dashboard.stores.opened import opened
    from dashboard.stores.outgoing_postgres import OutgoingReports
    from dashboard.stores.webhdfs import WebHdfs

    # Each connection of a page, each look into a folder: nothing to write down.
    for chatty in ("uvicorn.error", "hdfs.client"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = Settings.load()
    clock = SystemClock()
    with opened(settings) as stores, closing(OutgoingReports(settings)) as outgoing:
        pages = Documents(settings, WebHdfs(settings))
        handover = Handover(pages, stores.reports, outgoing, settings.report_timezone, clock)
        app = create_app(settings, stores)
        sessions = Sessions(settings.state_dir, clock, app.state.access.digest)
        mount(app, Console(settings, stores, sessions, clock))
        with DocumentKeeper(settings, handover):
            uvicorn.run(
                app,
                host=settings.console_host,
                port=options.port or settings.console_port,
                log_config=None,
                access_log=False,
                server_header=False,
                # Whoever is asked for by an address of his own choice would have a rate of his own choice: it is
                # believed to our gateway alone, which writes down whom it sees.
                proxy_headers=settings.gateway == "on",
                forwarded_allow_ips="127.0.0.1",
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
    return 0
