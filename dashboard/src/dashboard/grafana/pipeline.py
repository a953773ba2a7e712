"""Pipeline health: what every process of gpustream says of itself, and of the store that it writes to."""

from __future__ import annotations

from typing import NamedTuple

from grafana_foundation_sdk.models.common import GraphDrawStyle
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import flux_pipeline, panels
from dashboard.grafana.page import Uid, built, page
from dashboard.grafana.query import Query
from telemetry.catalogue import Catalogue

LAG = 10_000
"""Records: what ten GPUs send in a quarter of an hour; an import is beyond it for as long as it is worked off."""
PER_SECOND = "suffix:/s"
PROCESS = "${__field.labels.process}"


class Tile(NamedTuple):
    """The newest value of a field, a number per process; red from ``bad`` on."""

    title: str
    field: str
    unit: str
    decimals: int
    span: int
    bad: float | None = None
    name: str = ""


class Graph(NamedTuple):
    """One field of the measurement `pipeline`, or those that a pattern names."""

    title: str
    fields: str
    unit: str
    decimals: int
    made: flux_pipeline.Count = ""
    name: str = PROCESS
    nothing: str = panels.NOTHING


TILES = (
    Tile("Records waiting", "lag", "short", 0, 10, LAG, PROCESS),
    Tile("Lake", "lake_bytes", "bytes", 1, 4),
    Tile("Files in the lake", "lake_files", "short", 0, 3),
    Tile("InfluxDB", "influxdb_bytes", "bytes", 1, 4),
    Tile("A query takes", "influxdb_query_seconds", "s", 0, 3, 1),
)
GRAPHS = (
    Graph("Records in", "received", PER_SECOND, 1, "rate"),
    Graph("Records out", "sent", PER_SECOND, 1, "rate"),
    Graph("Lag of each consumer", "lag", "short", 0),
    Graph("End-to-end latency, from Kafka to the store", "latency_seconds", "s", 2),
    Graph(
        "Dead letters by reason, per second",
        "rejected_.+",
        PER_SECOND,
        2,
        "rate",
        f"{PROCESS}: ${{__field.name}}",
        "No dead letter in this time range",
    ),
    Graph("Restarts of each process", "starts", "short", 0, "growth"),
    Graph("Memory of each process", "memory_bytes", "bytes", 0),
    Graph("InfluxDB, time of a query", "influxdb_query_seconds", "s", 1, name="mean of 10 s"),
    Graph("Size of the lake and of InfluxDB", "(lake|influxdb)_bytes", "bytes", 1, name="${__field.name}"),
    Graph("Files in the lake, over time", "lake_files", "short", 0, name="files"),
)


def make(_catalogue: Catalogue) -> Dashboard:
    made = page(Uid.PIPELINE, "Pipeline health", "What comes in, what goes out, and what waits.")
    for tile in TILES:
        made.with_panel(
            panels.numbers(tile.bad)
            .title(tile.title)
            .with_target(Query(flux_pipeline.newest_of_pipeline(tile.field)))
            .unit(tile.unit)
            .decimals(tile.decimals)
            .display_name(tile.name)
            .height(4)
            .span(tile.span)
        )
    for graph in GRAPHS:
        panel = (
            panels.lines()
            .title(graph.title)
            .with_target(Query(flux_pipeline.pipeline(graph.fields, made=graph.made)))
            .unit(graph.unit)
            .decimals(graph.decimals)
            .min(0)
            .display_name(graph.name)
            .no_value(graph.nothing)
            .interval("10s")
            .height(8)
            .span(12)
        )
        if graph.made == "growth":
            panel.draw_style(GraphDrawStyle.BARS).fill_opacity(60)
        made.with_panel(panel)
    return built(made)
