"""The scheduler starts the batch by the clock though Kafka is away, remembers that, and stops when it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from spark_jobs.scheduler import PROCESS, Scheduler
from support.engines import free_ports
from telemetry import heartbeat
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

DAY = 86_400 * SECOND


def settings(tmp_path: Path) -> Settings:
    (port,) = free_ports(1)
    return Settings(kafka_bootstrap_servers=f"127.0.0.1:{port}", state_dir=tmp_path)


def batch(tmp_path: Path, text: str) -> Path:
    """In the place of the batch: what it leaves tells that it ran."""
    path = tmp_path / "batch.py"
    path.write_text(f"from pathlib import Path\nran = Path({str(tmp_path / 'ran')!r})\n{text}\n", encoding="utf-8")
    return path


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_night_that_was_missed_is_made_up_for_once(tmp_path: Path) -> None:
    remembered = tmp_path / f"{PROCESS}.last-run"
    before = SystemClock().now() - 2 * DAY
    remembered.write_text(str(before), encoding="ascii")
    stop = Event()
    script = batch(tmp_path, "ran.write_text(str(int(ran.read_text()) + 1 if ran.exists() else 1))")
    thread = Thread(target=Scheduler(settings(tmp_path), SystemClock(), stop, script).run)
    thread.start()
    until(lambda: int(remembered.read_text(encoding="ascii") or 0) > before)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert (tmp_path / "ran").read_text(encoding="utf-8") == "1"
    age = heartbeat.age(tmp_path, PROCESS)
    assert age is not None
    assert age < 60
    # The next one sees that it is done.
    again = Scheduler(settings(tmp_path), SystemClock(), Event(), script)
    assert again.next_night is not None
    assert again.next_night > SystemClock().now()


def test_batch_that_runs_ends_with_the_scheduler(tmp_path: Path) -> None:
    (tmp_path / f"{PROCESS}.last-run").write_text(str(SystemClock().now() - 2 * DAY), encoding="ascii")
    stop = Event()
    script = batch(tmp_path, "import time\nran.touch()\ntime.sleep(600)")
    thread = Thread(target=Scheduler(settings(tmp_path), SystemClock(), stop, script).run)
    thread.start()
    until((tmp_path / "ran").exists)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_wrong_working_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="root of the repository"):
        Scheduler(settings(tmp_path), SystemClock(), Event(), tmp_path / "nothing.py")
