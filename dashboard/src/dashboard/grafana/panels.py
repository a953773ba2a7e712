"""The panels that the dashboards are put together of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from grafana_foundation_sdk.builders import bargauge, common, gauge, heatmap, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    HeatmapCellLayout,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardRegexMapOptions,
    DynamicConfigValue,
    FieldColorModeId,
    RegexMap,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from dashboard.grafana import fields, flux, flux_daily
from dashboard.grafana.query import Query, datasource
from telemetry.catalogue import Catalogue, Limits, Metric

NOTHING = "Nothing in this time range: choose a longer one, or the other source"
NO_SCORE = "No score in this time range"
AGO = "dateTimeFromNow"
HELD_BACK = "What holds the clocks back"
OF_GPU = "${__field.labels.gpu}"


def gauges(catalogue: Catalogue, metrics: Sequence[Metric]) -> gauge.Panel:
    """A gauge for each of these metrics that the GPU reports."""
    panel = (
        gauge.Panel()
        .datasource(datasource())
        .with_target(Query(flux.newest([metric.name for metric in metrics])))
        .no_value(NOTHING)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .show_threshold_labels(False)
        .show_threshold_markers(True)
    )
    for matcher, properties in (fields.of_tile(catalogue, metric) for metric in metrics):
        panel.with_override(matcher, properties)
    return panel


def tiles(catalogue: Catalogue, metrics: Sequence[Metric]) -> stat.Panel:
    """A number for each of these metrics that the GPU reports."""
    panel = (
        stat.Panel()
        .datasource(datasource())
        .with_target(Query(flux.newest([metric.name for metric in metrics])))
        .no_value(NOTHING)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.VALUE)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(_plain())
    )
    for matcher, properties in (fields.of_tile(catalogue, metric) for metric in metrics):
        panel.with_override(matcher, properties)
    return panel


def state(masks: Sequence[Metric]) -> stat.Panel:
    """In words: when the GPU was heard of last, and what holds its clocks back."""
    panel = (
        stat.Panel()
        .datasource(datasource())
        .no_value(NOTHING)
        .with_target(Query(flux.last_reading(), "Z"))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("/^(?!Time$)/"))
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.VALUE)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color("text"))
        .thresholds(_plain())
        .override_by_name(
            flux.LAST_READING, [DynamicConfigValue("displayName", "Last reading"), DynamicConfigValue("unit", AGO)]
        )
    )
    for number, metric in enumerate(masks):
        ref_id = chr(ord("A") + number)
        panel.with_target(Query(flux.newest_reasons(metric.name, metric.bits), ref_id))
        panel.override_by_name(
            metric.name,
            [
                DynamicConfigValue("displayName", metric.label),
                DynamicConfigValue("mappings", [each.to_json() for each in _colours(metric)]),
            ],
        )
    return panel


def numbers(bad: float | None = None) -> stat.Panel:
    """A number per series, whatever they are called; red from ``bad`` on, orange from a tenth of it."""
    steps = [Threshold(None, fields.GOOD if bad else fields.NEUTRAL)]
    if bad:
        steps += [Threshold(bad / 10, fields.WARNING), Threshold(bad, fields.CRITICAL)]
    return (
        stat.Panel()
        .datasource(datasource())
        .no_value("unknown")
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.VALUE)
        .text_mode(BigValueTextMode.AUTO)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    )


def lines() -> timeseries.Panel:
    """A time series: what all of them have in common."""
    return (
        timeseries.Panel()
        .datasource(datasource())
        .max_data_points(flux.POINTS)
        .interval("1s")
        .no_value(NOTHING)
        .line_width(1)
        .fill_opacity(5)
        .show_points(VisibilityMode.AUTO)
        .span_nulls(False)
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
        .thresholds(_plain())
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )


def of_metrics(catalogue: Catalogue, metrics: Iterable[Metric]) -> timeseries.Panel:
    """A time series for each value of the variable `metric`, which is one of these."""
    panel = lines().title("${metric:text}").repeat("metric").repeat_direction("h").display_name(OF_GPU)
    for matcher, properties in (fields.of_line(catalogue, metric) for metric in metrics):
        panel.with_override(matcher, properties)
    return panel


def by_hour(catalogue: Catalogue, metric: Metric) -> heatmap.Panel:
    """A heat map: days from left to right, the hours of the day from bottom to top."""
    unit = catalogue.unit_of(metric)
    return (
        heatmap.Panel()
        .title(f"{metric.label} by hour of the day")
        .datasource(datasource())
        .with_target(Query(flux_daily.hours(metric.name)))
        .no_value(NOTHING)
        .display_name("${__field.name}")
        .calculate(False)
        .rows_frame(heatmap.RowsHeatmapOptions().layout(HeatmapCellLayout.AUTO))
        .cell_values(heatmap.CellValues().unit(unit.grafana).decimals(unit.decimals))
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
    )


def coloured(limits: Limits | None = None) -> stat.Panel:
    """A tile per series, called by its GPU, its background by ``limits`` or by those of an override."""
    return (
        stat.Panel()
        .datasource(datasource())
        .no_value(NOTHING)
        .display_name(OF_GPU)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.BACKGROUND)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(levels(limits))
    )


def bars(limits: Limits | None = None) -> bargauge.Panel:
    """A bar per series, its newest value."""
    return (
        bargauge.Panel()
        .datasource(datasource())
        .no_value(NOTHING)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.BASIC)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(levels(limits))
    )


def lanes(title: str, nothing: str) -> statetimeline.Panel:
    """Words over time, a lane per GPU."""
    return (
        statetimeline.Panel()
        .title(title)
        .datasource(datasource())
        .max_data_points(flux.POINTS)
        .interval("1s")
        .no_value(nothing)
        .display_name(OF_GPU)
        .merge_values(True)
        .show_value(VisibilityMode.AUTO)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(75)
        .color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color(fields.NEUTRAL))
        .thresholds(_plain())
        .legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(False))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
    )


def words_in_colours(colours: Mapping[str, str]) -> ValueMap:
    return ValueMap({word: ValueMappingResult(color=colour) for word, colour in colours.items()})


def throttle(masks: Sequence[Metric]) -> statetimeline.Panel:
    """Bit masks in words, a lane per GPU."""
    panel = lanes(HELD_BACK, "No GPU reports a reason in this time range")
    panel.mappings([mapping for metric in masks for mapping in _colours(metric)])
    for number, metric in enumerate(masks):
        panel.with_target(Query(flux.reasons(metric.name, metric.bits), chr(ord("A") + number)))
    return panel


def _colours(mask: Metric) -> list[RegexMap]:
    """The first that fits holds: a reason that holds the clocks back, then any other, then none."""
    bad = "|".join(mask.bits[bit] for bit in mask.throttling)
    patterns = [(f"/{bad}/", fields.WARNING), (f"/^{flux.NO_REASON}$/", fields.GOOD), ("/.*/", fields.NEUTRAL)]
    return [
        RegexMap(DashboardRegexMapOptions(pattern, ValueMappingResult(color=colour, index=number)))
        for number, (pattern, colour) in enumerate(patterns)
        if bad or number
    ]


def levels(limits: Limits | None) -> ThresholdsConfig:
    """What is on which side of ``limits``, as builders take it."""
    if limits is None:
        return _plain()
    made = fields.thresholds(limits)
    return ThresholdsConfig().mode(made.mode).steps(made.steps)


def _plain() -> ThresholdsConfig:
    """Without this Grafana paints everything above 80 red."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(None, fields.GOOD)])
