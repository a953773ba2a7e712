"""How fast ``kafka-producer replay --dry-run`` reads a log, beside the least that any program must do with it.

The other program is a plain ``csv.reader`` with ``float()`` for every cell: it knows one encoding, one layout and no
faults, converts no time, and prints nothing. Whole process against whole process, in turns, output to /dev/null.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from contest import Run, in_turns
from verdict import status

EXAMPLES = """examples:
  python benchmarks/dry_run.py                            100,000 rows of 25 sensors, 15 runs of each
  python benchmarks/dry_run.py --rows 1000000 --runs 3    start-up counts for less
  python benchmarks/dry_run.py --log "GPU-Z Sensor Log.txt"
  python benchmarks/dry_run.py --at-least 0.5             exit status 3 below half of the plain program's speed
"""
PLAIN = """
import csv, sys
with open(sys.argv[1], newline="", encoding="latin-1") as file:
    rows = csv.reader(file)
    next(rows)
    for row in rows:
        values = [float(cell) for cell in row[1:-1]]
"""


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


def compare(log: Path, pairs: int) -> float:
    """Prints both programs and returns our speed in processor time, the plain program's being 1."""
    contest = in_turns(
        "csv.reader and float()", lambda: Run([sys.executable, "-c", PLAIN, str(log)]),
        "replay --dry-run", lambda: Run([_script("kafka-producer"), "replay", "--dry-run", str(log)]),
        pairs,
    )  # fmt: skip
    with log.open("rb") as file:
        rows = sum(1 for _ in file)
    print(f"{log.stat().st_size / 1e6:.1f} MB, {rows:,} lines; medians of {pairs} runs in turns")
    contest.show("lines", rows)
    return contest.speed("cpu")


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
    parser.add_argument("--at-least", type=float, default=0.0, metavar="RATIO", help="exit 3 below this (cpu time)")
    options = parser.parse_args()
    if options.log is not None:
        return status(compare(options.log, options.runs) < options.at_least)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log.txt")
        write_log(log, options.rows, options.columns)
        return status(compare(log, options.runs) < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
