"""Machines, and the newest readings of their GPUs."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.words import Labelled, Node, TheStores, has_labels, json, problems, text
from dashboard.stores.all import Stores
from dashboard.stores.away import Away, Missing
from dashboard.stores.history import Row
from telemetry.reading import split_gpu
from telemetry.timestamp import SECOND

router = APIRouter(tags=["nodes"])

SILENT_AFTER = 60 * SECOND
"""A live source reads at least each minute."""
Status = Literal["online", "silent", "imported"]


class NodeState(BaseModel):
    """A machine with GPUs."""

    node_id: str = Field(description="Its name; the host of its GPUs.", examples=["desk-01"])
    hostname: str = Field(examples=["desk-01"])
    status: Status = Field(
        description="online: a reading came in the last minute; silent: none did; imported: only logs of it are known.",
        examples=["online"],
    )
    datacenter: str = Field(description="Its label, else the setting DATACENTER.", examples=["local"])
    last_seen: str = Field(description="The time of its newest reading.", examples=["2026-11-26T12:00:00.000Z"])
    active_alerts: int | None = Field(
        description="Firing or acknowledged, of all its GPUs; null while PostgreSQL does not answer.", examples=[1]
    )
    gpus: list[str] = Field(examples=[["desk-01:0", "desk-01:1"]])
    labels: dict[str, str] = Field(
        description="Those that all its live GPUs share.", examples=[{"cluster": "a", "rack": "r12"}]
    )


class NodeReading(BaseModel):
    """One GPU at one time, in the form of many older dashboards."""

    timestamp: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    node_id: str = Field(examples=["desk-01"])
    gpu: str = Field(examples=["desk-01:0"])
    gpu_index: str = Field(examples=["0"])
    source: str = Field(examples=["nvml"])
    metrics: dict[str, float] = Field(examples=[{"gpu_temperature": 61.0, "gpu_load": 97.0}])


@router.get("/nodes", summary="All machines", response_model=list[NodeState], responses=problems())
def nodes(request: Request, stores: TheStores, _: Viewer, label: Labelled = None) -> list[NodeState]:
    """By name. A machine that only the live feed knows yet is here, too."""
    now = time.time_ns() // 1000
    places: dict[str, dict[str, tuple[int, bool, bool]]] = defaultdict(dict)
    for known in stores.history.gpus():
        is_live = known.modes != {"import"}
        places[known.host][known.gpu] = known.last, is_live, is_live and now - known.last < SILENT_AFTER
    shared: dict[str, dict[str, str]] = {}
    for latest in stores.live.gpus():
        others = shared.get(latest.host, latest.labels)
        shared[latest.host] = {name: value for name, value in others.items() if latest.labels.get(name) == value}
        is_live = latest.mode != "import"
        last, was_live = places[latest.host].get(latest.gpu, (latest.time, False, False))[:2]
        is_online = is_live and now - latest.arrived < SILENT_AFTER
        places[latest.host][latest.gpu] = max(last, latest.time), was_live or is_live, is_online
    counts = _active_counts(stores)
    datacenter: str = request.app.state.settings.datacenter
    return [
        _state(host, gpus, counts, datacenter, labels)
        for host, gpus in sorted(places.items())
        if has_labels(labels := shared.get(host, {}), label)
    ]


def _active_counts(stores: Stores) -> dict[str, int] | None:
    """Machines are told without their alerts rather than not at all."""
    try:
        return stores.alerts.active_counts()
    except Away:
        return None


def _state(
    host: str,
    gpus: dict[str, tuple[int, bool, bool]],
    counts: dict[str, int] | None,
    datacenter: str,
    labels: dict[str, str],
) -> NodeState:
    status: Status = "imported"
    if any(is_live for _, is_live, _ in gpus.values()):
        status = "online" if any(is_online for _, _, is_online in gpus.values()) else "silent"
    return NodeState(
        node_id=host,
        hostname=host,
        status=status,
        datacenter=labels.get("datacenter", datacenter),
        last_seen=text(max(last for last, _, _ in gpus.values())) or "",
        active_alerts=None if counts is None else sum(counts.get(gpu, 0) for gpu in gpus),
        gpus=sorted(gpus),
        labels=labels,
    )


@router.get(
    "/nodes/{node_id}/metrics",
    summary="The newest readings of a machine",
    response_model=list[NodeReading],
    responses=problems(404),
)
def node_metrics(
    stores: TheStores,
    _: Viewer,
    node_id: Node,
    limit: Annotated[int, Query(ge=1, le=2000, description="Most readings.", examples=[100])] = 100,
) -> Response:
    """Of all its GPUs together, newest first. For a series of one metric see /gpus/{gpu}/metrics."""
    gpus = [known.gpu for known in stores.history.gpus() if known.host == node_id]
    if not gpus:
        raise Missing(f"node {node_id!r} of which there are readings")
    found = [(gpu, row) for gpu in gpus for row in stores.history.recent(gpu, limit)]
    found.sort(key=lambda pair: -pair[1].time)
    return json([_reading(gpu, row) for gpu, row in found[:limit]])


def _reading(gpu: str, row: Row) -> dict[str, object]:
    return {
        "timestamp": text(row.time),
        "node_id": row.host,
        "gpu": gpu,
        "gpu_index": split_gpu(gpu)[1],
        "source": row.source,
        "metrics": row.metrics,
    }
