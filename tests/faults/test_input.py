"""A hundred logs at once into the drop folder, each under two names; what watches the folder is killed meanwhile."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults.conftest import Record
from support.fault_field import Count, Field, Outcome
from support.identities import Point, Row, eventually
from support.platform import long_log
from telemetry.timestamp import parse_time

pytestmark = pytest.mark.timeout(1800)
LOGS, ROWS, GPUS = 100, 300, 4


def test_a_hundred_logs_at_once(field: Field, record: Record) -> None:
    chance = random.Random(1)
    platform = field.platform
    folder = platform.folder / "made"
    folder.mkdir()
    points: Counter[Point] = Counter()
    rows: Counter[Row] = Counter()

    def make(number: int) -> tuple[str, list[dict[str, object]]]:
        # Of each GPU the logs follow each other, a day apart.
        start = f"2016-{1 + number // GPUS // 28:02d}-{1 + number // GPUS % 28:02d} 20:00:00"
        log = long_log(folder, f"{number}.txt", seed=number, rows=ROWS, start=start)
        gpu = f"input:{number % GPUS}"
        return gpu, platform.readings_of(log, gpu)

    with ThreadPoolExecutor(2) as two:
        for gpu, readings in two.map(make, range(LOGS)):
            points.update(Point(gpu, parse_time(str(each["time"])), int(str(each["row"]))) for each in readings)
            rows.update(Row(str(each["origin"]), gpu, int(str(each["row"]))) for each in readings)
    for number in range(LOGS):
        place = platform.data_dir / "input" / str(number % GPUS)
        place.mkdir(parents=True, exist_ok=True)
        for name in (f"{number}.txt", f"again-{number}.txt"):
            shutil.copyfile(folder / f"{number}.txt", place / name)
        if number in {20, 60}:
            field.kill("watch")
    field.kill(chance.choice(("watch", "influxdb-writer", "streaming")))
    names = [f"input:{number}" for number in range(GPUS)]
    found_points = eventually(
        lambda: sum((platform.points("gpu-imports", gpu) for gpu in names), Counter[Point]()),
        lambda found: found.total() >= points.total(), 400,
    )  # fmt: skip
    found_rows = eventually(
        lambda: sum((platform.rows(gpu) for gpu in names), Counter[Row]()),
        lambda found: found.total() >= rows.total(), 400,
    )  # fmt: skip
    outcome = Outcome("input", f"{LOGS} logs at once, each twice", 1)
    outcome.counts["InfluxDB"] = _count(points, found_points)
    outcome.counts["lake"] = _count(rows, found_rows)
    record(outcome)


def _count(wanted: Counter[Point] | Counter[Row], found: Counter[Point] | Counter[Row]) -> Count:
    sent, there = Counter(dict(wanted)), Counter(dict(found))
    return Count(sent.total(), (sent & there).total(), (sent - there).total(), (there - sent).total())
