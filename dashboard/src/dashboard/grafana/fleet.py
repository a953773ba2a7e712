"""Fleet: every GPU as a tile, coloured by the metric that is chosen, and those that are worst off."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, MatcherConfig

from dashboard.grafana import fields, flux, flux_fleet, flux_health, panels, variables
from dashboard.grafana.page import Uid, annotated, built, page
from dashboard.grafana.query import Query
from dashboard.health_levels import LIMITS
from telemetry.catalogue import Catalogue

POWER = "board_power_draw"
WORST = 25


def make(catalogue: Catalogue) -> Dashboard:
    measured = [metric for metric in catalogue if not metric.bits]
    chosen = flux.chosen({metric.name: fields.shown(metric) for metric in measured})
    made = annotated(page(Uid.FLEET, "Fleet", "Every GPU at once, and those that are worst off."))
    made.variables([variables.bucket(), variables.host(), variables.gpus(), variables.metric(catalogue)])
    for title, query, unit, decimals in _counts(catalogue):
        panel = panels.numbers().title(title).with_target(query).unit(unit).decimals(decimals)
        made.with_panel(panel.display_name(title).height(4).span(6))
    tiles = panels.coloured().title("${metric:text} now").with_target(Query(flux_fleet.newest()))
    for metric in measured:
        tiles.with_override(MatcherConfig("byName", metric.name), fields.options(catalogue, metric))
    worst = (
        panels.coloured(LIMITS)
        .title(f"The {WORST} with the lowest health score")
        .with_target(Query(flux_health.worst_scores(WORST)))
        .decimals(0)
        .no_value(panels.NO_SCORE)
    )
    lines = panels.lines().title("${metric:text} by machine").with_target(Query(flux_fleet.by_host(chosen)))
    for metric in measured:
        lines.with_override(*fields.of_line(catalogue, metric))
    lines.description("Of a metric with a limit the worst GPU of each machine, of the others the mean.")
    return built(
        made.with_panel(tiles.height(14).span(24))
        .with_panel(worst.height(10).span(12))
        .with_panel(lines.display_name("${__field.labels.host}").height(10).span(12))
    )


def _counts(catalogue: Catalogue) -> list[tuple[str, Query, str, int]]:
    """Title, query, unit and decimals."""
    unit = catalogue.unit_of(catalogue[POWER])
    levels = (("Worth a look", LIMITS.warning), ("Poor", LIMITS.critical))
    bad = [
        (f"{word}: score below {level:.0f}", Query(flux_health.below(level, word)), "short", 0)
        for word, level in levels
        if level is not None
    ]
    power = ("Power of all", Query(flux_fleet.total(POWER)), unit.grafana, unit.decimals)
    return [("GPUs heard of", Query(flux_fleet.count()), "short", 0), *bad, power]
