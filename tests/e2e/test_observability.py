"""./start.sh --profile observability: all is watched, what ends is named within a minute, faults of GPUs are told.

One platform for the whole file, in this order: faults of GPUs need minutes to become alerts, in which servers are
stopped and started.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from support.engines import free_ports
from support.identities import eventually
from support.platform import Platform
from support.prometheus_panels import PanelQuery, ask_all, p95, panel_queries, without_data
from support.receivers import http_receiver
from support.watched import Named, Watched, simulated_nodes

# The first test waits for the whole platform to start.
pytestmark = pytest.mark.timeout(1200)

JOBS = {
    "prometheus", "alertmanager", "node-exporter", "postgres-exporter", "nginx-exporter", "exporter", "console",
    "influxdb", "kafka", "namenode", "datanode", "streaming", "fleet-node-1", "fleet-node-2", "dcgm",
}  # fmt: skip
FAULTS = {
    "fan:node-3:1@20": {("GpuTemperatureWarning", "demo-node-3:1")},
    "off-bus:node-4:2@60": {("GpuMissing", "demo-node-4:2")},
    "node:node-5@90": {("GpuNodeSilent", "demo-node-5"), ("GpuExporterDown", "dcgm")},
    "sram:node-6:0@60": {
        ("GpuXidReset", "demo-node-6:0"),
        ("GpuEccUncorrectedVolatileCritical", "demo-node-6:0"),
        ("GpuRecoveryActionWarning", "demo-node-6:0"),
    },
}
"""What breaks on a simulated node -> what must fire. Nodes 1 and 2 are those of the profile fleet."""
SCENARIO: set[Named] = {("GpuTemperatureWarning", "demo-node-2:3")}
"""Of the profile's own: --scenario fan-failing."""
HELD_BACK: set[Named] = {("GpuRecoveryActionWarning", "demo-node-6:0")}
"""The same GPU has a critical alert: nobody needs to be told of the other, too."""

NOT_HERE = {"container_": "cAdvisor: with Docker only"}
"""The beginning of metrics that cannot be there natively, and why."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The running platform, with people who listen and nodes on which things break."""
    folder = tmp_path_factory.mktemp("watched")
    with ExitStack() as stack:
        people = stack.enter_context(http_receiver())
        platform = Platform.in_folder(
            folder / "platform",
            "native",
            GATEWAY="on",
            DEMO="off",  # its fan fails each six minutes
            DEMO_HISTORY_HOURS="0",
            COLLECT="off",
            ALERTMANAGER_GPU_ALERTS="on",
            ALERTMANAGER_WEBHOOK_URL=f"{people.url}/told",
        )
        stack.callback(platform.start_sh, "stop", check=False)
        began = time.monotonic()
        platform.start_sh("--profile", "observability", "--profile", "fleet")
        print(f"started within {time.monotonic() - began:.0f} s")
        watched = Watched(platform, people)
        (port,) = free_ports(1)
        address = stack.enter_context(simulated_nodes(port, 6, list(FAULTS), folder / "simulator.log"))
        watched.show_pages([f"{address}/node-{node}/metrics" for node in (3, 4, 5, 6)])
        yield watched


def test_every_target_is_up_and_none_is_missing(watched: Watched) -> None:
    up = {job: {"up"} for job in JOBS}
    assert eventually(watched.targets, lambda found: found == up, 60) == up


def test_there_are_a_thousand_series_and_each_server_has_its_own(watched: Watched) -> None:
    (counted,) = watched.query('count({__name__=~".+"})')
    print(f"{counted['value'][1]} series")
    assert int(counted["value"][1]) >= 1000
    wanted = {
        "kafka_server_brokertopicmetrics_messagesin_total",
        "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent",
        "kafka_server_replicamanager_underreplicatedpartitions",
        'kafka_log_log_size{topic="gpu-metrics"}',
        "fs_namesystem_num_live_data_nodes",
        "metrics_gpustream_driver_DAGScheduler_job_allJobs_Value",
        "influxdb_info",
        "pg_up",
        "nginx_connections_active",
        "node_memory_MemAvailable_bytes",
        'gpustream_program_running{program="report-scheduler"}',
        'DCGM_FI_DEV_GPU_TEMP{job="fleet-node-1"}',
        'gpu:gpu_temperature{host="demo-node-1"}',
    }

    def absent() -> list[str]:
        return sorted(name for name in wanted if not watched.query(name))

    assert eventually(absent, lambda names: names == [], 60) == []


def test_a_number_that_hdfs_writes_as_a_label_makes_no_new_series(watched: Watched) -> None:
    assert watched.query('{totalsynctimes!=""}') == []
    assert watched.query('{numopenconnectionsperuser!=""}') == []


def test_the_gateway_leads_to_the_console_and_its_api(watched: Watched) -> None:
    certificate = watched.platform.run_dir / "gateway" / "certificate.pem"
    address = f"https://127.0.0.1:{watched.platform.environment['GATEWAY_PORT']}"
    token = (watched.platform.run_dir / "secrets" / "console-viewer-token").read_text().strip()
    with httpx.Client(verify=ssl.create_default_context(cafile=certificate), base_url=address, timeout=30) as client:
        assert client.get("/api/v1/gpus").status_code == 401
        client.headers["Authorization"] = f"Bearer {token}"
        assert [each["gpu"] for each in client.get("/api/v1/gpus?label=rack:r1").json()]
        answer = client.post("/login", data={"token": token})
        assert "Secure" in answer.headers["set-cookie"]


PROCESSES: dict[str, Named] = {
    **{
        name: ("PlatformProcessSilent", name)
        for name in (
            "influxdb-writer", "alert-engine", "health-engine", "streaming", "watch", "fleet-collector",
        )
    },
    "report-scheduler": ("PlatformProgramStopped", "report-scheduler"),
    "gateway": ("PlatformProgramStopped", "gateway"),
    "console": ("PlatformTargetDown", "console"),
}  # fmt: skip
SERVERS: dict[str, Named] = {
    "kafka": ("PlatformKafkaAway", "exporter"),
    "influxdb": ("PlatformTargetDown", "influxdb"),
    "postgres": ("PlatformPostgresAway", "postgres-exporter"),
    "namenode": ("PlatformTargetDown", "namenode"),
    "datanode": ("PlatformTargetDown", "datanode"),
    "node-exporter": ("PlatformTargetDown", "node-exporter"),
}
"""Program -> the alert that names it. All of a group are stopped at once: each must be named, whatever else is away."""


@pytest.mark.parametrize("stopped", [PROCESSES, SERVERS], ids=["processes", "servers"])
def test_what_is_stopped_is_named_and_resolved_once_it_is_back(watched: Watched, stopped: dict[str, Named]) -> None:
    names, alerts = [*stopped], set(stopped.values())
    assert eventually(watched.firing, lambda found: not alerts & found, 60) & alerts == set()
    waiting, began = dict(stopped), time.monotonic()

    def not_named() -> dict[str, Named]:
        found = watched.firing()
        for name in [name for name, alert in waiting.items() if alert in found]:
            print(f"{name}: {waiting.pop(name)[0]} after {time.monotonic() - began:.0f} s")
        return waiting

    watched.control("stop", *names)
    try:
        assert eventually(not_named, lambda missing: not missing, 150) == {}
        # What is back before its group is due is told to nobody.
        told = eventually(lambda: watched.told("firing", "platform"), lambda found: found >= alerts, 60)
        assert told >= alerts
        print(f"all told after {time.monotonic() - began:.0f} s")
    finally:
        watched.control("start", *names)
    back = time.monotonic()
    found = eventually(watched.firing, lambda found: not alerts & found, 180)
    print(f"resolved {time.monotonic() - back:.0f} s after the start")
    assert alerts & found == set()


def test_faults_of_gpus_raise_their_alerts_and_no_other(watched: Watched) -> None:
    expected = set().union(SCENARIO, *FAULTS.values())
    found = eventually(lambda: watched.fired("gpu"), lambda found: found >= expected, 300)
    assert found == expected


def test_people_are_told_of_them_once_and_of_what_came_back(watched: Watched) -> None:
    expected = set().union(SCENARIO, *FAULTS.values()) - HELD_BACK
    found = eventually(lambda: watched.told("firing", "gpu"), lambda found: found >= expected, 90)
    assert found == expected
    ours = {*PROCESSES.values(), *SERVERS.values()}
    resolved = eventually(lambda: watched.told("resolved", "platform"), lambda found: found >= ours, 120)
    assert resolved >= ours


def test_every_query_of_every_panel_finds_something(watched: Watched) -> None:
    """Last: the demonstration's GPU has what no dcgm page tells, and its fan fails each six minutes."""
    watched.platform.start_sh("demo", "on")
    queries = list(panel_queries())

    def lacking() -> list[PanelQuery]:
        # Panels about the API have something to show once somebody asks it.
        watched.platform.api("/gpus")
        return without_data(ask_all(watched.url, queries), NOT_HERE)

    assert eventually(lacking, lambda found: not found, 180) == []
    print(f"p95 of {len(queries)} instant queries: {1000 * p95(ask_all(watched.url, queries)):.1f} ms")
