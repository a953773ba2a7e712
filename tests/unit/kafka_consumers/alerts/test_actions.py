"""Commands that are run because of an alert."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from kafka_consumers.alerts.actions import filled, run
from unit.kafka_consumers.alerts.test_channels import HOT


def test_words_are_filled_in_one_by_one_and_no_shell_sees_them() -> None:
    assert filled("{host}/{gpu}", HOT) == "desk/desk:0"
    assert filled("{nobody}", HOT) == "{nobody}"


def test_a_command_has_the_alert_and_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_OPS", "secret")
    status, said = run([sys.executable, "-c", "import os; print(sorted(os.environ))"], HOT, 30)
    assert status == "done"
    assert "GPUSTREAM_ALERT_GPU" in said
    assert "NOTIFY_OPS" not in said


def test_what_fails_says_how() -> None:
    assert run(["/no/such/program"], HOT, 30)[0] == "failed"
    status, said = run([sys.executable, "-c", "print('why'); raise SystemExit(3)"], HOT, 30)
    assert (status, said) == ("failed", "exit status 3\nwhy\n")


@pytest.mark.parametrize(("then", "status"), [("exit 0", "done"), ("sleep 600", "timeout")])
def test_daemon_that_is_left_behind_with_our_output_open_is_not_waited_for(
    tmp_path: Path, then: str, status: str
) -> None:
    mark = tmp_path / "pid"
    script = f"setsid sh -c 'echo $$ > {mark}; exec sleep 600' & while [ ! -s {mark} ]; do :; done; echo said; {then}"
    try:
        assert run(["sh", "-c", script], HOT, 5) == (
            status,
            "said\n" if status == "done" else "ended after 5 s\nsaid\n",
        )
    finally:
        os.kill(int(mark.read_text()), signal.SIGKILL)


def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {mark}; wait"
    status, said = run(["sh", "-c", script], HOT, 1)
    assert status == "timeout"
    assert said.startswith("ended after 1 s")
    child = Path(f"/proc/{int(mark.read_text())}/stat")
    deadline = time.monotonic() + 30
    # Dead, though its new parent may not have noticed yet.
    while child.exists() and child.read_text(encoding="ascii").split()[2] != "Z":
        assert time.monotonic() < deadline
