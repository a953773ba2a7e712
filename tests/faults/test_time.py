"""Clocks that jump, a day of 25 hours and one of 23, and readings that are a day late."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from kafka import KafkaProducer

from faults.conftest import Record
from support.fake_clock import FakeClock
from support.fault_field import Field
from support.fault_load import GPUS, Count, Outcome
from support.identities import Row, eventually
from support.platform import long_log
from telemetry import topics
from telemetry.reading import Reading, encode
from telemetry.timestamp import SECOND

pytestmark = pytest.mark.timeout(1800)
SECONDS = 45
CLOCK_SECONDS = 120
"""The stream tells of itself once a batch, and its first one after a start takes a minute."""
OURS = ("influxdb-writer", "alert-engine", "streaming")
JUMP = 45 * 60
"""Seconds; more than an hour back would make a reading one of the future, which is a dead letter by design."""


def test_clock_jumps(field: Field, record: Record) -> None:
    """Of our own processes: ahead, then far behind, then right again; each jump lasts until all have told of it."""
    clock = FakeClock(field.platform.folder / "clock")
    first, second, third = (field.instead(name, **clock.settings) for name in OURS)
    with first, second, third:
        running = field.load("clock", CLOCK_SECONDS)
        running.until(0.1)
        for seconds in (JUMP, -JUMP):
            logs = {name: _Log(field.platform.run_dir / "logs" / f"{name}.log") for name in OURS}
            clock.jump(seconds)
            expected = datetime.now(UTC) + timedelta(seconds=seconds)
            silent = eventually(partial(_silent, logs, expected), lambda names: not names, 240)
            assert silent == [], f"nothing was said at a clock that is off by {seconds} s"
        clock.jump(0)
        record(field.settled(running, Outcome("clock jumps 45 min ahead, then behind", ", ".join(OURS), 0)))


def _silent(logs: Mapping[str, _Log], expected: datetime) -> list[str]:
    return [name for name, log in logs.items() if not log.has_line_after(expected)]


class _Log:
    """What is written from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = path.stat().st_size

    def has_line_after(self, time: datetime) -> bool:
        """Within five minutes of it."""
        with self._path.open() as log:
            log.seek(self._begin)
            times = re.findall(r"^(\S{19})Z ", log.read(), re.MULTILINE)
        return any(-1 <= (datetime.fromisoformat(f"{each}Z") - time).total_seconds() < 300 for each in times)


@pytest.mark.parametrize(("season", "start"), [("autumn", "2016-10-29 23:30:00"), ("spring", "2016-03-26 23:30:00")])
def test_local_time_changes(field: Field, record: Record, season: str, start: str) -> None:
    """A log in local time of Berlin, over the hour that comes twice or never: three hours of one reading a second."""
    zone, gpu, seconds = ZoneInfo("Europe/Berlin"), f"zone-{season}:0", 3 * 3600
    made = long_log(field.platform.folder, f"{season}.txt", 1, seconds, start)
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    log = _in_local_time(made, begin, zone)
    wanted: Counter[int] = Counter(round(begin.timestamp() + number) * SECOND for number in range(seconds))
    running = field.load(f"zone-{season}", 20)
    with field.instead("watch", TIME_ZONE=zone.key):
        field.platform.drop(log, gpu)
        points = eventually(lambda: field.platform.points("gpu-imports", gpu), lambda found: found.total() >= seconds)
        outcome = field.settled(running, Outcome("local time changes", f"a log, in {season}", 0))
    # By the times that passed, not by what our reader makes of them.
    outcome.counts["InfluxDB, of the log"] = Count.of(wanted, Counter({point.time: n for point, n in points.items()}))
    windowed = eventually(lambda: field.platform.windowed(gpu), lambda found: found >= seconds)
    outcome.counts["windows"] = Count(seconds, windowed, max(0, seconds - windowed), max(0, windowed - seconds))
    day = begin.date() + timedelta(days=1)
    _run(field, "--date", day.isoformat(), REPORT_TIMEZONE=zone.key)
    in_day = sum(datetime.fromtimestamp(time / SECOND, zone).date() == day for time in wanted)
    found = field.reported(day)[gpu]
    outcome.counts["report of the day"] = Count(in_day, found, max(0, in_day - found), max(0, found - in_day))
    record(outcome)


def _in_local_time(log: Path, begin: datetime, zone: ZoneInfo) -> Path:
    """The same log as a program writes it that knows wall clocks only; in seconds, from ``begin``."""
    lines, seconds = [], 0
    for line in log.read_text(encoding="latin-1").splitlines(keepends=True):
        if line[:1].isdigit():
            now = (begin + timedelta(seconds=seconds)).astimezone(zone)
            line = f"{now:%Y-%m-%d %H:%M:%S}{line[19:]}"
            seconds += 1
        lines.append(line)
    made = log.with_name(f"local-{log.name}")
    made.write_text("".join(lines), encoding="latin-1", newline="")
    return made


def test_a_day_late(field: Field, record: Record) -> None:
    """Every other reading of a minute of yesterday is there, windows and report made; then the others come."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    begin = round(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * SECOND
    late = [_late(begin, number) for number in range(60 * GPUS)]
    running = field.load("late", SECONDS)
    _send(field, late[::2])
    gpus = sorted({each.gpu for each in late})
    for_half, for_all = len(late[::2]), len(late)
    assert eventually(lambda: _windowed(field, gpus), lambda found: found >= for_half) == for_half
    _run(field, "--date", day.isoformat())
    _send(field, late[1::2])
    outcome = field.settled(running, Outcome("a day late", "half of the readings of 20 GPUs", 0))
    windowed = eventually(lambda: _windowed(field, gpus), lambda found: found >= for_all)
    rows = sum((field.platform.rows(gpu) for gpu in gpus), Counter[Row]())
    outcome.counts["lake, of the late"] = Count.of(Counter(Row(each.origin, each.gpu, each.row) for each in late), rows)
    outcome.counts["windows"] = Count(for_all, windowed, max(0, for_all - windowed), max(0, windowed - for_all))
    _run(field, "--date", day.isoformat())
    reported = Counter({gpu: count for gpu, count in field.reported(day).items() if gpu in gpus})
    outcome.counts["report of the day"] = Count.of(Counter(each.gpu for each in late), reported)
    record(outcome)


def _late(begin: int, number: int) -> Reading:
    row, gpu = divmod(number, GPUS)
    metrics = {"gpu_temperature": 50.0 + gpu}
    time = begin + row * SECOND
    return Reading("late/0", row, "live", time, None, f"late:{gpu}", "late", "late", None, metrics, {})


def _send(field: Field, readings: list[Reading]) -> None:
    producer = KafkaProducer(bootstrap_servers=f"127.0.0.1:{field.environment['KAFKA_PORT']}", acks="all")
    for each in readings:
        producer.send(topics.GPU_METRICS, key=each.gpu.encode(), value=encode(each))
    producer.flush(timeout=60)
    producer.close()


def _windowed(field: Field, gpus: list[str]) -> int:
    return sum(field.platform.windowed(gpu) for gpu in gpus)


def _run(field: Field, *arguments: str, **settings: str) -> None:
    batch = field.batch(*arguments, **settings)
    said, _ = batch.communicate(timeout=600)
    assert batch.returncode == 0, said
