"""Compare: two GPUs, or one GPU in two periods, over each other."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import CustomVariable
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue, VariableOption

from dashboard.grafana import fields, flux, panels, variables
from dashboard.grafana.page import Uid, annotated, built, page
from dashboard.grafana.query import Query
from telemetry.catalogue import Catalogue

SHIFTS = ("0s", "5m", "15m", "1h", "6h", "1d", "7d", "30d")
"""Offered; any other duration of Flux can be typed."""
USUAL = "1h"
"""At first both GPUs are the same one, and two lines over each other would look like one."""


def make(catalogue: Catalogue) -> Dashboard:
    measured = [metric for metric in catalogue if not metric.bits]
    chosen = flux.chosen({metric.name: fields.shown(metric) for metric in measured})
    panel = (
        panels.of_metrics(catalogue, measured)
        .with_target(Query(flux.history(chosen), "A"))
        .with_target(Query(flux.history(chosen, gpus="r.gpu =~ /^(?:${other:regex})$/", shift="${shift}"), "B"))
        .override_by_query("A", _style("${gpu}", "blue"))
        .override_by_query("B", _style("${other}, ${shift} before", "orange"))
        .max_per_row(2)
        .height(8)
        .span(12)
    )
    made = annotated(page(Uid.COMPARE, "Compare", "Two GPUs, or one GPU in two periods, over each other."))
    made = made.variables(
        [
            variables.bucket(),
            variables.host(),
            variables.gpu(),
            variables.gpu("other", "with GPU"),
            _shift(),
            variables.metrics(catalogue),
        ]
    ).with_panel(panel)
    return built(made)


def _shift() -> CustomVariable:
    options = [VariableOption(text == USUAL, text, text) for text in SHIFTS]
    variable = CustomVariable("shift").label("so long before").values(", ".join(SHIFTS)).options(options)
    return variable.current(options[SHIFTS.index(USUAL)]).allow_custom_value(True)


def _style(name: str, colour: str) -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue("displayName", name),
        DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour}),
    ]
