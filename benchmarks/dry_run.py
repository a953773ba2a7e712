"""How fast ``kafka-producer replay --dry-run`` reads a log, beside the least that any program must do with it.

The other program is a plain ``csv.reader`` with ``float()`` for every cell: it knows one encoding, one layout and no
faults, converts no time, and prints nothing. Whole process against whole process, in turns, output to /dev/null.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

EXAMPLES = """examples:
  python benchmarks/dry_run.py                            100,000 rows of 25 sensors, 15 runs of each
  python benchmarks/dry_run.py --rows 1000000 --runs 3    start-up counts for less
  python benchmarks/dry_run.py --log "GPU-Z Sensor Log.txt"
  python benchmarks/dry_run.py --at-least 0.5             exit status 1 below half of the plain program's speed
"""
PLAIN = """
import csv, sys
with open(sys.argv[1], newline="", encoding="latin-1") as file:
    rows = csv.reader(file)
    next(rows)
    for row in rows:
        values = [float(cell) for cell in row[1:-1]]
"""


class Cost(NamedTuple):
    """What one process took."""

    seconds: float
    cpu: float
    """Seconds of processor time: a busy machine disturbs it less than the clock on the wall."""
    mebibytes: float
    """Most memory at a time."""


def write_log(path: Path, rows: int, sensors: int) -> None:
    """A log of our simulator, with the first ``sensors`` columns of its card."""
    command = [_script("kafka-producer"), "simulate", "gpuz", "--card", "rtx-4090", "--duration", str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as simulator, path.open("wb") as log:
        assert simulator.stdout is not None
        log.writelines(_narrowed(simulator.stdout, sensors))
    if simulator.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {simulator.returncode}")


def _narrowed(lines: Iterator[bytes], sensors: int) -> Iterator[bytes]:
    for line in lines:
        cells = line.split(b",")
        if len(cells) < sensors + 2:
            raise SystemExit(f"--columns: found {sensors}, expected at most {len(cells) - 2}")
        yield b",".join(cells[: sensors + 1]) + b",\r\n"


def cost_of(command: Sequence[str]) -> Cost:
    """Runs it once."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compare(log: Path, runs: int) -> float:
    """Prints both programs and returns our speed in processor time, the plain program's being 1."""
    commands = {
        "csv.reader and float()": [sys.executable, "-c", PLAIN, str(log)],
        "replay --dry-run": [_script("kafka-producer"), "replay", "--dry-run", str(log)],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    # The first round fills the page cache and writes bytecode.
    for number in range(runs + 1):
        for name, command in commands.items():
            cost = cost_of(command)
            costs[name] += [cost] if number else []
    with log.open("rb") as file:
        rows = sum(1 for _ in file)
    print(f"{log.stat().st_size / 1e6:.1f} MB, {rows:,} lines; medians of {runs} runs in turns")
    print(f"{'':24}{'wall s':>8}{'cpu s':>8}{'lines/cpu s':>13}{'peak MiB':>10}")
    for name, taken in costs.items():
        wall, cpu, peak = (median(values) for values in zip(*taken, strict=True))
        print(f"{name:24}{wall:8.2f}{cpu:8.2f}{rows / cpu:13,.0f}{peak:10.1f}")
    plain, ours = costs.values()
    # Pair by pair: two that ran one after the other saw the same machine, which is another one a minute later.
    pairs = list(zip(plain, ours, strict=True))
    ratios = {field: median(getattr(a, field) / getattr(b, field) for a, b in pairs) for field in ("seconds", "cpu")}
    wall, cpu = ratios["seconds"], ratios["cpu"]
    print(f"speed of the dry run, median of the pairs: {wall:.2f} x by the wall clock, {cpu:.2f} x by processor time")
    return cpu


def _script(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="of the log that is made (default: 100000)")
    parser.add_argument("--columns", type=int, default=25, help="sensors beside the date (default: 25, at most 28)")
    parser.add_argument("--runs", type=int, default=15, help="of each program (default: 15)")
    parser.add_argument("--log", type=Path, help="read this log instead of making one")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="RATIO", help="exit 1 below this (cpu time)")
    options = parser.parse_args()
    if options.log is not None:
        return int(compare(options.log, options.runs) < options.at_least)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log.txt")
        write_log(log, options.rows, options.columns)
        return int(compare(log, options.runs) < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
