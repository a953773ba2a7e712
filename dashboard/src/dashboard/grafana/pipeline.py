"""Pipeline health: what every process of gpustream says of itself."""

from __future__ import annotations

from typing import NamedTuple

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import flux, panels
from dashboard.grafana.page import Uid, built, page
from dashboard.grafana.query import Query
from telemetry.catalogue import Catalogue


class Graph(NamedTuple):
    """One field of the measurement `pipeline`, or those that a pattern names."""

    title: str
    fields: str
    unit: str
    decimals: int
    rate: bool = False
    name: str = "${__field.labels.process}"


GRAPHS = (
    Graph("Records in", "received", "cps", 1, rate=True),
    Graph("Records out", "sent", "cps", 1, rate=True),
    Graph("Lag of each consumer", "lag", "short", 0),
    Graph("Latency, Kafka to the store", "latency_seconds", "s", 2),
    Graph(
        "Dead letters by reason, per second",
        "rejected_.+",
        "cps",
        2,
        rate=True,
        name="${__field.labels.process} ${__field.name}",
    ),
    Graph("Memory of each process", "memory_bytes", "bytes", 0),
    Graph("Starts of each process", "starts", "short", 0),
)


def make(_catalogue: Catalogue) -> Dashboard:
    made = page(Uid.PIPELINE, "Pipeline health", "What comes in, what goes out, and what waits.")
    for graph in GRAPHS:
        made.with_panel(
            panels.lines()
            .title(graph.title)
            .with_target(Query(flux.pipeline(graph.fields, rate=graph.rate)))
            .unit(graph.unit)
            .decimals(graph.decimals)
            .min(0)
            .display_name(graph.name)
            .interval("10s")
            .height(8)
            .span(12)
        )
    return built(made)
