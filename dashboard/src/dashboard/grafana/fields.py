"""What the catalogue says of a metric, as Grafana's field options: unit, decimals, name, limits with their colours."""

from __future__ import annotations

import math

from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    MatcherConfig,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
)

from telemetry.catalogue import Catalogue, Limits, Metric

# Grafana's names: it has a shade of each for dark and for light.
GOOD, WARNING, CRITICAL, NEUTRAL = "green", "orange", "red", "blue"

Override = tuple[MatcherConfig, list[DynamicConfigValue]]


def thresholds(limits: Limits) -> ThresholdsConfig:
    """Steps from the bottom up."""
    levels = [(limits.warning, WARNING), (limits.critical, CRITICAL)]
    known = [(level, colour) for level, colour in levels if level is not None]
    if limits.direction == "above":
        steps = [Threshold(None, GOOD), *(Threshold(level, colour) for level, colour in known)]
    else:
        # From a level upwards it looks as it does above: critical, then warning, then good.
        worst_first = known[::-1]
        colours = [colour for _, colour in worst_first]
        values = [None, *(level for level, _ in worst_first)]
        steps = [Threshold(value, colour) for value, colour in zip(values, [*colours, GOOD], strict=True)]
    return ThresholdsConfig(ThresholdsMode.ABSOLUTE, steps)


def scale(metric: Metric) -> tuple[float, float] | None:
    """From where to where a gauge of this metric goes; None where the catalogue gives no measure."""
    if metric.plausible == (0, 100):
        return metric.plausible
    if metric.limits is None:
        return None
    top = max(level for level in (metric.limits.warning, metric.limits.critical) if level is not None)
    return 0, math.ceil(top * 1.2 / 10) * 10


def options(catalogue: Catalogue, metric: Metric) -> list[DynamicConfigValue]:
    unit = catalogue.unit_of(metric)
    values = [DynamicConfigValue("unit", unit.grafana), DynamicConfigValue("decimals", unit.decimals)]
    if metric.limits:
        values.append(DynamicConfigValue("thresholds", thresholds(metric.limits)))
    return values


def of_tile(catalogue: Catalogue, metric: Metric) -> Override:
    """For panels that show several metrics, each under its own name."""
    values = [DynamicConfigValue("displayName", metric.label), *options(catalogue, metric)]
    if ends := scale(metric):
        values += [DynamicConfigValue("min", ends[0]), DynamicConfigValue("max", ends[1])]
    return MatcherConfig("byName", metric.name), values


def of_line(catalogue: Catalogue, metric: Metric) -> Override:
    """For time series of one metric: its limits are lines."""
    values = options(catalogue, metric)
    if metric.plausible == (0, 100):
        values += [DynamicConfigValue("min", 0), DynamicConfigValue("max", 100)]
    if metric.limits:
        values.append(DynamicConfigValue("custom.thresholdsStyle", {"mode": "dashed"}))
        values += _with_the_line(metric)
    return MatcherConfig("byName", metric.name), values


def _with_the_line(metric: Metric) -> list[DynamicConfigValue]:
    """The axis reaches the nearest limit, however far the values are from it."""
    if metric.limits is None or metric.plausible == (0, 100):
        return []
    levels = [level for level in (metric.limits.warning, metric.limits.critical) if level is not None]
    if metric.limits.direction == "above":
        return [DynamicConfigValue("custom.axisSoftMax", levels[0])]
    return [DynamicConfigValue("custom.axisSoftMin", levels[0])]


def shown(metric: Metric) -> str:
    """The aggregate of an interval that says whether a limit was broken; without a limit, the mean."""
    if metric.limits is None:
        return "avg"
    return "max" if metric.limits.direction == "above" else "min"
