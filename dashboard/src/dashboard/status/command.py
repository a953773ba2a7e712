"""``dashboard status``: every check, for a person or (--json) for a program."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any

from dashboard.status.check import Check
from dashboard.status.containers import Containers, read
from dashboard.status.disks import Disks
from dashboard.status.document import document
from dashboard.status.examine import Examined, examine
from dashboard.status.freshness import Freshness
from dashboard.status.hdfs import Hdfs
from dashboard.status.keeper import Keeper
from dashboard.status.lag import Lag
from dashboard.status.pages import Pages, pages
from dashboard.status.processes import Processes
from dashboard.status.render import render
from dashboard.status.topics import Topics
from dashboard.stores.influxdb import InfluxDBReadings
from dashboard.stores.lake import LakeReadings
from telemetry.settings import Settings
from telemetry.timestamp import format_time

SECONDS = 6.5
"""For all checks together, so that the command stays under 8 s whatever hangs."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``status`` for ``dashboard``'s parser; ``run`` does it."""
    status = subparsers.add_parser("status", help="what runs, how far behind, how fresh; exit 1 if something is wrong")
    status.add_argument("--json", action="store_true", help="for a program: docs/operations.md describes it")
    status.add_argument(
        "--containers",
        metavar="FILE",
        help="with Docker: what it says of the containers; ./start.sh status gives it (- is stdin)",
    )
    status.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0 all is well, 1 something is wrong."""
    settings = Settings.load()
    containers = read(options.containers) if options.containers else None
    examined = examine(checks(settings, containers), SECONDS)
    when = format_time(time.time_ns() // 1000)
    healthy = not any(each.problems for each in examined)
    if options.json:
        print(json.dumps(document(examined, when, "docker" if containers else "native"), indent=2))
    elif nothing_runs(examined):
        print("gpustream is not running.\n  do: ./start.sh")
    else:
        print(render(examined, when, colour=_sees_colour()))
    sys.stdout.flush()
    # A client that hangs in native code would keep the interpreter from ending.
    os._exit(0 if healthy else 1)


def checks(settings: Settings, containers: Containers | None) -> list[Check]:
    """In the order in which they are told; ``containers`` takes the place of supervisord."""
    keeper = Keeper(settings.gpustream_run_dir)

    def demo_uptime() -> float:
        return (containers or keeper).uptime("demo")

    grafana = containers.has("grafana") if containers else keeper.started("grafana")
    return [
        containers or Processes(settings.gpustream_run_dir, settings.state_dir),
        Topics(settings),
        Lag(settings),
        Freshness(InfluxDBReadings(settings), demo_uptime, 60, "./start.sh logs influxdb-writer"),
        # The stream writes once per trigger, and a trigger may take as long as the one before it.
        Freshness(
            LakeReadings(settings), demo_uptime, 60 + 3 * settings.spark_trigger_seconds, "./start.sh logs streaming"
        ),
        Hdfs(settings),
        *([] if containers else [Disks(settings.gpustream_run_dir)]),
        Pages(pages(settings, os.environ, in_containers=containers is not None, grafana=grafana)),
    ]


def nothing_runs(examined: list[Examined]) -> bool:
    """Not even a leftover of an instance answers: one line says it better than one per check."""
    pages_answer = any(line.state == "ok" for each in examined if each.key == "pages" for line in each.finding.lines)
    return not pages_answer and not any(each.answered for each in examined if each.key not in {"pages", "disks"})


def _sees_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
