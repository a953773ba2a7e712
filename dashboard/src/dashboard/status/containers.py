"""Check: every container of docker-compose.yml runs, is healthy and does not start over and over.

No socket of the engine is mounted anywhere: ``./start.sh status`` asks the engine and passes on what it says.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.status.check import Finding, Line
from dashboard.status.processes import OPTIONAL, ORDER
from dashboard.status.words import counted, duration, size
from telemetry.errors import Misconfigured

ONCE = {"topics", "buckets", "observers", "kafka-agent"}
"""What does its work and ends."""
EXPECTED = (
    "kafka",
    "influxdb",
    "postgres",
    "namenode",
    "datanode",
    "spark-master",
    "spark-worker",
    "influxdb-writer",
    "alert-engine",
    "health-engine",
    "streaming",
    "report-scheduler",
    "console",
)
_UNITS = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}


class Container(NamedTuple):
    """``state`` and ``health`` in the engine's words; ``uptime`` in seconds and ``memory`` in bytes, 0 if down."""

    service: str
    state: str
    health: str
    exit_status: int
    restarts: int
    uptime: float
    memory: float


class Containers:
    """What the engine said, judged."""

    title = "Processes"
    do = "./start.sh"

    def __init__(self, containers: Sequence[Container]) -> None:
        self._containers = sorted(containers, key=lambda each: (_place(each.service), each.service))

    def uptime(self, service: str) -> float:
        """Seconds for which ``service`` has run; 0 where it does not."""
        return next((each.uptime for each in self._containers if each.service == service), 0.0)

    def has(self, service: str) -> bool:
        """Whether there is a container of ``service``, running or not."""
        return any(each.service == service for each in self._containers)

    def look(self) -> Finding:
        present = {each.service for each in self._containers}
        missing = [Line("bad", name, "not there", "./start.sh") for name in EXPECTED if name not in present]
        total = sum(each.memory for each in self._containers)
        lines = [*map(line, self._containers), *missing, Line("ok", "memory", f"{size(total)} in all")]
        documents = [
            {
                "name": each.service,
                "state": each.state,
                "health": each.health or None,
                "uptime_seconds": round(each.uptime, 1),
                "starts": each.restarts + 1,
                "memory_bytes": round(each.memory),
            }
            for each in self._containers
        ]
        return Finding(tuple(lines), {"list": documents, "memory_bytes": round(total)})


def line(container: Container) -> Line:
    """The line of one container."""
    name, logs = container.service, f"./start.sh logs {container.service}"
    if name in ONCE and container.state == "exited" and container.exit_status == 0:
        return Line("ok", name, "done")
    if container.state != "running":
        if name in OPTIONAL and container.state in {"exited", "created"}:
            return Line("note", name, f"off (./start.sh {name} on)")
        return Line("bad", name, f"{container.state}, exit status {container.exit_status}", f"{logs}, then ./start.sh")
    text = f"up {duration(container.uptime):13}{container.health or 'no health check':12}{size(container.memory):>7}"
    if container.health == "unhealthy":
        return Line("bad", name, text, f"{logs}, then ./start.sh restart {name}")
    if container.restarts:
        return Line("note", name, f"{text}   {counted(container.restarts + 1, 'start')}")
    return Line("ok", name, text)


def read(path: str, now: Callable[[], float] = time.time) -> Containers:
    """``path`` (``-``: stdin): ``{"inspect": [...], "stats": [...]}`` of docker inspect and docker stats.

    Raises Misconfigured where it is something else.
    """
    try:
        document = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8"))
        memory = {each["ID"]: _bytes(each["MemUsage"].split("/")[0]) for each in document["stats"]}
        return Containers([_container(each, memory, now()) for each in document["inspect"]])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error}"
        raise Misconfigured(
            "--containers", found, "what ./start.sh status makes of docker inspect and stats"
        ) from error


def _container(inspected: Mapping[str, Any], memory: Mapping[str, float], now: float) -> Container:
    state = inspected["State"]
    # Nanoseconds, which Python does not read.
    started = datetime.fromisoformat(re.sub(r"\.\d+", "", state["StartedAt"]))
    return Container(
        inspected["Config"]["Labels"]["com.docker.compose.service"],
        state["Status"],
        state.get("Health", {}).get("Status", ""),
        state["ExitCode"],
        inspected["RestartCount"],
        max(0.0, now - started.timestamp()) if state["Status"] == "running" else 0.0,
        memory.get(inspected["Id"][:12], 0.0),
    )


def _bytes(text: str) -> float:
    match = re.fullmatch(r"([0-9.]+)([A-Za-z]+)", text.strip())
    if match is None:
        return 0.0
    return float(match[1]) * _UNITS.get(match[2], 0.0)


def _place(service: str) -> int:
    return ORDER.index(service) if service in ORDER else len(ORDER)
