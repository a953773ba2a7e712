"""``dashboard api-load``: how the API does while many ask it."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from typing import Any

from dashboard.api_load import ApiLoad, Told
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

EXAMPLES = """examples:
  dashboard api-load                                   10 clients for a minute
  dashboard api-load --clients 100 --seconds 300       more than 1,200 a minute need CONSOLE_RATE_PER_MINUTE
"""
_SAY_EVERY = 1.0


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``api-load`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser(
        "api-load",
        help="let many clients ask the API, and say how long it took",
        description="Each client asks once a second what a page would ask, with the token of a viewer.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clients", type=_count, default=10, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--seconds", type=_count, default=60, metavar="N", help="how long (%(default)s)")
    parser.add_argument("--url", metavar="ADDRESS", help="of the console (http://127.0.0.1:CONSOLE_PORT)")
    parser.add_argument("--lines", action="store_true", help="each second a line with what came of it until then")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0: every request was answered or turned away by the limit of rate; 1: one was not. Raises
    Misconfigured."""
    settings = Settings.load()
    path = settings.console_tokens_dir / "console-viewer-token"
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(str(path), error.strerror or "unreadable", "the token of a viewer; ./start.sh") from error
    load = ApiLoad(options.url or f"http://127.0.0.1:{settings.console_port}", token, options.clients)
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        load.start()
        end = time.monotonic() + options.seconds
        while (left := end - time.monotonic()) > 0 and not stopped.wait(min(left, _SAY_EVERY)):
            if options.lines:
                print(load.told(), flush=True)
        load.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    told = load.told()
    _report(told)
    return 1 if told.failed else 0


def _report(told: Told) -> None:
    for path, durations in sorted(told.of_path.items()):
        print(f"  {path:<40} {durations.count:>8,}   {durations.words()}")
    print(told)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number above 0")
    return int(text)
