"""Processes: what one looks like when it runs, is off, loops, hangs or is misconfigured; and a real supervisord."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.status.check import Line
from dashboard.status.keeper import Keeper, Program
from dashboard.status.process_table import Process, ProcessTable
from dashboard.status.processes import Processes, line
from telemetry.errors import Unavailable

NOW = 1_000_000.0
RUNNING = Program("influxdb-writer", "RUNNING", 42, 600.0, 0)


def of(program: Program, starts: list[float], beat: float | None = 1.0) -> Line:
    return line(program, list(enumerate(starts, 1)), 50_000_000, beat, NOW)


def test_process_that_runs_since_its_first_start_is_fine() -> None:
    found = of(RUNNING, [NOW - 600])
    assert found.state == "ok"
    assert "10 min 00 s" in found.text
    assert "50 MB" in found.text


def test_process_that_was_restarted_is_worth_a_note() -> None:
    found = of(RUNNING, [NOW - 5000, NOW - 600])
    assert (found.state, found.do) == ("note", "")
    assert "2 starts" in found.text


def test_process_that_starts_over_and_over_is_bad() -> None:
    found = of(RUNNING, [NOW - 40, NOW - 30, NOW - 20, NOW - 10])
    assert found.state == "bad"
    assert found.do == "./start.sh logs influxdb-writer"


def test_process_that_runs_and_does_not_beat_is_bad() -> None:
    found = of(RUNNING, [NOW - 600], beat=120.0)
    assert found.state == "bad"
    assert "2 min 00 s" in found.text
    assert "restart influxdb-writer" in found.do


def test_old_heartbeat_of_a_process_that_has_just_started_is_no_fault() -> None:
    assert of(RUNNING._replace(uptime=3.0), [NOW - 3], beat=120.0).state == "ok"


def test_process_without_heartbeat_is_fine() -> None:
    assert of(RUNNING, [NOW - 600], beat=None).state == "ok"


@pytest.mark.parametrize(
    ("state", "exit_status", "do"),
    [
        ("EXITED", 2, "logs influxdb-writer says which"),
        ("EXITED", 1, "restart influxdb-writer"),
        ("FATAL", 0, "logs influxdb-writer"),
        ("STOPPED", 0, "restart influxdb-writer"),
    ],
)
def test_process_that_does_not_run_says_what_to_do(state: str, exit_status: int, do: str) -> None:
    found = of(Program("influxdb-writer", state, 0, 0.0, exit_status), [NOW])
    assert found.state == "bad"
    assert do in found.do


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "exporter", "node-exporter", "postgres-exporter"])
def test_what_belongs_to_a_profile_is_off_by_its_command(name: str) -> None:
    found = of(Program(name, "STOPPED", 0, 0.0, 0), [])
    assert (found.state, found.text) == ("note", "off (./start.sh --profile observability)")


def test_without_a_folder_for_them_no_backups_are_made_and_all_is_well() -> None:
    assert of(Program("backup-scheduler", "STOPPED", 0, 0.0, 0), []).state == "note"
    assert of(Program("backup-scheduler", "EXITED", 0, 0.0, 2), []).state == "bad"


def test_a_fleet_that_nobody_asked_for_is_off_and_all_is_well() -> None:
    assert of(Program("fleet-simulator", "STOPPED", 0, 0.0, 0), []).state == "note"
    assert "--profile fleet" in of(Program("fleet-collector", "STOPPED", 0, 0.0, 0), []).text
    assert of(Program("fleet-collector", "EXITED", 0, 0.0, 2), []).state == "bad"


def test_a_machine_without_a_gpu_collects_nothing_and_is_well() -> None:
    assert of(Program("collect", "STOPPED", 0, 0.0, 0), []).state == "note"
    assert of(Program("collect", "EXITED", 0, 0.0, 2), []).state == "bad"


def test_readings_in_postgresql_may_be_off() -> None:
    found = of(Program("timescale-writer", "STOPPED", 0, 0.0, 0), [])
    assert (found.state, "POSTGRES_READINGS=on" in found.text) == ("note", True)
    assert of(Program("timescale-writer", "EXITED", 0, 0.0, 2), []).state == "bad"


def test_demonstration_may_be_off() -> None:
    assert of(Program("demo", "STOPPED", 0, 0.0, 0), []).state == "note"
    assert of(Program("demo", "EXITED", 0, 0.0, 2), []).state == "bad"


def test_memory_is_that_of_the_whole_tree() -> None:
    table = ProcessTable([Process(1, 0, 10), Process(2, 1, 20), Process(3, 2, 30), Process(9, 1, 5)])
    assert table.memory_of(2) == 50
    assert table.memory_of(1) == 65
    assert table.memory_of(77) == 0


def test_no_supervisord_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="not running"):
        Keeper(tmp_path).programs()


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[Path]:
    """A supervisord with a program that runs, one that is misconfigured and one that is off."""
    (tmp_path / "supervisord.conf").write_text(
        f"""[supervisord]
pidfile={tmp_path}/supervisord.pid
logfile={tmp_path}/supervisord.log
childlogdir={tmp_path}
nodaemon=true
[unix_http_server]
file={tmp_path}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:kafka]
command=sleep 600
startsecs=0
[program:streaming]
command=sh -c "exit 2"
startsecs=0
autorestart=unexpected
exitcodes=2
[program:demo]
command=sleep 600
autostart=false
[program:grafana]
command=sleep 600
autostart=false
"""
    )
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(tmp_path / "supervisord.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield tmp_path
    finally:
        process.terminate()
        process.wait(20)


def test_real_supervisord_is_read(run_dir: Path) -> None:
    deadline = time.monotonic() + 20
    states: dict[str, str] = {}
    while (states.get("kafka"), states.get("streaming")) != ("RUNNING", "EXITED") and time.monotonic() < deadline:
        try:
            states = {each.name: each.state for each in Keeper(run_dir).programs()}
        except Unavailable:
            continue
    assert states == {"kafka": "RUNNING", "streaming": "EXITED", "demo": "STOPPED", "grafana": "STOPPED"}
    (run_dir / "starts").mkdir()
    (run_dir / "starts" / "kafka").write_text(f"1 {time.time() - 3:.0f}\n")
    finding = Processes(run_dir, run_dir / "state").look()
    assert [(each.label, each.state) for each in finding.lines] == [
        ("kafka", "ok"),
        ("grafana", "note"),
        ("streaming", "bad"),
        ("demo", "note"),
        ("memory", "ok"),
    ]
    kafka = finding.data["list"][0]
    assert kafka["starts"] == 1
    assert 0 < kafka["memory_bytes"] < finding.data["memory_bytes"]
    assert Keeper(run_dir).uptime("demo") == 0.0
    # One that fails was told to run all the same, so its page is expected; one that is off is not.
    assert [Keeper(run_dir).started(name) for name in ("kafka", "streaming", "grafana", "nobody")] == [
        True,
        True,
        False,
        False,
    ]
    assert not Keeper(run_dir / "elsewhere").started("kafka")


def test_pages_that_processes_share_count_once() -> None:
    """A child that was forked holds its parent's 64 MB, too, and neither of them alone."""
    script = "import os, time; held = b'x' * 2**26; os.fork(); os.write(1, b'held\\n'); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert [parent.stdout.readline(), parent.stdout.readline()] == ["held\n", "held\n"]
        table = ProcessTable.now()
        children = [pid for pid in table.descendants(parent.pid) if pid != parent.pid]
        try:
            assert len(children) == 1
            assert 2**26 < table.memory_of(parent.pid) < 2 * 2**26
        finally:
            for pid in (*children, parent.pid):
                os.kill(pid, signal.SIGKILL)
