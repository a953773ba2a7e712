"""``dashboard wait-for-data``: returns when readings have been seen in every store."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, get_args

from dashboard.status.words import duration
from dashboard.stores.influxdb import InfluxDBReadings
from dashboard.stores.lake import LakeReadings
from dashboard.stores.newest import Newest
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Unavailable
from telemetry.reading import Mode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``wait-for-data`` for ``dashboard``'s parser; ``run`` does it."""
    wait = subparsers.add_parser("wait-for-data", help="return when readings were seen in InfluxDB and in the lake")
    wait.add_argument("--mode", choices=get_args(Mode), default="demo", help="of which readings (default: demo)")
    wait.add_argument(
        "--within", type=float, default=30, metavar="SECONDS", help="how young the newest must be (default: 30)"
    )
    wait.add_argument("--seconds", type=float, default=180, help="give up after so many seconds (default: 180)")
    wait.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0 seen, 1 not seen in time."""
    settings = Settings.load()
    stores: list[Newest] = [InfluxDBReadings(settings), LakeReadings(settings)]
    return 0 if seen(stores, options.mode, options.within, options.seconds, SystemClock(), say=_say) else 1


def seen(
    stores: Sequence[Newest], mode: Mode, within: float, seconds: float, clock: Clock, say: Callable[[str], None]
) -> bool:
    """Whether each store held a reading of ``mode`` no older than ``within`` seconds before ``seconds`` were over.

    ``say`` gets one line per change: what was seen, or what is waited for.
    """
    began = clock.now()
    waiting = list(stores)
    said = ""
    while waiting:
        store = waiting[0]
        try:
            newest = store.newest().get(mode)
            age = float("inf") if newest is None else (clock.now() - newest) / SECOND
            found = f"no {mode} reading yet" if newest is None else f"newest {mode} reading of {format_time(newest)}"
        except Unavailable as error:
            age, found = float("inf"), str(error)
        passed = (clock.now() - began) / SECOND
        if age <= within:
            say(f"{store.name}: {found}, seen after {duration(passed)}")
            waiting.pop(0)
        elif passed > seconds:
            say(f"{store.name}: {found}; expected one younger than {duration(within)} within {duration(seconds)}")
            return False
        else:
            if found != said:
                said = found
                say(f"waiting for {store.name}: {found}")
            clock.sleep(1.0)
    return True


def _say(line: str) -> None:
    print(line, flush=True)
