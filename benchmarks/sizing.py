"""What a platform takes as readings come faster: processor and memory by process, bytes on disk by store.

Starts everything natively, sends at each rate in turn, and looks at each process with all that it has started: the
share of one core over the load's second half, and the memory at its end (proportional set size). Then it waits until
both stores hold everything, compares sets, and divides what each folder has grown by by the readings. A GPU is read
each ten seconds, so a rate of 100 is one of 1,000 GPUs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from dashboard.status.process_table import ProcessTable  # noqa: E402  # tests are not installed
from support.fault_field import Field  # noqa: E402
from support.fault_load import Running  # noqa: E402
from support.platform import Platform  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/sizing.py                                   10, 100, 300 and 1,000 readings a second
  python benchmarks/sizing.py --rates 50 --seconds 60           does it run?
"""
EVERY = 10
"""Seconds between two readings of a GPU."""
TICKS = os.sysconf("SC_CLK_TCK")


class Look(NamedTuple):
    """At a process with all that it has started."""

    cpu: float
    """Seconds of the processor since it began."""
    megabytes: float


def looks(field: Field) -> dict[str, Look]:
    """Process -> a look at it."""
    table = ProcessTable.now()
    return {
        name: Look(sum(map(cpu_of, table.descendants(pid))), table.memory_of(pid) / 1e6)
        for name, pid in field.pids().items()
    }


def cpu_of(pid: int) -> float:
    """Seconds of the processor: its own, and those of its children that have ended (proc(5), fields 14 to 17)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def on_disk(run_dir: Path) -> dict[str, int]:
    """Folder of the data -> the bytes in its files."""
    return {
        folder.name: sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
        for folder in (run_dir / "data").iterdir()
    }


class Row(NamedTuple):
    """Of one rate. ``cores``: of each process."""

    rate: int
    gpus: int
    cores: Mapping[str, float]
    megabytes: Mapping[str, float]
    bytes_each: Mapping[str, float]


def measure(field: Field, rate: int, seconds: int) -> Row:
    """Raises SystemExit where a reading is missing or twice in a store."""
    before = on_disk(field.platform.run_dir)
    gpus = rate * EVERY
    running = Running(field.platform.folder, field.environment, f"sizing-{rate}", seconds, rate, gpus, hot=False)
    running.until(0.5)
    began, first = time.monotonic(), looks(field)
    sent = running.wait()
    taken, last = time.monotonic() - began, looks(field)
    counts = running.audited(sent, field.environment)
    if wrong := {store: count for store, count in counts.items() if not count.is_right}:
        raise SystemExit(f"{rate} readings a second: {wrong}")
    after = on_disk(field.platform.run_dir)
    names = first.keys() & last.keys()
    return Row(
        rate,
        gpus,
        {name: (last[name].cpu - first[name].cpu) / taken for name in names},
        {name: last[name].megabytes for name in names},
        {name: (after[name] - before.get(name, 0)) / sent for name in after},
    )


def table(title: str, rows: list[Row], cells: list[Mapping[str, float]], form: str) -> None:
    print(f"\n{title:22}" + "".join(f"{row.rate:>10,}/s" for row in rows))
    for name in sorted(set().union(*cells), key=lambda each: -cells[-1].get(each, 0.0)):
        print(f"{name:22}" + "".join(f"{each.get(name, 0.0):>12{form}}" for each in cells))
    print(f"{'all':22}" + "".join(f"{sum(each.values()):>12{form}}" for each in cells))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rates", type=int, nargs="+", default=[10, 100, 300, 1000], help="readings a second")
    parser.add_argument("--seconds", type=int, default=120, help="of each rate (default: 120)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gpustream-") as name:
        platform = Platform.in_folder(Path(name) / "it", "native", DEMO="off", DEMO_HISTORY_HOURS="0")
        try:
            with contextlib.redirect_stdout(sys.stderr):
                platform.start_sh()
            rows = [measure(Field(platform, {}), rate, options.seconds) for rate in sorted(options.rates)]
        finally:
            with contextlib.redirect_stdout(sys.stderr):
                platform.start_sh("stop", check=False)
    print(f"25 metrics a reading, each GPU every {EVERY} s, {options.seconds} s of each rate; {os.cpu_count()} cores")
    print("GPUs".ljust(22) + "".join(f"{row.gpus:>12,}" for row in rows))
    table("cores", rows, [row.cores for row in rows], ".2f")
    table("MB of memory", rows, [row.megabytes for row in rows], ",.0f")
    table("bytes a reading", rows, [row.bytes_each for row in rows], ",.0f")
    return 0


if __name__ == "__main__":
    sys.exit(main())
