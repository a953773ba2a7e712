"""``dashboard grafana``: make Grafana's dashboards and alert rules from the catalogue, or check them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from telemetry import catalogue
from telemetry.settings import Settings


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    parser = subparsers.add_parser("grafana", help="make the dashboards and alert rules of Grafana, or check them")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--write", type=Path, metavar="DIR")
    target.add_argument("--check", type=Path, metavar="DIR", help="exit 1 where they are not what the catalogue says")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dashboard.grafana import alert_file, generate  # the builders are large, and no other command needs them

    config = Settings.load().config_dir
    metrics = catalogue.load(config / "metrics.yaml")
    files = generate.make(metrics, alert_file.load(config / "alerts.yaml", metrics))
    if options.write:
        generate.write(files, options.write)
        return 0
    stale = generate.stale(files, options.check)
    for name in stale:
        print(f"{options.check / name} is not what the catalogue says: run scripts/generate.sh", file=sys.stderr)
    return 1 if stale else 0
