"""``dashboard exporter``: a page for Prometheus, until it is told to end."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from typing import Any

from telemetry.settings import Settings


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``exporter`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser(
        "exporter",
        help="a page for Prometheus: processes, Kafka, disks, GPUs",
        description="Serves http://EXPORTER_HOST:EXPORTER_PORT/metrics (docs/prometheus.md).",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0 after a polite end. Raises Misconfigured."""
    from dashboard.exporter import serve

    settings = Settings.load()
    stopped = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopped.set())
    with serve.served(settings):
        logging.getLogger(__name__).info("serving http://%s:%d/metrics", settings.exporter_host, settings.exporter_port)
        serve.wait_for_the_end(stopped)
    return 0
