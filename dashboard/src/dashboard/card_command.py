"""``dashboard card``: readings on standard input become session cards, on the terminal and as an HTML file."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from dashboard.card_html import page
from dashboard.card_summary import Tariff, cards
from dashboard.card_terminal import Terminal
from telemetry import catalogue
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Misconfigured, Rejected
from telemetry.reading import Reading, decode
from telemetry.settings import Settings

EXAMPLES = """examples:
  kafka-producer replay --dry-run LOG.txt | dashboard card
  kafka-producer replay --dry-run LOG.txt | dashboard card --html card.html --price 0.30
  ./start.sh report LOG.txt --html card.html
"""

_LONGEST_LINE = 8 * 1024 * 1024
"""Bytes; beyond what the topic takes, so it is no reading."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``card`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser(
        "card",
        help="readings on standard input become a session card",
        description="Reads readings (one JSON per line) from standard input and says what happened: peaks, throttling, "
        "time beyond each limit, energy, worst minute, data quality.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the card as one HTML file, too")
    parser.add_argument("--name", default="", help="heading of the card, such as the log's file name")
    parser.add_argument("--price", type=_price, help="price of a kWh (default: ENERGY_PRICE_PER_KWH)")
    parser.add_argument("--currency", help="of the price (default: ENERGY_CURRENCY)")
    parser.add_argument(
        "--colour", choices=("auto", "always", "never"), default="auto", help="colours (default: auto, on a terminal)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0; raises Misconfigured where there is nothing to read or no place to write."""
    settings = Settings.load()
    known = catalogue.load(settings.config_dir / "metrics.yaml")
    price = settings.energy_price_per_kwh if options.price is None else options.price
    tariff = Tariff(price, options.currency or settings.energy_currency)
    if sys.stdin.isatty():
        raise Misconfigured("standard input", "a terminal", "readings: kafka-producer replay --dry-run LOG.txt | ...")
    refused: Counter[str] = Counter()
    found = cards(readings(sys.stdin.buffer, SystemClock(), refused), known, tariff)
    if refused:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in refused.most_common())
        print(f"dashboard card: left out what is no reading: {reasons}", file=sys.stderr)
    if not found:
        raise Misconfigured("standard input", "no reading", "at least one: the log may hold no row that can be read")
    if options.html is not None:
        _write(options.html, page(found, known, options.name))
    terminal = Terminal(options.colour == "always" or (options.colour == "auto" and _shows_colours()), options.name)
    return _print("\n".join(terminal.render(card) for card in found))


def readings(lines: BinaryIO, clock: Clock, refused: Counter[str]) -> Iterator[Reading]:
    """The readings among ``lines``; what is none is counted in ``refused`` by its reason."""
    now = clock.now()
    is_rest = False
    while line := lines.readline(_LONGEST_LINE):
        is_whole = line.endswith(b"\n") or len(line) < _LONGEST_LINE
        if is_rest or not is_whole:
            refused["line_too_long"] += not is_rest
            is_rest = not is_whole
            continue
        if not line.strip():
            continue
        try:
            yield decode(line, now)
        except Rejected as error:
            refused[error.reason] += 1


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misconfigured("--html", f"{path} ({error.strerror})", "a file that can be written") from error


def _print(text: str) -> int:
    try:
        # A terminal of another encoding gets question marks instead of an error.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; nothing may be flushed into it at exit.
        sys.stdout = None
    return 0


def _shows_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _price(text: str) -> float:
    try:
        price = float(text.replace(",", "."))
    except ValueError:
        price = math.nan
    if not 0 <= price < 1e6:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a price per kWh such as 0.30")
    return price
