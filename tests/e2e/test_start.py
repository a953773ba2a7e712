"""./start.sh as a user runs it, as processes: a log arrives whole in both stores, whatever is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.alert_engine import query
from support.fault_engines import process_environment
from support.identities import eventually
from support.platform import ROOT, SAMPLES, Platform, long_log
from telemetry.settings import Settings

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
    platform = Platform.in_folder(tmp_path_factory.mktemp("platform"), "native", POSTGRES_READINGS="on")
    try:
        platform.start_sh("--profile", "fleet")
        yield platform
    finally:
        platform.start_sh("stop", check=False)


def test_start_ends_with_everything_well(platform: Platform) -> None:
    code, status = platform.status()
    assert code == 0, status


def test_a_simulated_fleet_is_in_every_store(platform: Platform) -> None:
    gpus = [f"demo-node-{node}:{gpu}" for node in (1, 2) for gpu in range(8)]

    def known() -> list[str]:
        return [each["gpu"] for each in platform.api("/gpus?label=cluster:demo")]

    assert eventually(known, lambda found: found == gpus, 120) == gpus
    for gpu in (gpus[0], gpus[-1]):
        assert eventually(partial(platform.points, "gpu-metrics", gpu), lambda found: found.total() > 0, 60)
        assert eventually(partial(platform.rows, gpu), lambda found: found.total() > 0, 120)
    with process_environment(platform.environment):
        settings = Settings.load()
    latest = "SELECT gpu FROM v_latest_gpu_metrics WHERE gpu = ANY(%s) ORDER BY gpu"
    assert eventually(lambda: [gpu for (gpu,) in query(settings, latest, gpus)], lambda found: found == gpus) == gpus
    (node, *_) = platform.api("/nodes?label=rack:r1")
    assert (node["node_id"], node["status"]) == ("demo-node-1", "online")
    # And whatever else all of its GPUs share, such as a job that has the whole machine.
    assert node["labels"].items() >= {"cluster": "demo", "rack": "r1"}.items()
    assert any("job" in each["labels"] for each in platform.api("/metrics/latest?label=rack:r1"))


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


def test_the_fan_that_fails_in_the_fleet_raises_its_alert_and_no_other(platform: Platform) -> None:
    """Two minutes after the simulator's start; the tests before have taken most of the time until it is hot."""

    def raised() -> set[tuple[str, str]]:
        alerts = platform.api("/alerts?limit=500")["alerts"]
        return {(each["gpu"], each["alert_type"]) for each in alerts if each["gpu"].startswith("demo-node-")}

    found = eventually(raised, lambda found: ("demo-node-2:3", "gpu_temperature_warning") in found, 420)
    assert ("demo-node-2:3", "gpu_temperature_warning") in found
    assert {gpu for gpu, rule in found if "temperature" in rule} == {"demo-node-2:3"}


def test_the_fan_that_fails_lowers_the_health_of_its_gpu_and_of_no_other(platform: Platform) -> None:
    def scores() -> dict[str, dict[str, Any]]:
        told = platform.api("/fleet/health?mode=demo")
        return {each["gpu"]: each for each in told if each["node_id"].startswith("demo-node-")}

    hot = "demo-node-2:3"
    found = eventually(scores, lambda found: hot in found and found[hot]["score"] < 70, 420)
    assert len(found) == 16
    assert found[hot]["score"] < 70
    assert found[hot]["reasons"][0]["component"] == "thermals"
    assert {gpu: each["score"] for gpu, each in found.items() if each["score"] < 80}.keys() == {hot}


def test_load_says_what_was_sent_and_found_and_how_long_the_api_took(platform: Platform) -> None:
    options = ("--rate", "100", "--gpus", "5", "--seconds", "10", "--api-clients", "3")
    told = platform.start_sh("load", *options).stdout
    assert told.count("sent 1,000, found 1,000, missing 0, double 0") == 3
    assert re.search(r"acknowledged within p50 [\d.,]+ ms, p99 [\d.,]+ ms", told)
    asked = re.search(
        r"^API: +asked (\d+), answered (\d+), failed 0, p50 [\d.,]+ ms, p99 [\d.,]+ ms$", told, re.MULTILINE
    )
    assert asked, told
    assert int(asked[1]) == int(asked[2]) > 3


def test_chaos_kills_what_runs_and_nothing_is_missing(platform: Platform) -> None:
    told = platform.start_sh("chaos", "--minutes", "1", "--rate", "200", "--pause", "8", "--seed", "11").stdout
    assert told.count("killed") >= 4
    assert told.count("sent 12,000, found 12,000, missing 0, double 0") == 3
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
