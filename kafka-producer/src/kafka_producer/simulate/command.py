"""``kafka-producer simulate gpuz``: writes the log that GPU-Z would have written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from kafka_producer.simulate import labels, span
from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.fleet import command as fleet
from kafka_producer.simulate.gpuz_writer import record
from kafka_producer.simulate.quirks import QUIRKS, render
from kafka_producer.simulate.scenarios import SCENARIOS
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

DESCRIPTION = "Writes logs of simulated GPUs, or simulates a fleet of them."
EXAMPLES = """examples:
  kafka-producer simulate gpuz --list
  kafka-producer simulate gpuz --scenario failing-fan --duration 6m --out demo.txt
  kafka-producer simulate gpuz --scenario day --card rtx-4090 --duration 24h --interval 5 --seed 7 --out day.txt
  kafka-producer simulate gpuz --scenario stuck-sensor --duration 1h --out stuck.txt --labels stuck.csv
  kafka-producer simulate fleet --help
  kafka-producer simulate gpuz --scenario gaming --card gtx-970 --quirk utf16-le --quirk failed-read --duration 2m
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True)
    gpuz = kinds.add_parser(
        "gpuz",
        help="a sensor log in GPU-Z's format",
        description="Writes a GPU-Z sensor log of a simulated card: plausible, and with the same seed the same bytes.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    gpuz.add_argument("--list", action="store_true", help="list scenarios, cards and quirks, and write nothing")
    gpuz.add_argument("--scenario", choices=SCENARIOS, default="gaming", help="what happens (default: gaming)")
    gpuz.add_argument("--card", choices=CARDS, default="rtx-3080", help="whose log it is (default: rtx-3080)")
    gpuz.add_argument("--seed", type=int, default=1, help="the same seed makes the same log (default: 1)")
    gpuz.add_argument(
        "--start",
        type=_start,
        default=datetime(2026, 1, 15),
        metavar='"YYYY-MM-DD HH:MM:SS"',
        help="local time of the first row (default: 2026-01-15 00:00:00)",
    )
    gpuz.add_argument("--duration", type=_duration, default=360, help="seconds, or 6m, 1h30m, 24h (default: 6m)")
    gpuz.add_argument("--interval", type=_interval, default=1.0, help="seconds between two rows (default: 1)")
    gpuz.add_argument("--quirk", action="append", choices=QUIRKS, default=[], metavar="NAME", help="repeatable")
    gpuz.add_argument("--out", default="-", metavar="FILE", help="where to write (default: -, standard output)")
    gpuz.add_argument("--labels", metavar="FILE", help="also write what should be found in the log, as CSV")
    gpuz.add_argument("--gpu", default="local:0", help="the GPU that the labels name (default: local:0)")

    fleet.add_arguments(
        kinds.add_parser(
            "fleet",
            help="nodes full of GPUs, as dcgm-exporters show them",
            description="Simulates nodes full of GPUs at work: served as dcgm-exporters' pages, to Kafka or as CSV.",
            epilog=fleet.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )


def run(settings: Settings, options: argparse.Namespace) -> int:
    return fleet.run(settings, options) if options.kind == "fleet" else write(options)


def write(options: argparse.Namespace) -> int:
    """Exit status 0 written; raises Misconfigured for choices that do not go together or a file that cannot be."""
    if options.list:
        print(catalogue(), end="")
        return 0
    rows = int(options.duration / options.interval)
    if rows < 1:
        raise Misconfigured("--duration", f"{options.duration} s", f"at least one interval ({options.interval} s)")
    elements = record(
        CARDS[options.card],
        SCENARIOS[options.scenario],
        seed=options.seed,
        start=options.start,
        rows=rows,
        interval=options.interval,
    )
    chunks = render(elements, options.quirk, rows=rows, interval=options.interval, seed=options.seed)
    if options.labels:
        labelled = labels.table(
            SCENARIOS[options.scenario], gpu=options.gpu, start=options.start, duration=options.duration
        )
        _write(options.labels, "--labels", [labelled.encode()])
    if options.out == "-":
        return _to_standard_output(chunks)
    _write(options.out, "--out", chunks)
    return 0


def _write(name: str, option: str, chunks: Iterable[bytes]) -> None:
    try:
        with Path(name).open("wb") as file:
            file.writelines(chunks)
    except OSError as error:
        raise Misconfigured(option, f"{name} ({error.strerror})", "a file that can be written") from error


def catalogue() -> str:
    """Scenarios, cards and quirks, one line each."""
    parts = ["scenarios:"]
    parts += [f"  {scenario.name:24} {scenario.description}" for scenario in SCENARIOS.values()]
    parts += ["cards:", *(f"  {card.key:24} {card.name}" for card in CARDS.values())]
    parts += ["quirks (--quirk, repeatable):"]
    parts += [f"  {name:24} {(quirk.__doc__ or '').splitlines()[0]}" for name, quirk in QUIRKS.items()]
    return "\n".join(parts) + "\n"


def _to_standard_output(chunks: Iterable[bytes]) -> int:
    try:
        sys.stdout.buffer.writelines(chunks)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough (head, less): that is no fault. Nothing may be flushed into it at exit.
        sys.stdout = None
    return 0


def _start(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected YYYY-MM-DD HH:MM:SS") from None
    if moment.tzinfo is not None:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a local time without a zone, as GPU-Z writes it")
    return moment


def _duration(text: str) -> int:
    try:
        return span.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.05 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected seconds from 0.05 to 3600")
    return seconds
