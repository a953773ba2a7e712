"""Health: scores, what takes points from them, the risk of a failure, what to do, and what happened."""

from __future__ import annotations

from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig
from grafana_foundation_sdk.models.common import GraphDrawStyle, GraphThresholdsStyleMode
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import fields, flux_health, panels, variables
from dashboard.grafana.page import Uid, annotated, built, page
from dashboard.grafana.query import Query
from dashboard.health_levels import BEST, LIMITS
from telemetry.catalogue import Catalogue

MOST = 100
COLOURS = {"keep": fields.GOOD, "watch": fields.NEUTRAL, "repair": fields.WARNING, "move": fields.WARNING,
           "retire": fields.CRITICAL}  # fmt: skip
"""Of what to do about a GPU."""
_OF_FIELD = f"{panels.OF_GPU} ${{__field.name}}"


def make(_catalogue: Catalogue) -> Dashboard:
    made = annotated(page(Uid.HEALTH, "Health", "How well each GPU is, why, and what to do about it."))
    made.time("now-24h", "now").refresh("1m").variables([variables.scored_hosts(), variables.scored_gpus()])
    newest = panels.coloured(LIMITS).title("Health score, the worst first").decimals(0).no_value(panels.NO_SCORE)
    made.with_panel(newest.with_target(Query(flux_health.worst_scores(MOST))).height(7).span(24))
    over_time = panels.lines().title("Health score over time").with_target(Query(flux_health.scores()))
    over_time.thresholds(panels.levels(LIMITS)).min(0).max(BEST).no_value(panels.NO_SCORE)
    over_time.description("The lowest of each interval.").display_name(panels.OF_GPU).decimals(0)
    over_time.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    made.with_panel(over_time.height(9).span(12))
    parts = panels.bars(LIMITS).title("Components now").with_target(Query(flux_health.components()))
    parts.description("Each component's own score; one for which a source gives no evidence is absent.")
    parts.min(0).max(BEST).decimals(0).display_name(_OF_FIELD).no_value(panels.NO_SCORE)
    made.with_panel(parts.height(9).span(12))
    why = panels.lanes("Why points are missing", "Nothing takes points, or there is no score in this time range")
    made.with_panel(why.with_target(Query(flux_health.reasons())).height(7).span(24))
    risk = panels.lines().title("Failure risk").with_target(Query(flux_health.risks())).unit("percentunit").min(0)
    risk.decimals(1).display_name(f"{panels.OF_GPU} within ${{__field.labels.horizon_hours}} h")
    risk.description("How probable it is that a GPU fails within the horizon, as the nightly batch sees it.")
    made.with_panel(risk.no_value("No prediction in this time range").height(8).span(12))
    happened = panels.lines().title("What happened").with_target(Query(flux_health.events())).unit("short").min(0)
    happened.display_name(f"{panels.OF_GPU} ${{__field.labels.kind}}").no_value("No event in this time range")
    happened.draw_style(GraphDrawStyle.BARS).fill_opacity(60).decimals(0)
    made.with_panel(happened.height(8).span(12))
    advice = panels.lanes("What to do", "No advice in this time range").with_target(Query(flux_health.actions()))
    advice.mappings([panels.words_in_colours(COLOURS)])
    advice.description("Advice of the nightly batch: nothing acts on it by itself.")
    made.with_panel(advice.height(7).span(12))
    costs = panels.bars().title("What a year of each action costs").with_target(Query(flux_health.costs()))
    costs.unit("none").decimals(0).display_name(_OF_FIELD).no_value("No advice in this time range")
    return built(made.with_panel(costs.height(7).span(12)))
