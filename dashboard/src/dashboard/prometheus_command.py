"""``dashboard prometheus``: make Prometheus' rules from the catalogue, or check them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from telemetry import catalogue, xid
from telemetry.settings import Settings


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``prometheus`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser("prometheus", help="make the rules of Prometheus, or check them")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--write", type=Path, metavar="DIR")
    target.add_argument("--check", type=Path, metavar="DIR", help="exit 1 where they are not what the catalogue says")
    parser.add_argument(
        "--runbook",
        default="docs/runbook.md",
        metavar="ADDRESS",
        help="where alerts find the runbook, such as https://wiki.example/gpustream (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 1 where files are stale. Raises Misconfigured."""
    from dashboard.grafana import alert_file
    from dashboard.prometheus import generate

    config = Settings.load().config_dir
    metrics = catalogue.load(config / "metrics.yaml")
    rules = alert_file.load(config / "alerts.yaml", metrics)
    files = generate.make(metrics, rules, xid.load(config), options.runbook)
    if options.write:
        generate.write(files, options.write)
        return 0
    stale = generate.stale(files, options.check)
    for name in stale:
        print(f"{options.check / name} is not what the catalogue says: run scripts/generate.sh", file=sys.stderr)
    return 1 if stale else 0
