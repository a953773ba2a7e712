"""The command ``dashboard``: how gpustream is, and what happened in a log."""

from __future__ import annotations

import argparse
import logging
import sys

from dashboard import (
    api_load_command,
    audit_command,
    card_command,
    exporter_command,
    grafana_command,
    login_command,
    observability_command,
    prometheus_command,
    serve_command,
    wait_command,
)
from dashboard.backup import command as backup_command
from dashboard.report import command as report_command
from dashboard.status import command as status_command
from telemetry import logs
from telemetry.errors import Misconfigured, Unavailable

EXAMPLES = """examples:
  dashboard status                                  what runs, how far behind, how fresh
  dashboard status --json | jq .problems
  dashboard wait-for-data --mode demo --within 30
  kafka-producer replay --dry-run LOG.txt | dashboard card --html card.html
  dashboard report --date 2026-11-22 --html report.html
"""


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 fine, 1 something is wrong, 2 misconfigured or misused."""
    parser = argparse.ArgumentParser(
        prog="dashboard", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for each in (
        status_command,
        wait_command,
        card_command,
        report_command,
        grafana_command,
        prometheus_command,
        exporter_command,
        observability_command,
        serve_command,
        login_command,
        audit_command,
        api_load_command,
        backup_command,
    ):
        each.add_parser(commands)
    options = parser.parse_args(arguments)
    logs.configure(f"dashboard-{options.command}")
    # What this client has to say of a server that is away, each check says once and in its own words.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    logging.getLogger("hdfs").setLevel(logging.CRITICAL)
    try:
        status: int = options.run(options)
    except Misconfigured as error:
        print(f"dashboard: {error}", file=sys.stderr)
        return 2
    except Unavailable as error:
        print(f"dashboard: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
