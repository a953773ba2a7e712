"""``dashboard audit``: whether the stores hold every reading of a load, each once."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.audit import Verdict, rows_of, verdict
from dashboard.stores.loads import Loads
from dashboard.stores.loads_influxdb import InfluxDBLoads
from dashboard.stores.loads_lake import LakeLoads
from dashboard.stores.loads_postgres import PostgresLoads
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Unavailable
from telemetry.loads import NAME_WORDS, host_of, is_name
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

EXAMPLES = """examples:
  kafka-producer load --name lunch --gpus 20 --rate 1000 --seconds 60
  dashboard audit lunch --gpus 20 --sent 60000                 as it is now
  dashboard audit lunch --gpus 20 --sent 60000 --wait 300      once all has arrived, or after 300 s
"""
_LOOK_EVERY = 2.0


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``audit`` for ``dashboard``'s parser; ``run`` does it."""
    audit = subparsers.add_parser(
        "audit",
        help="whether every reading of a load has arrived, once",
        description="Compares what `kafka-producer load` has sent with what InfluxDB, the lake and"
        " (POSTGRES_READINGS=on) PostgreSQL hold.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    audit.add_argument("load", type=_name, help="the load's name")
    audit.add_argument("--gpus", type=_count, required=True, metavar="N", help="of how many GPUs it was")
    audit.add_argument("--sent", type=_count, required=True, metavar="N", help="how many readings Kafka has taken")
    audit.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="look again until all is there (default: look once)"
    )
    audit.add_argument("--json", action="store_true", help="for programs")
    audit.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0: every reading is in every store, once; 1: it is not."""
    settings = Settings.load()
    stores: list[Loads] = [InfluxDBLoads(settings), LakeLoads(settings)]
    if settings.postgres_readings == "on":
        stores.append(PostgresLoads(settings))
    wanted = rows_of(host_of(options.load), options.gpus, options.sent)
    found = audit(stores, options.load, wanted, options.wait, SystemClock())
    if options.json:
        print(json.dumps({store: told if isinstance(told, str) else told._asdict() for store, told in found.items()}))
    else:
        for store, told in found.items():
            print(f"{store + ':':<11} {told}")
    return 0 if all(isinstance(each, Verdict) and each.is_right for each in found.values()) else 1


def audit(
    stores: Sequence[Loads], load: str, wanted: Mapping[str, int], seconds: float, clock: Clock
) -> dict[str, Verdict | str]:
    """Store -> its verdict, or why it does not answer; looks again for ``seconds`` while one may still become right."""
    began = clock.now()
    found: dict[str, Verdict | str] = {}
    while True:
        # A store that has all is not asked again while another has not: a look reads the whole load.
        asked = [store for store in stores if not _has_all(found.get(store.name, ""))]
        found |= {store.name: _look(store, load, wanted) for store in asked}
        if all(map(_has_all, found.values())):
            # But once more in the end, where that was a while ago: something may have come twice.
            found |= {store.name: _look(store, load, wanted) for store in stores if store not in asked}
            if all(map(_has_all, found.values())):
                return found
        if clock.now() - began >= seconds * SECOND:
            return found
        clock.sleep(_LOOK_EVERY)


def _has_all(told: Verdict | str) -> bool:
    return isinstance(told, Verdict) and not told.missing


def _look(store: Loads, load: str, wanted: Mapping[str, int]) -> Verdict | str:
    try:
        return verdict(wanted, store.held(load))
    except Unavailable as error:
        return str(error)


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {NAME_WORDS}")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number above 0")
    return int(text)
