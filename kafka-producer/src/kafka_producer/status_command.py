"""The command ``status``: its options. What it says is made by ``status``."""

from __future__ import annotations

import argparse
import sys

from kafka_producer import status
from telemetry.settings import Settings

DESCRIPTION = "What became of each log that was dropped or replayed."
EXAMPLES = """examples:
  kafka-producer status            a line per log
  kafka-producer status --json     the same for a program

state: waiting (no row yet), following (being read), done (read to its end; it is read on when it grows), rejected (no
log; the reason stands behind it), gone (deleted; what was read stays), sent or unfinished (it was replayed, or its file
holds another log now).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for a program")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit status 0."""
    status.run(settings, options.json, sys.stdout)
    return 0
