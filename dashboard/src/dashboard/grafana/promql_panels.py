"""The panels of the dashboards that read Prometheus."""

from __future__ import annotations

from typing import Literal, NamedTuple

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, StackingConfig
from grafana_foundation_sdk.models.common import GraphDrawStyle, GraphThresholdsStyleMode, StackingMode
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from dashboard.grafana import fields, panels, promql
from telemetry.catalogue import Limits

NOTHING = "Nothing in this time range"
PER_SECOND = "suffix:/s"
SCRAPE = "10s"
"""How often our Prometheus asks: no point of a panel stands for less."""
BUCKET = "$__interval"
"""Of a heat map: a column is what came between it and the one before."""
Drawn = Literal["lines", "stacked", "bars"]


class Graph(NamedTuple):
    """A time series. ``queries``: (PromQL, legend), such as ``{{process}}``."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str
    decimals: int
    description: str = ""
    nothing: str = NOTHING
    drawn: Drawn = "lines"
    limits: Limits | None = None
    top: float | None = None
    """Where the axis ends, of what has an end."""
    span: int = 12


class Tile(NamedTuple):
    """The newest value of each series as a number, its colour by ``limits``."""

    title: str
    expr: str
    legend: str
    unit: str
    decimals: int
    span: int
    limits: Limits | None = None
    description: str = ""
    nothing: str = NOTHING


def graph(spec: Graph) -> timeseries.Panel:
    panel = (
        panels.lines()
        .title(spec.title)
        .datasource(promql.source())
        .interval(SCRAPE)
        .unit(spec.unit)
        .decimals(spec.decimals)
        .no_value(spec.nothing)
        .thresholds(panels.levels(spec.limits))
        .height(8)
        .span(spec.span)
    )
    for number, (expr, legend) in enumerate(spec.queries):
        panel.with_target(promql.over_time(expr, legend, chr(ord("A") + number)))
    if spec.description:
        panel.description(spec.description)
    if spec.limits:
        panel.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if not spec.limits or spec.limits.direction == "above":
        panel.axis_soft_min(0)
    if spec.top is not None:
        panel.max(spec.top)
    if spec.drawn == "stacked":
        panel.stacking(StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(30)
    elif spec.drawn == "bars":
        panel.draw_style(GraphDrawStyle.BARS).fill_opacity(60)
    return panel


def tile(spec: Tile) -> stat.Panel:
    panel = (
        panels.numbers()
        .title(spec.title)
        .datasource(promql.source())
        .with_target(promql.now(spec.expr, spec.legend))
        .unit(spec.unit)
        .decimals(spec.decimals)
        .no_value(spec.nothing)
        .height(4)
        .span(spec.span)
    )
    if spec.limits:
        panel.thresholds(panels.levels(spec.limits))
    if spec.description:
        panel.description(spec.description)
    return panel


def bars(spec: Tile) -> bargauge.Panel:
    """The same as a bar per series, from 0 to 1."""
    return (
        panels.bars(spec.limits)
        .title(spec.title)
        .description(spec.description)
        .datasource(promql.source())
        .with_target(promql.now(spec.expr, spec.legend))
        .unit(spec.unit)
        .decimals(spec.decimals)
        .min(0)
        .max(1)
        .no_value(spec.nothing)
        .height(8)
        .span(spec.span)
    )


def states(spec: Tile, words: dict[float, tuple[str, str]]) -> stat.Panel:
    """The same in words on their colours. ``words``: value -> (word, colour)."""
    panel = panels.coloured().title(spec.title).description(spec.description).datasource(promql.source())
    mapped = {f"{value:g}": ValueMappingResult(text=word, color=colour) for value, (word, colour) in words.items()}
    return (
        panel.with_target(promql.now(spec.expr, spec.legend))
        .display_name("")
        .mappings([ValueMap(mapped)])
        .no_value(spec.nothing)
        .height(5)
        .span(spec.span)
    )


def heat(title: str, expr: str, description: str) -> heatmap.Panel:
    """A histogram over time, its buckets in seconds from bottom to top."""
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .datasource(promql.source())
        .with_target(promql.buckets(expr))
        .interval("30s")
        .no_value(NOTHING)
        .calculate(False)
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .cell_values(heatmap.CellValues().unit("none").decimals(0))
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
        .height(8)
        .span(12)
    )


def rows(title: str, expr: str, columns: dict[str, str], description: str) -> table.Panel:
    """A table of labels. ``columns``: label -> head, in this order; all others are left out."""
    order = {name: number for number, name in enumerate(columns)}
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(promql.source())
        .with_target(promql.table(expr))
        .with_transformation(
            DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(columns)}})
        )
        .with_transformation(
            DataTransformerConfig(
                id_val="organize", options={"excludeByName": {}, "indexByName": order, "renameByName": columns}
            )
        )
        .override_by_name("Severity", [_severities()])
        .no_value(NOTHING)
        .height(8)
        .span(12)
    )


def _severities() -> DynamicConfigValue:
    colours = {"critical": fields.CRITICAL, "warning": fields.WARNING, "info": fields.NEUTRAL}
    return DynamicConfigValue("mappings", [panels.words_in_colours(colours).to_json()])
