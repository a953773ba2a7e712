"""GPU overview: a row per GPU that is read in five seconds, then what happened."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import fields, flux, panels, variables
from dashboard.grafana.page import Uid, annotated, built, page
from dashboard.grafana.query import Query
from telemetry.catalogue import Catalogue

GAUGES = ("gpu_temperature", "hot_spot_temperature", "gpu_load", "board_power_draw")
"""Against their limits; a test holds that each has some in the catalogue."""
TILES = ("gpu_memory_used", "fan1_speed_percent", "gpu_clock", "gpu_power")


def make(catalogue: Catalogue) -> Dashboard:
    headline = [catalogue[name] for name in (*GAUGES, *TILES)]
    masks = [metric for metric in catalogue if metric.bits]
    chosen = flux.chosen({metric.name: fields.shown(metric) for metric in headline})
    made = annotated(page(Uid.OVERVIEW, "GPU overview", "How every GPU is, and what happened to it."))
    made = (
        made.variables([variables.bucket(), variables.host(), variables.gpus(), variables.metrics(catalogue, headline)])
        .with_row(Row("${gpu}").repeat("gpu"))
        .with_panel(panels.gauges(catalogue, [catalogue[name] for name in GAUGES]).height(5).span(10))
        .with_panel(panels.tiles(catalogue, [catalogue[name] for name in TILES]).height(5).span(8))
        .with_panel(panels.state(masks).height(5).span(6))
        .with_row(Row("What happened"))
        .with_panel(
            panels.throttle(masks)
            .description("Why the clocks are not higher, in words; orange: the hardware holds them back.")
            .height(6)
            .span(24)
        )
        .with_panel(
            panels.of_metrics(catalogue, headline)
            .with_target(Query(flux.history(chosen)))
            .max_per_row(2)
            .description("Of a metric with a limit the worst value of each interval, of the others the mean.")
            .height(8)
            .span(12)
        )
    )
    return built(made)
