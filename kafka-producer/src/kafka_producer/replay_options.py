"""The command line of ``replay`` as a value."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from kafka_producer.pace import Speed, TimeKind, parse_speed
from kafka_producer.process_name import process_name
from telemetry.errors import Rejected
from telemetry.reading import gpu_name, split_gpu

EXAMPLES = """examples:
  kafka-producer replay log.txt                        import: at full speed, with the times at which it was recorded
  kafka-producer replay log.txt --speed 1              as if it were measured now, second by second
  kafka-producer replay log.txt --speed 60 --loop      an hour in a minute, again and again
  kafka-producer replay log.txt --time now             at once, moved so that its last reading is now
  kafka-producer replay a.txt b.txt --gpu lab-01:0     two cards side by side: lab-01:0 and lab-01:1
  kafka-producer replay logs/ --timezone Europe/Berlin
  kafka-producer replay log.txt --dry-run | head -3    no Kafka: readings on stdout, a summary on stderr

Interrupted, the same command goes on where it was; what was sent in full is not sent twice.
"""


@dataclass(frozen=True)
class ReplayOptions:
    paths: tuple[Path, ...]
    speed: Speed
    kind: TimeKind
    loop: bool
    zone: ZoneInfo | None
    """None: as config/sources.yaml or TIME_ZONE say."""
    gpu: str | None
    dry_run: bool
    name: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="log, several logs, or a folder of logs")
    parser.add_argument("--speed", type=_speed, default="max", help="1, 2, 60, ... times real time, or max (default)")
    parser.add_argument(
        "--time", choices=("now", "original"), help="default: original at --speed max, now at any other speed"
    )
    parser.add_argument("--loop", action="store_true", help="start again at the end; needs --time now")
    parser.add_argument("--timezone", type=zone, metavar="ZONE", help="zone of the log's clock (default: TIME_ZONE)")
    parser.add_argument("--gpu", type=_gpu, metavar="HOST:N", help="whose log it is; further logs take the next N")
    parser.add_argument("--dry-run", action="store_true", help="print JSON readings instead of sending them")
    parser.add_argument(
        "--name", type=process_name, default="replay", help="of this process in status and pipeline (default: replay)"
    )


def options_of(parsed: argparse.Namespace, parser: argparse.ArgumentParser) -> ReplayOptions:
    """Ends the program (exit 2) where the options contradict each other."""
    kind: TimeKind = parsed.time or ("original" if parsed.speed == "max" else "now")
    if parsed.loop and kind == "original":
        parser.error("--loop with --time original would send the same hours again: add --time now")
    if parsed.loop and parsed.dry_run:
        parser.error("--loop with --dry-run would never end: leave one of them out")
    paths = tuple(parsed.paths)
    return ReplayOptions(
        paths, parsed.speed, kind, parsed.loop, parsed.timezone, parsed.gpu, parsed.dry_run, parsed.name
    )


def _speed(text: str) -> Speed:
    try:
        return parse_speed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected max or a number above 0") from error


def zone(text: str) -> ZoneInfo:
    """The value of ``--timezone``."""
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError) as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a zone such as Europe/Berlin or UTC") from error


def _gpu(text: str) -> str:
    try:
        return gpu_name(*split_gpu(text))
    except Rejected as error:
        raise argparse.ArgumentTypeError(error.detail) from error
