"""Logs that change under the reader, and a hundred at once, each under two names; what watches the folder is killed."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Count, Outcome, Sent
from support.fault_logs import BUCKET, Wanted
from support.identities import eventually
from support.platform import Platform, long_log

pytestmark = pytest.mark.timeout(1800)
LOGS, ROWS, GPUS = 100, 300, 4
LONG, LONGER = 3000, 80_000
"""Rows; the longer takes seconds to read, and is of less than a day: the next log begins then."""
SECONDS = 20
BEGIN = datetime(2016, 6, 1, 20)


def test_a_hundred_logs_at_once(field: Field, record: Record) -> None:
    chance = random.Random(1)
    platform = field.platform
    folder = platform.folder / "made"
    folder.mkdir()
    wanted = Wanted()

    def make(number: int) -> Path:
        # Of each GPU the logs follow each other, a day apart.
        start = f"2016-{1 + number // GPUS // 28:02d}-{1 + number // GPUS % 28:02d} 20:00:00"
        return long_log(folder, f"{number}.txt", seed=number, rows=ROWS, start=start)

    with ThreadPoolExecutor(2) as two:
        logs = list(two.map(make, range(LOGS)))
    for number in range(GPUS):
        gpu = f"input:{number}"
        wanted.add(gpu, platform.readings_of(logs[number], gpu, *logs[number + GPUS :: GPUS]))
    running = field.load("input-hundred", SECONDS)
    for number in range(LOGS):
        place = platform.data_dir / "input" / str(number % GPUS)
        place.mkdir(parents=True, exist_ok=True)
        for name in (f"{number}.txt", f"again-{number}.txt"):
            shutil.copyfile(folder / f"{number}.txt", place / name)
        if number in {20, 60}:
            field.kill("watch")
    field.kill(chance.choice(("watch", "influxdb-writer", "streaming")))
    outcome = field.settled(running, Outcome("input", f"{LOGS} logs at once, each twice", 1))
    outcome.counts |= _of_the_logs(wanted, platform)
    record(outcome)


HOW = ("rotated", "truncated", "replaced while it is read", "half a last line")


def test_log_changes(field: Field, record: Record) -> None:
    field.all_settled([partial(_with_a_log, field, how) for how in HOW], record)


def _with_a_log(field: Field, how: str) -> Sent:
    platform, gpu = field.platform, f"changed-{how.split()[0]}:0"
    rows = (LONGER if how.startswith("replaced") else LONG, LONG)
    first, second = (_log(platform, how, number, rows[number]) for number in range(2))
    place = platform.place(first, gpu, "GPU-Z Sensor Log.txt")
    running = field.load(f"input-{how.split()[0]}", SECONDS)
    wanted = Wanted()
    match how:
        case "rotated":
            half = len(first.read_bytes()) // 2
            place.write_bytes(first.read_bytes()[:half])
            _until_some(platform, gpu)
            old = place.rename(place.with_name("old.txt"))
            shutil.copyfile(second, place)
            field.kill("watch")
            with old.open("ab") as file:
                file.write(first.read_bytes()[half:])
            wanted.add_logs(platform, gpu, [first, second])
        case "truncated":
            shutil.copyfile(first, place)
            _until_some(platform, gpu, LONG)
            os.truncate(place, 0)
            field.kill("watch")
            place.write_bytes(second.read_bytes())
            wanted.add_logs(platform, gpu, [first, second])
        case "half a last line":
            whole = first.read_bytes()
            place.write_bytes(whole[:-70])
            _until_some(platform, gpu, LONG - 1)
            field.kill("watch")
            with place.open("ab") as file:
                file.write(whole[-70:])
            wanted.add_logs(platform, gpu, [first])
        case _:
            shutil.copyfile(first, place)
            _until_some(platform, gpu)
            other = platform.data_dir / ".other"
            shutil.copyfile(second, other)
            other.rename(place)
            assert platform.points(BUCKET, gpu).total() < LONGER, "it was read before it was replaced"
            wanted.add_logs(platform, gpu, [second])

    def of_the_log() -> dict[str, Count]:
        if how.startswith("replaced"):
            _add_what_was_read(wanted, platform, gpu, first)
        return _of_the_logs(wanted, platform)

    words = how if " last" in how else f"a log is {how}"
    return Sent(running, Outcome("input", words, 0), of_the_log)


def _log(platform: Platform, how: str, number: int, rows: int) -> Path:
    # None is like another: a log is known by what is in it, wherever it lies.
    seed = 2 * HOW.index(how) + number
    start = BEGIN + timedelta(days=seed)
    return long_log(platform.folder, f"{how.split()[0]}-{number}.txt", seed, rows, f"{start:%Y-%m-%d %H:%M:%S}")


def _until_some(platform: Platform, gpu: str, count: int = 1) -> None:
    found = eventually(lambda: platform.points(BUCKET, gpu).total(), lambda found: found >= count)
    assert found >= count


def _of_the_logs(wanted: Wanted, platform: Platform) -> dict[str, Count]:
    return {f"{store}, of the logs": count for store, count in wanted.counted(platform).items()}


def _add_what_was_read(wanted: Wanted, platform: Platform, gpu: str, log: Path) -> None:
    """What went from the disk unread is nobody's; what was read must be the beginning of the log, without a hole."""
    readings = platform.readings_of(log, gpu)
    times = Counter(point.time for point in platform.points(BUCKET, gpu))
    of_log = Wanted()
    of_log.add(gpu, readings)
    read = sum(times[point.time] > 0 for point in of_log.points)
    wanted.add(gpu, readings[:read])
