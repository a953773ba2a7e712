#!/usr/bin/env python3
"""Starts an instance of its own, drops a log of 2016 into it, restarts it, and says how long each took.

examples:
  python benchmarks/first_minutes.py                     as processes, 3,600 rows
  python benchmarks/first_minutes.py --rows 30000
  python benchmarks/first_minutes.py --mode docker       in containers; needs a running engine
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.identities import eventually
from support.platform import Platform, long_log

GPU = "bench:0"


def said(what: str, amount: float, unit: str = "s") -> None:
    print(f"{what:60} {amount:7.1f} {unit}", flush=True)


def seconds_of(act: Callable[[], object]) -> float:
    """What start.sh itself says goes to stderr."""
    began = time.monotonic()
    with contextlib.redirect_stdout(sys.stderr):
        act()
    return time.monotonic() - began


def main() -> int:
    """Exit status 0 measured, 1 a log did not arrive within five minutes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3600, metavar="N", help="of the dropped log (default: 3600)")
    parser.add_argument("--mode", choices=["native", "docker"], default="native")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gpustream-") as name:
        folder = Path(name)
        platform = Platform.in_folder(folder / "it", options.mode, DEMO_HISTORY_HOURS="24")
        try:
            said("first start, until data was seen", seconds_of(platform.start_sh))
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
            said("memory of everything", platform.status()[1]["processes"]["memory_bytes"] / 1e6, "MB")
            said("stop", seconds_of(lambda: platform.start_sh("stop")))
            said("second start, until data was seen", seconds_of(platform.start_sh))
        finally:
            platform.start_sh(*(["reset", "--yes"] if options.mode == "docker" else ["stop"]), check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
