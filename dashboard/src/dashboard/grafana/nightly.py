"""Nightly analytics: what the batch reported of each day."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models.common import GraphDrawStyle, StackingMode
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

from dashboard.grafana import flux_daily, panels, variables
from dashboard.grafana.page import Uid, annotated, built, page
from dashboard.grafana.query import Query
from telemetry.catalogue import Catalogue

TOTALS = (
    ("Energy", "energy_kwh", "kwatth", 1),
    ("Cost", "cost", "none", 2),
    ("Held back", "throttled_minutes", "m", 0),
    ("Anomalies", "anomalies", "short", 0),
)
"""Of the whole time range, a number per GPU."""
WHOLE = (
    ("Energy per day", "energy_kwh", "kwatth", 2),
    ("Cost per day", "cost", "none", 2),
    ("Readings per day", "readings", "short", 0),
)
WHAT = {
    "energy_kwh": "Board power over time, else the chip's where there is none. No absence counts (docs/reports.md).",
    "cost": "Energy at the price of ENERGY_PRICE_PER_KWH, in the currency of ENERGY_CURRENCY (.env).",
    "throttled_minutes": "Time in which the hardware held the clocks back, for whatever reason.",
    "anomalies": "Found by the stream's detectors; docs/anomalies.md lists their kinds.",
    "readings": "As many as seconds where a card was read each second of the day: 86,400.",
}
BY_HOUR = ("gpu_load", "gpu_temperature")
DRIFTS = "gpu_temperature"
SPIKES, SLOPE, MISSING = "Temperature spikes", "Temperature at equal load, change per day", "Missing readings per day"
DRAWN = {SPIKES: f"{panels.OF_GPU} ${{__field.labels.metric}}", SLOPE: panels.OF_GPU, MISSING: panels.OF_GPU}
STATISTICS = ("avg", "min", "p95", "max")


def make(catalogue: Catalogue) -> Dashboard:
    made = annotated(page(Uid.NIGHTLY, "Nightly analytics", "What the batch reported of each day."))
    made.time("now-30d", "now").refresh("5m")
    made.variables([variables.reported_gpus(), variables.reported_metrics(catalogue)])
    for title, field, unit, decimals in TOTALS:
        made.with_panel(
            panels.numbers()
            .title(title)
            .description(WHAT[field])
            .with_target(Query(flux_daily.daily(field)))
            .reduce_options(common.ReduceDataOptions().calcs(["sum"]))
            .unit(unit)
            .decimals(decimals)
            .display_name(panels.OF_GPU)
            .height(4)
            .span(6)
        )
    for title, field, unit, decimals in WHOLE:
        made.with_panel(
            panels.lines()
            .title(title)
            .description(WHAT[field])
            .with_target(Query(flux_daily.daily(field)))
            .unit(unit)
            .decimals(decimals)
            .min(0)
            .display_name(panels.OF_GPU)
            .draw_style(GraphDrawStyle.BARS)
            .stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
            .fill_opacity(60)
            .height(8)
            .span(8)
        )
    for name in BY_HOUR:
        made.with_panel(panels.by_hour(catalogue, catalogue[name]).height(9).span(12))
    for title, query, unit in _points():
        dots = panels.lines().title(title).with_target(query).unit(unit).height(8).span(8)
        made.with_panel(dots.draw_style(GraphDrawStyle.POINTS).display_name(DRAWN[title]))
    panel = panels.of_metrics(catalogue, [metric for metric in catalogue if not metric.bits]).fill_opacity(0)
    for ref_id, statistic in zip("ABCD", STATISTICS, strict=True):
        panel.with_target(Query(flux_daily.daily(statistic, "${metric}"), ref_id))
        panel.override_by_query(ref_id, [DynamicConfigValue("displayName", f"{panels.OF_GPU} {statistic}")])
    return built(made.with_panel(panel.max_per_row(2).height(8).span(12)))


def _points() -> list[tuple[str, Query, str]]:
    """Title, query and unit."""
    return [
        (SPIKES, Query(flux_daily.spikes()), "celsius"),
        (SLOPE, Query(flux_daily.daily("slope_30", DRIFTS, "trends")), "celsius"),
        (MISSING, Query(flux_daily.daily("missing", report="summary")), "short"),
    ]
