"""./start.sh with Docker: what holds natively holds in containers, and each of them may be killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from support.compose_file import effective_services
from support.identities import eventually
from support.platform import ROOT, SAMPLES, Platform, long_log

# The first test waits for images and for the whole platform.
pytestmark = pytest.mark.timeout(1800)
SEED = 20261124
OURS = [
    "watch",
    "influxdb-writer",
    "alert-engine",
    "health-engine",
    "streaming",
    "report-scheduler",
    "spark-worker",
    "spark-master",
]
ENGINES = ["kafka", "datanode", "namenode", "influxdb", "postgres"]
ASKED = [
    "prometheus",
    "alertmanager",
    "node-exporter",
    "cadvisor",
    "exporter",
    "console",
    "influxdb",
    "kafka",
    "namenode",
    "datanode",
    "streaming",
    "postgres-exporter",
]


def project(platform: Platform) -> str:
    return platform.environment["COMPOSE_PROJECT_NAME"]


def compose(platform: Platform, *words: str) -> str:
    command = ["docker", "compose", "--project-directory", str(ROOT), *words]
    return subprocess.run(command, env=platform.environment, check=True, capture_output=True, text=True).stdout


def container(platform: Platform, service: str) -> str:
    return compose(platform, "ps", "--all", "--quiet", service).split()[0]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    platform = Platform.in_folder(folder, "docker", COMPOSE_PROJECT_NAME=f"gpustream-test-{os.getpid()}")
    try:
        platform.start_sh()
        yield platform
    finally:
        platform.start_sh("reset", "--yes", check=False)


def test_start_ends_with_everything_well(platform: Platform) -> None:
    code, status = platform.status()
    assert code == 0, status


@pytest.mark.parametrize("words", [[], ["stop"], ["reset", "--yes"]])
def test_copy_without_the_secrets_of_the_volumes_touches_nothing(
    platform: Platform, tmp_path: Path, words: list[str]
) -> None:
    """As a second clone, which has the same name for Compose and knows nothing of the first one."""
    environment = platform.environment | {"GPUSTREAM_RUN_DIR": str(tmp_path / "run")}
    command = [str(ROOT / "start.sh"), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{project(platform)}_influxdb-data" in done.stdout
    assert "COMPOSE_PROJECT_NAME" in done.stdout
    assert platform.status()[0] == 0


def test_log_arrives_whole_and_a_second_time_adds_nothing(platform: Platform) -> None:
    log = SAMPLES / "throttling-gtx-970.txt"
    for _ in range(2):
        platform.start_sh("replay", str(log), "--time", "original", "--gpu", "compose-a:0")
        platform.holds(platform.readings_of(log, "compose-a:0"), "compose-a:0")


def test_each_container_is_killed_while_logs_are_read(platform: Platform, tmp_path: Path) -> None:
    """One log per victim, dropped while the one before may still be on its way; then the sets are compared."""
    chance = random.Random(SEED)
    logs = {}
    for number, service in enumerate(OURS + ENGINES):
        gpu = f"compose-k:{number}"
        log = long_log(tmp_path, f"{service}.txt", seed=chance.randrange(1000), rows=6_000)
        logs[gpu] = platform.readings_of(log, gpu)
        platform.drop(log, gpu)
        subprocess.run(["docker", "kill", container(platform, service)], check=True, capture_output=True)
        # Docker takes a kill by hand for a wish; whoever asks for everything gets it back.
        compose(platform, "up", "--detach", "--no-build", "--no-deps", service)
    code, status = eventually(platform.status, lambda answer: answer[0] == 0, 300)
    assert code == 0, status
    for gpu, readings in logs.items():
        platform.holds(readings, gpu)


@pytest.mark.long
def test_chaos_kills_containers_and_nothing_is_missing(platform: Platform) -> None:
    told = platform.start_sh("chaos", "--minutes", "1", "--rate", "200", "--pause", "15", "--seed", "11").stdout
    assert told.count("killed") >= 2
    assert told.count("sent 12,000, found 12,000, missing 0, double 0") == 2
    code, status = eventually(platform.status, lambda answer: answer[0] == 0, 300)
    assert code == 0, status


def test_process_that_dies_comes_back_by_itself(platform: Platform) -> None:
    victim = container(platform, "influxdb-writer")

    def said(field: str) -> int:
        command = ["docker", "inspect", "--format", "{{" + field + "}}", victim]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    before = said(".RestartCount")
    os.kill(said(".State.Pid"), signal.SIGKILL)
    assert eventually(lambda: said(".RestartCount"), lambda count: count > before) == before + 1


def test_batch_runs_on_the_cluster_by_the_documented_words(platform: Platform) -> None:
    day = platform.readings_of(SAMPLES / "throttling-gtx-970.txt", "compose-a:0")[0]["time"][:10]
    words = ["spark-submit", "spark-jobs/batch_analytics.py", "--date", day]
    compose(platform, "exec", "--no-TTY", "spark-master", *words)
    url = f"http://127.0.0.1:{platform.environment['HDFS_PORT']}/webhdfs/v1/gpu-analytics/daily_statistics/date={day}"
    listed = requests.get(url, params={"op": "LISTSTATUS"}, timeout=30).json()
    files = [each["pathSuffix"] for each in listed["FileStatuses"]["FileStatus"]]
    assert any(name.endswith(".parquet") for name in files)
    pages = f"http://127.0.0.1:{platform.environment['SPARK_PORT']}/json/"
    completed = requests.get(pages, timeout=30).json()["completedapps"]
    assert "gpustream batch" in {each["name"] for each in completed}


def test_down_and_up_keep_everything(platform: Platform) -> None:
    log = SAMPLES / "throttling-gtx-970.txt"
    compose(platform, "down")
    platform.start_sh()
    platform.holds(platform.readings_of(log, "compose-a:0"), "compose-a:0")
    code, status = eventually(platform.status, lambda answer: answer[0] == 0)
    assert code == 0, status


def test_memory_of_the_containers_is_within_what_readme_says(platform: Platform) -> None:
    _, status = platform.status()
    assert status["processes"]["memory_bytes"] < 3.5e9


def test_with_the_profile_observability_prometheus_asks_every_server(platform: Platform) -> None:
    platform.start_sh("--profile", "observability")
    prometheus = f"http://127.0.0.1:{platform.environment['PROMETHEUS_PORT']}/api/v1"

    def targets() -> dict[str, str]:
        found = requests.get(f"{prometheus}/targets", params={"state": "active"}, timeout=30).json()
        return {each["labels"]["job"]: each["health"] for each in found["data"]["activeTargets"]}

    up = dict.fromkeys(ASKED, "up")
    found = eventually(targets, lambda found: found.items() >= up.items(), 120)
    assert {job: found.get(job) for job in ASKED} == up
    name = "container_label_com_docker_compose_service"

    def told_of() -> set[str]:
        query = (
            f'container_memory_working_set_bytes{{container_label_com_docker_compose_project="{project(platform)}"}}'
        )
        found = requests.get(f"{prometheus}/query", params={"query": query}, timeout=30).json()
        return {each["metric"][name] for each in found["data"]["result"]}

    assert eventually(told_of, lambda found: found >= {*OURS, *ENGINES}, 120) >= {*OURS, *ENGINES}
    code, status = eventually(platform.status, lambda answer: answer[0] == 0, 120)
    assert code == 0, status


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return effective_services()


def test_every_port_is_bound_to_this_machine(services: dict[str, Any]) -> None:
    bound = [port["host_ip"] for service in services.values() for port in service.get("ports", [])]
    assert len(bound) >= 7
    assert set(bound) == {"127.0.0.1"}


def test_every_image_is_pinned_or_ours(services: dict[str, Any]) -> None:
    for service in services.values():
        repository, _, tag = service["image"].partition(":")
        if not repository.startswith("gpustream/"):
            assert tag.count(".") == 2, service["image"]


def test_our_containers_can_do_no_harm(services: dict[str, Any]) -> None:
    harmless = ("gpustream/", "grafana/", "prom/", "prometheuscommunity/")
    ours = {name: each for name, each in services.items() if each["image"].startswith(harmless)}
    assert len(ours) >= 9
    for name, service in ours.items():
        assert service["user"].split(":")[0] not in {"", "0", "root"}, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["pids_limit"] > 0, name
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name


def test_postgres_has_the_rights_to_become_its_user_and_no_others(services: dict[str, Any]) -> None:
    postgres = services["postgres"]
    assert postgres["cap_drop"] == ["ALL"]
    assert set(postgres["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert postgres["read_only"] is True
    assert postgres["security_opt"] == ["no-new-privileges:true"]
    assert not any(name.endswith("PASSWORD") for name in postgres["environment"])


def test_every_container_has_limits_and_says_whether_it_is_well(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert int(service["mem_limit"]) > 0, name
        assert float(service["cpus"]) > 0, name
        ends = service.get("restart") in {"on-failure", "no"}
        assert ends or service["healthcheck"]["test"], name


def test_grafana_reads_what_it_is_given_and_writes_to_its_own_volume_alone(services: dict[str, Any]) -> None:
    grafana = services["grafana"]
    assert grafana["profiles"] == ["grafana"]
    writable = {each["target"] for each in grafana["volumes"] if not each.get("read_only")}
    assert writable == {"/var/lib/grafana"}
    mounted = {each["target"] for each in grafana["volumes"]} | {f"/run/secrets/{grafana['secrets'][0]['source']}"}
    for name, value in grafana["environment"].items():
        if value.startswith("/"):
            assert any(value == each or value.startswith(f"{each}/") for each in mounted), (name, value)
    assert not any("PASSWORD" in name and not name.endswith("__FILE") for name in grafana["environment"])


def test_grafana_runs_where_its_image_can_be_had_and_else_start_says_what_to_do(platform: Platform) -> None:
    said = platform.start_sh().stdout
    image = ["docker", "image", "inspect", effective_services()["grafana"]["image"]]
    there = subprocess.run(image, env=platform.environment, check=False, capture_output=True).returncode == 0
    _, status = platform.status()
    codes = [page["code"] for page in status["pages"]["list"] if page["name"] == "Grafana"]
    assert codes == ([200] if there else [])
    assert (f"http://127.0.0.1:{platform.environment['GRAFANA_PORT']}" in said) == there
    assert ("no Grafana: its image is not here" in said) != there


def test_our_processes_have_what_the_configuration_says(platform: Platform) -> None:
    """The same as a container sees it: no root, nothing writable, no capability."""
    words = "id -u; grep CapEff /proc/self/status | cut -f 2; touch /app/x 2>&1 || true"
    uid, capabilities, refused = compose(platform, "exec", "--no-TTY", "watch", "bash", "-c", words).splitlines()
    assert uid != "0"
    assert int(capabilities, 16) == 0
    assert "Read-only file system" in refused


def test_without_settings_compose_says_to_run_start_sh(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_bytes((ROOT / "docker-compose.yml").read_bytes())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GPUSTREAM_")}
    done = subprocess.run(
        ["docker", "compose", "config"], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "run ./start.sh" in done.stderr
