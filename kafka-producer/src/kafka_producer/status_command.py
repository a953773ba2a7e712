"""The command ``status``: its options. What it says is made by ``status``, imported when it is asked for."""

from __future__ import annotations

import argparse
from typing import Any, TextIO

from telemetry.settings import Settings

EXAMPLES = """examples:
  kafka-producer status            a line per log
  kafka-producer status --json     the same for a program

state: waiting (no row yet), following (being read), done (read to its end; it is read on when it grows), rejected (no
log; the reason stands behind it), gone (deleted; what was read stays), sent or unfinished (it was replayed, or its file
holds another log now).
"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "status",
        help="what became of each log",
        description="What became of each log that was dropped or replayed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="for a program")


def run(settings: Settings, as_json: bool, out: TextIO) -> None:
    from kafka_producer import status

    status.run(settings, as_json, out)
