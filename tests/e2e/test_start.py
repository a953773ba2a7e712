"""./start.sh as a user runs it, as processes: a log arrives whole in both stores, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.identities import eventually
from support.platform import ROOT, SAMPLES, Platform, long_log

# The first test waits for the whole platform to start.
pytestmark = pytest.mark.timeout(1800)


def control(platform: Platform, *words: str) -> str:
    socket = f"unix://{platform.run_dir}/supervisor.sock"
    command = [str(ROOT / ".venv/bin/supervisorctl"), "-s", socket, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def kill(platform: Platform, name: str) -> None:
    os.kill(int(control(platform, "pid", name)), signal.SIGKILL)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    platform = Platform.in_folder(tmp_path_factory.mktemp("platform"), "native")
    try:
        platform.start_sh()
        yield platform
    finally:
        platform.start_sh("stop", check=False)


def test_start_ends_with_everything_well(platform: Platform) -> None:
    code, status = platform.status()
    assert code == 0, status


def test_log_arrives_whole_in_both_stores(platform: Platform) -> None:
    log = SAMPLES / "throttling-gtx-970.txt"
    platform.start_sh("replay", str(log), "--time", "original", "--gpu", "e2e-a:0")
    platform.holds(platform.readings_of(log, "e2e-a:0"), "e2e-a:0")


def test_log_sent_again_adds_nothing(platform: Platform) -> None:
    log = SAMPLES / "throttling-gtx-970.txt"
    platform.start_sh("replay", str(log), "--time", "original", "--gpu", "e2e-a:0")
    platform.holds(platform.readings_of(log, "e2e-a:0"), "e2e-a:0")


def test_log_arrives_whole_though_everything_on_its_way_is_killed(platform: Platform, tmp_path: Path) -> None:
    log = long_log(tmp_path, "gaming.txt", seed=1)
    replay = platform.starting("replay", str(log), "--time", "original", "--gpu", "e2e-b:0")
    assert eventually(lambda: platform.points("gpu-imports", "e2e-b:0").total(), lambda found: found > 0)
    kill(platform, "influxdb-writer")
    replay.kill()
    replay.wait()
    kill(platform, "streaming")
    platform.start_sh("replay", str(log), "--time", "original", "--gpu", "e2e-b:0")
    platform.holds(platform.readings_of(log, "e2e-b:0"), "e2e-b:0")


def test_old_log_that_is_dropped_is_whole_everywhere_and_a_copy_adds_nothing(
    platform: Platform, tmp_path: Path
) -> None:
    """With the demonstration running, whose windows are years later."""
    log = SAMPLES / "rendering-rx-6800.txt"
    readings = platform.readings_of(log, "e2e-c:0")
    platform.drop(log, "e2e-c:0")
    platform.holds(readings, "e2e-c:0")
    platform.drop(log, "e2e-c:0", "copy.txt")
    # What is dropped after the copy, and is whole, says that the copy was looked at.
    marker = long_log(tmp_path, "marker.txt", seed=3, rows=600)
    platform.drop(marker, "e2e-d:0")
    platform.holds(platform.readings_of(marker, "e2e-d:0"), "e2e-d:0")
    platform.holds(readings, "e2e-c:0")


def test_dropped_log_is_whole_though_everything_on_its_way_is_killed(platform: Platform, tmp_path: Path) -> None:
    log = long_log(tmp_path, "dropped.txt", seed=2)
    platform.drop(log, "e2e-e:0")
    assert eventually(lambda: platform.points("gpu-imports", "e2e-e:0").total(), lambda found: found > 0)
    for name in ("watch", "influxdb-writer", "streaming"):
        kill(platform, name)
    platform.holds(platform.readings_of(log, "e2e-e:0"), "e2e-e:0")


def test_chaos_kills_what_runs_and_nothing_is_missing(platform: Platform) -> None:
    told = platform.start_sh("chaos", "--minutes", "1", "--rate", "200", "--pause", "8", "--seed", "11").stdout
    assert told.count("killed") >= 4
    assert told.count("sent 12,000, found 12,000, missing 0, double 0") == 2
    code, status = eventually(platform.status, lambda answer: answer[0] == 0, 180)
    assert code == 0, status


@pytest.mark.parametrize("name", ["influxdb-writer", "influxdb", "alert-engine", "postgres"])
def test_status_tells_what_was_stopped(platform: Platform, name: str) -> None:
    control(platform, "stop", name)
    code, status = platform.status()
    assert code == 1
    assert name in json.dumps(status["problems"])
    control(platform, "start", name)
    code, status = eventually(platform.status, lambda answer: answer[0] == 0)
    assert code == 0, status


@pytest.mark.parametrize("demo", ["on", "off"])
def test_second_start_goes_on_with_what_is_there(platform: Platform, demo: str) -> None:
    before = platform.rows("e2e-a:0")
    platform.start_sh("demo", demo)
    platform.start_sh("stop")
    platform.start_sh()
    assert platform.rows("e2e-a:0") == before
    code, status = platform.status()
    assert code == 0, status
