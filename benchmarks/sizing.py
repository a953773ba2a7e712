"""What a platform takes as readings come faster: processor and memory by process, bytes on disk by store.

Starts everything natively. First a simulated log is dropped, the nightly batch run, and once InfluxDB has compacted,
what each folder has grown by is divided by the readings. Then readings are sent at each rate in turn, and each process
is looked at with all that it has started: the share of one core over the load's second half, and the memory at its end
(proportional set size). Both stores must hold everything before the next; how long that takes after the load's end says
whether they keep up. A GPU is read each ten seconds, so a rate of 100 is one of 1,000 GPUs. Settings are taken from the
environment.
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
from support.identities import eventually  # noqa: E402
from support.platform import Platform, long_log  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/sizing.py                                   10, 100, 300 and 1,000 readings a second
  SPARK_TRIGGER_SECONDS=60 WINDOW_SECONDS=60 python benchmarks/sizing.py --rates 1000 --seconds 300
  python benchmarks/sizing.py --rows 5000 --rates 50 --seconds 60           does it run?
"""
EVERY = 10
"""Seconds between two readings of a GPU."""
LOG_GPU = "sizing:0"
QUIET = {
    # No batch by itself, of the log or by the clock.
    "REPORT_SCHEDULE": "off",
    "REPORT_AFTER_IMPORT_READINGS": "1000000000",
    # InfluxDB puts together what nobody writes to any more: by default after ten minutes and after four hours.
    "INFLUXD_STORAGE_CACHE_SNAPSHOT_WRITE_COLD_DURATION": "20s",
    "INFLUXD_STORAGE_COMPACT_FULL_WRITE_COLD_DURATION": "30s",
}
FEW_BYTES = 500_000
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
    """Folder of the data -> the bytes that its files take."""
    return {folder.name: taken_by(folder) for folder in (run_dir / "data").iterdir()}


def taken_by(folder: Path) -> int:
    # Not their length: Kafka makes the files of its indexes 10 MB long, and leaves them empty.
    taken = 0
    for each in folder.rglob("*"):
        # What a server is done with may be gone by now.
        with contextlib.suppress(FileNotFoundError):
            taken += 512 * each.stat().st_blocks if each.is_file() else 0
    return taken


def at_rest(platform: Platform, rows: int) -> dict[str, float]:
    """Folder of the data -> bytes for each reading of a log of ``rows``, once everything is put together."""
    before = on_disk(platform.run_dir)
    log = long_log(platform.folder, "sizing.txt", 1, rows)
    platform.drop(log, LOG_GPU)
    platform.holds(platform.readings_of(log, LOG_GPU), LOG_GPU)
    platform.start_sh("submit", "batch")
    # InfluxDB's log of what is not yet in its files is empty then, but for what our processes say of themselves.
    wal = platform.run_dir / "data" / "influxdb" / "engine" / "wal"
    if (left := eventually(lambda: taken_by(wal), lambda size: size < FEW_BYTES, 300)) >= FEW_BYTES:
        raise SystemExit(f"InfluxDB has not put together {left} bytes after five minutes")
    after = on_disk(platform.run_dir)
    return {name: (size - before.get(name, 0)) / rows for name, size in after.items()}


class Row(NamedTuple):
    """Of one rate. ``cores``: of each process."""

    rate: int
    gpus: int
    cores: Mapping[str, float]
    megabytes: Mapping[str, float]
    waited: float
    """Seconds from the load's end until both stores held all of it."""
    kafka_bytes: float
    """Of each reading, in Kafka: live readings come in small batches, which are compressed less."""


def measure(field: Field, rate: int, seconds: int) -> Row:
    """Raises SystemExit where a reading is missing or twice in a store, or a process was started anew."""
    gpus = rate * EVERY
    running = Running(field.platform.folder, field.environment, f"sizing-{rate}", seconds, rate, gpus, hot=False)
    running.until(0.5)
    pids, kafka = field.pids(), field.platform.run_dir / "data" / "kafka"
    half, before = running.told()["acknowledged"], taken_by(kafka)
    began, first = time.monotonic(), looks(field)
    sent = running.wait()
    taken, last = time.monotonic() - began, looks(field)
    if anew := sorted(name for name, pid in field.pids().items() if pids[name] != pid):
        raise SystemExit(f"{rate} readings a second: {', '.join(anew)} ended and was started anew")
    grown = (taken_by(kafka) - before) / (sent - half)
    ended = time.monotonic()
    counts = running.audited(sent, field.environment)
    if wrong := {store: count for store, count in counts.items() if not count.is_right}:
        raise SystemExit(f"{rate} readings a second: {wrong}")
    names = first.keys() & last.keys()
    cores = {name: (last[name].cpu - first[name].cpu) / taken for name in names}
    megabytes = {name: last[name].megabytes for name in names}
    return Row(rate, gpus, cores, megabytes, time.monotonic() - ended, grown)


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
    parser.add_argument("--rows", type=int, default=50_000, help="of the log, for the bytes on disk (default: 50000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gpustream-") as name:
        platform = Platform.in_folder(Path(name) / "it", "native", DEMO="off", DEMO_HISTORY_HOURS="0", **QUIET)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                platform.start_sh()
                disk = at_rest(platform, options.rows)
            rows = [measure(Field(platform, {}), rate, options.seconds) for rate in sorted(options.rates)]
        finally:
            with contextlib.redirect_stdout(sys.stderr):
                platform.start_sh("stop", check=False)
    print(f"25 metrics a reading, each GPU every {EVERY} s, {options.seconds} s of each rate; {os.cpu_count()} cores")
    print("GPUs".ljust(22) + "".join(f"{row.gpus:>12,}" for row in rows))
    print("s until all was there".ljust(22) + "".join(f"{row.waited:>12,.0f}" for row in rows))
    print("bytes each in Kafka".ljust(22) + "".join(f"{row.kafka_bytes:>12,.0f}" for row in rows))
    table("cores", rows, [row.cores for row in rows], ".2f")
    table("MB of memory", rows, [row.megabytes for row in rows], ",.0f")
    print(f"\n{'bytes a reading':22} of a log of {options.rows:,}, once compacted")
    for name, size in sorted(disk.items(), key=lambda each: -each[1]):
        print(f"{name:22}{size:>12,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
