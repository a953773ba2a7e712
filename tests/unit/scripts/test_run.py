"""scripts/run.sh: the program keeps the pid, its starts are counted, and what a killed one left behind is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RUN = Path(__file__).parents[3] / "scripts" / "run.sh"


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def run(run_dir: Path, *command: str) -> subprocess.Popen[bytes]:
    """In a process group of its own, as supervisord does it."""
    environment = os.environ | {"GPUSTREAM_RUN_DIR": str(run_dir)}
    return subprocess.Popen([str(RUN), "program", *command], env=environment, process_group=0)


def pid_file(run_dir: Path) -> Path:
    return run_dir / "pids" / "program"


def command_of(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def wait_for(command: str, pid: int) -> None:
    deadline = time.monotonic() + 30
    while command_of(pid) != command:
        assert time.monotonic() < deadline, f"pid {pid} is {command_of(pid)!r} and not {command!r}"


def test_program_has_the_pid_that_was_started(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    started.append(process := run(tmp_path, "sleep", "600"))
    wait_for("sleep 600", process.pid)
    assert pid_file(tmp_path).read_text().split()[0] == str(process.pid)


def test_exit_status_is_that_of_the_program(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "exit 2").wait() == 2


def test_starts_are_counted_and_only_the_last_are_kept(tmp_path: Path) -> None:
    starts = tmp_path / "starts" / "program"
    starts.parent.mkdir()
    starts.write_text("".join(f"{ordinal} 1000\n" for ordinal in range(1, 41)))
    assert run(tmp_path, "true").wait() == 0
    lines = starts.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [str(ordinal) for ordinal in range(22, 42)]
    assert time.time() - int(lines[-1].split()[1]) < 60


def test_child_that_a_killed_program_left_behind_is_ended(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    child = tmp_path / "child"
    first = run(tmp_path, "sh", "-c", f"sleep 601 & echo $! > {child}.new; mv {child}.new {child}; wait")
    deadline = time.monotonic() + 30
    while not child.exists():
        assert time.monotonic() < deadline
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = int(child.read_text())
    assert command_of(left) == "sleep 601"
    started.append(second := run(tmp_path, "sleep", "602"))
    wait_for("sleep 602", second.pid)
    assert command_of(left) != "sleep 601"


def test_process_that_took_over_an_old_pid_is_left_alone(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    started.append(stranger := subprocess.Popen(["sleep", "603"], process_group=0))
    pid_file(tmp_path).parent.mkdir()
    pid_file(tmp_path).write_text(f"{stranger.pid} Mon Jan  1 00:00:00 2001\n")
    assert run(tmp_path, "true").wait() == 0
    assert stranger.poll() is None
