"""An hour of readings through a platform of its own: is all there, is nothing left behind, does any process grow?

Starts everything natively, sends at a steady rate, and looks at each process's memory (proportional set size, with
all that it has started) each half minute. At the end: identities sent against those in both stores, what still waits,
and of each process the slope of a straight line through its memory of the last two thirds of the time.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from verdict import status

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from dashboard.status.process_table import ProcessTable  # noqa: E402  # tests are not installed
from support.fault_field import Field  # noqa: E402
from support.fault_load import Running  # noqa: E402
from support.platform import Platform  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/soak.py                    one hour, 500 readings a second
  python benchmarks/soak.py --minutes 5        does it run?
  python benchmarks/soak.py --slope-below 20   exit status 3 where a process grows by more than 20 MB an hour
"""
GPUS = 20
EACH = 30.0
"""Seconds between two looks."""


class Look(NamedTuple):
    """Of one process."""

    hours: float
    megabytes: float


def slope(looks: Sequence[Look]) -> float:
    """Megabytes an hour, of the last two thirds: before, caches fill and code is compiled."""
    settled = looks[len(looks) // 3 :]
    if len(settled) < 2:
        return 0.0
    return linear_regression([look.hours for look in settled], [look.megabytes for look in settled]).slope


def watched(field: Field, running: Running) -> dict[str, list[Look]]:
    """Process -> its memory while the load lasts."""
    looks: dict[str, list[Look]] = defaultdict(list)
    began = time.monotonic()
    while True:
        table = ProcessTable.now()
        hours = (time.monotonic() - began) / 3600
        for name, pid in field.pids().items():
            looks[name].append(Look(hours, table.memory_of(pid) / 1e6))
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.wait(EACH)
            return looks


def main() -> int:
    """Exit status 0 all there and no process grows, 1 else."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60, help="of load (default: 60)")
    parser.add_argument("--rate", type=int, default=500, help="readings a second (default: 500)")
    parser.add_argument("--slope-below", type=float, metavar="MB", help="exit 3 where a process grows faster an hour")
    options = parser.parse_args()
    seconds = round(options.minutes * 60)
    with tempfile.TemporaryDirectory(prefix="gpustream-") as name:
        platform = Platform.in_folder(Path(name) / "it", "native", DEMO="off", DEMO_HISTORY_HOURS="0")
        field = Field(platform, {})
        try:
            with contextlib.redirect_stdout(sys.stderr):
                platform.start_sh()
            running = Running(platform.folder, field.environment, "soak", seconds, options.rate)
            looks = watched(field, running)
            counts = running.arrived(running.wait(), field.environment)
            with contextlib.redirect_stdout(sys.stderr):
                lag = platform.status()[1]["lag"]
        finally:
            with contextlib.redirect_stdout(sys.stderr):
                platform.start_sh("stop", check=False)
    print(f"{options.rate:,} readings a second of {GPUS} GPUs for {options.minutes:g} minutes")
    for store, count in counts.items():
        print(f"{store:12} sent {count.sent:,}, found {count.found:,}, missing {count.missing}, double {count.double}")
    print(f"left behind: {lag}")
    print(f"{'process':20}{'MB at first':>12}{'MB at last':>12}{'MB/hour':>10}")
    slopes = {name: slope(found) for name, found in sorted(looks.items())}
    for name, grown in slopes.items():
        first, last = looks[name][0].megabytes, looks[name][-1].megabytes
        print(f"{name:20}{first:12.1f}{last:12.1f}{grown:10.1f}")
    print(f"{'all':20}{'':24}{sum(slopes.values()):10.1f}")
    is_growing = options.slope_below is not None and max(slopes.values()) > options.slope_below
    return status(is_growing or not all(count.is_right for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
