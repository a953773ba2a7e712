"""``dashboard login-link``: a link that lets somebody into the console once."""

from __future__ import annotations

import argparse
from typing import Any

from telemetry.clock import SystemClock
from telemetry.settings import Settings

EXAMPLES = """examples:
  dashboard login-link                  for an administrator, good once and for 15 minutes
  dashboard login-link --role viewer
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``login-link`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser(
        "login-link",
        help="a link that lets somebody into the console once",
        description="Prints a link into the console that works once, within 15 minutes, and needs no token.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--role", choices=("viewer", "operator", "admin"), default="admin", help="default: %(default)s")
    parser.add_argument("--port", type=int, help="of the address, instead of CONSOLE_PORT")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0."""
    # The other commands of `dashboard` do without what signs.
    from dashboard.roles import Person, Role
    from dashboard.sessions import Sessions

    settings = Settings.load()
    role = Role[options.role.upper()]
    key = Sessions(settings.state_dir, SystemClock()).invite(Person(role.word, role))
    print(f"http://127.0.0.1:{options.port or settings.console_port}/login?key={key}")
    return 0
