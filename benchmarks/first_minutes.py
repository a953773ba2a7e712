#!/usr/bin/env python3
"""Starts an instance of its own, drops a log of 2016 into it, gives it 1,000 readings a second, restarts it, and says
how long each took, and how much memory.

examples:
  python benchmarks/first_minutes.py                     as processes, 3,600 rows
  python benchmarks/first_minutes.py --rows 30000
  python benchmarks/first_minutes.py --mode docker       in containers; needs a running engine
  python benchmarks/first_minutes.py --start-below 30 --memory-below 3000     exit status 3 where it takes more
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from verdict import status

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.fault_load import Running
from support.identities import eventually
from support.platform import Platform, long_log

GPU = "bench:0"


def said(what: str, amount: float, unit: str = "s") -> None:
    print(f"{what:60} {amount:7.1f} {unit}", flush=True)


class Start(NamedTuple):
    """Seconds from the call of ``./start.sh``."""

    shown: float
    """Until the first reading of after it is in InfluxDB."""
    done: float
    """Until it said that all is ready: data was seen in the lake, too."""


def started(platform: Platform) -> Start:
    """Raises SystemExit where no reading comes."""
    since, began = time.time_ns() // 1000, time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        looked = beside.submit(eventually, lambda: platform.shows_newer(since) and time.monotonic() - began, bool, 600)
        done = seconds_of(platform.start_sh)
        shown = float(looked.result())
    if not shown:
        raise SystemExit(
            "found no reading in InfluxDB ten minutes after the start, expected those of the demonstration"
        )
    return Start(shown, done)


def seconds_of(act: Callable[[], object]) -> float:
    """What start.sh itself says goes to stderr."""
    began = time.monotonic()
    with contextlib.redirect_stdout(sys.stderr):
        act()
    return time.monotonic() - began


def megabytes(platform: Platform) -> float:
    """Of all processes of it."""
    return float(platform.status()[1]["processes"]["memory_bytes"]) / 1e6


def under_load(platform: Platform, seconds: int) -> float:
    """The most memory while it takes 1,000 readings a second. Raises SystemExit where one of them is missing."""
    running = Running(platform.folder, platform.environment, "first-minutes", seconds)
    most = 0.0
    while running.process.poll() is None:
        most = max(most, megabytes(platform))
    environment = platform.environment | {"STATE_DIR": str(platform.run_dir / "state")}
    counts = running.arrived(running.wait(), environment)
    if wrong := {store: count for store, count in counts.items() if not count.is_right}:
        raise SystemExit(f"1,000 readings a second: {wrong}")
    return most


def main() -> int:
    """Exit status 0 measured, 1 a log did not arrive within five minutes, or more was taken than was allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3600, metavar="N", help="of the dropped log (default: 3600)")
    parser.add_argument(
        "--history", type=int, default=24, metavar="HOURS", help="that the demonstration begins with (default: 24)"
    )
    parser.add_argument("--mode", choices=["native", "docker"], default="native")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="of 1,000 readings/s (default: 60)")
    parser.add_argument(
        "--start-below", type=float, metavar="S", help="exit 3 where the second start's first reading does"
    )
    parser.add_argument("--memory-below", type=float, metavar="MB", help="exit 3 where it takes more at a time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gpustream-") as name:
        folder = Path(name)
        platform = Platform.in_folder(folder / "it", options.mode, DEMO_HISTORY_HOURS=str(options.history))
        try:
            first = started(platform)
            said("first start: a reading in InfluxDB after", first.shown)
            said("first start: ready, data in the lake too, after", first.done)
            log = long_log(folder, "dropped.txt", seed=1, rows=options.rows)
            stores: dict[str, Callable[[], int]] = {
                "InfluxDB": lambda: platform.points("gpu-imports", GPU).total(),
                "the lake": lambda: platform.rows(GPU).total(),
                "the windows": lambda: platform.windowed(GPU),
            }
            platform.drop(log, GPU)
            began = time.monotonic()
            for store, count in stores.items():
                found = eventually(count, lambda many: many >= options.rows, 300)
                if found != options.rows:
                    print(f"{store}: {found} of {options.rows} rows", file=sys.stderr)
                    return 1
                said(f"{options.rows} rows dropped: whole in {store} after", time.monotonic() - began)
            with contextlib.redirect_stdout(sys.stderr):
                idle = megabytes(platform)
                loaded = under_load(platform, options.seconds) if options.mode == "native" else idle
            said("memory of everything, idle", idle, "MB")
            if options.mode == "native":
                said("memory of everything at 1,000 readings/s, at most", loaded, "MB")
            said("stop", seconds_of(lambda: platform.start_sh("stop")))
            again = started(platform)
            said("second start: a reading in InfluxDB after", again.shown)
            said("second start: ready, data in the lake too, after", again.done)
        finally:
            with contextlib.redirect_stdout(sys.stderr):
                platform.start_sh(*(["reset", "--yes"] if options.mode == "docker" else ["stop"]), check=False)
    is_slow = options.start_below is not None and again.shown > options.start_below
    is_large = options.memory_below is not None and max(idle, loaded) > options.memory_below
    return status(is_slow or is_large)


if __name__ == "__main__":
    sys.exit(main())
