"""What the alert of a metric's limit is called in Prometheus, and which limit an alert there is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from telemetry.catalogue import Catalogue, Limits, Metric, Severity

LEVELS: tuple[Severity, ...] = ("warning", "critical")
SENSOR = "GpuSensor"
"""Begins the name of the alerts of all metrics that only logs tell; which one, the label ``metric`` says."""


def of_limit(metric: str, level: Severity) -> str:
    return f"Gpu{_camel(metric.removeprefix('gpu_'))}{level.capitalize()}"


def of_sensors(level: Severity) -> str:
    return f"{SENSOR}{level.capitalize()}"


class LimitOf:
    """Finds the limit behind an alert of Prometheus."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._named = {of_limit(metric.name, level): (metric.name, level) for metric, level in _limits(catalogue)}
        self._of_sensors = {of_sensors(level): level for level in LEVELS}

    def __call__(self, labels: Mapping[str, str]) -> tuple[str, Severity] | None:
        """(metric, level) by the alert's labels; None where it is about no single limit."""
        name = labels.get("alertname", "")
        if name in self._of_sensors and "metric" in labels:
            return labels["metric"], self._of_sensors[name]
        return self._named.get(name)


def limits_of(metric: Metric) -> list[Limits]:
    """The overall one first."""
    return [*([metric.limits] if metric.limits else []), *metric.limits_by_model]


def _limits(catalogue: Catalogue) -> Iterator[tuple[Metric, Severity]]:
    for metric in catalogue:
        for level in LEVELS:
            if any(getattr(each, level) is not None for each in limits_of(metric)):
                yield metric, level


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
