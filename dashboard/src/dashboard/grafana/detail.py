"""GPU detail: every metric that one GPU reports, by kind, with what was least, usual and greatest."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

from dashboard.grafana import flux, panels, variables
from dashboard.grafana.page import Uid, annotated, built, page
from dashboard.grafana.query import Query
from telemetry.catalogue import Catalogue

AGGREGATES = ("avg", "min", "max")


def make(catalogue: Catalogue) -> Dashboard:
    masks = [metric for metric in catalogue if metric.bits]
    panel = (
        panels.of_metrics(catalogue, [metric for metric in catalogue if not metric.bits])
        .description("Line: the mean of each interval; band: from its smallest to its greatest value.")
        .max_per_row(3)
        .height(7)
        .span(8)
    )
    for ref_id, aggregate in zip("ABC", AGGREGATES, strict=True):
        panel.with_target(Query(flux.history(flux.text(aggregate)), ref_id))
        panel.override_by_query(ref_id, _style(aggregate))
    made = annotated(page(Uid.DETAIL, "GPU detail", "Every metric that a GPU reports."))
    made = (
        made.variables([variables.bucket(), variables.host(), variables.gpu(), variables.metrics(catalogue)])
        .with_panel(panels.throttle(masks).height(4).span(24))
        .with_panel(panel)
    )
    return built(made)


def _style(aggregate: str) -> list[DynamicConfigValue]:
    values = [DynamicConfigValue("displayName", aggregate)]
    colour = {"mode": "fixed", "fixedColor": "blue" if aggregate == "avg" else "light-blue"}
    values.append(DynamicConfigValue("color", colour))
    if aggregate == "avg":
        return [*values, DynamicConfigValue("custom.fillOpacity", 0), DynamicConfigValue("custom.lineWidth", 2)]
    values.append(DynamicConfigValue("custom.lineWidth", 0))
    if aggregate == "max":
        values += [DynamicConfigValue("custom.fillBelowTo", "min"), DynamicConfigValue("custom.fillOpacity", 20)]
    return values
