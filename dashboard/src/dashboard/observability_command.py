"""``dashboard observability``: what Prometheus and Alertmanager of this instance read, made of the settings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from telemetry.settings import Settings


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``observability`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser(
        "observability", help="make prometheus.yml and alertmanager.yml of the settings (start.sh does)"
    )
    parser.add_argument("--write", type=Path, metavar="DIR", required=True)
    parser.add_argument("--rules", type=Path, metavar="DIR", default=Path("dashboard/prometheus"))
    parser.add_argument("--grafana", action="store_true", help="Grafana runs")
    parser.add_argument("--postgres-exporter", action="store_true", help="an exporter of PostgreSQL runs")
    parser.add_argument("--gateway", action="store_true", help="nginx runs, and its exporter")
    parser.add_argument("--fleet", default="", metavar="HOST:PORT", help="the simulated fleet's pages")
    parser.add_argument("--containers", action="store_true", help="the servers are those of docker-compose.yml")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0. Raises Misconfigured."""
    from dashboard.prometheus import route_file, scrape_file

    settings = Settings.load()
    prometheus = scrape_file.text(
        settings,
        options.rules.resolve(),
        grafana=options.grafana,
        postgres=options.postgres_exporter,
        gateway=options.gateway,
        fleet=options.fleet,
        containers=options.containers,
    )
    options.write.mkdir(parents=True, exist_ok=True)
    (options.write / "prometheus.yml").write_text(prometheus, encoding="utf-8")
    # A receiver's address may hold a password.
    routes = options.write / "alertmanager.yml"
    routes.touch(mode=0o600)
    routes.write_text(route_file.text(settings), encoding="utf-8")
    return 0
