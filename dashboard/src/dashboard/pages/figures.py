"""Values as people read them: name, unit, decimals and limits, all of them the catalogue's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dashboard.card_words import number
from dashboard.pages.markup import Markup, tag
from telemetry.catalogue import Catalogue, Limits, Metric, Severity

UNLISTED_DECIMALS = 2
"""Of a sensor that the catalogue does not know."""


class Figure(NamedTuple):
    """One value, told."""

    number: str
    unit: str
    severity: Severity | None

    @property
    def text(self) -> str:
        return f"{self.number} {self.unit}".rstrip()

    @property
    def markup(self) -> Markup:
        return tag("span", self.number, tag("small", f" {self.unit}"), class_=f"value {self.severity or ''}".rstrip())


class Figures:
    """Words for metrics of one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._order = {metric.name: place for place, metric in enumerate(catalogue)}

    def label(self, name: str) -> str:
        metric = self._catalogue.get(name)
        return metric.label if metric else name.replace("_", " ")

    def unit(self, name: str) -> str:
        metric = self._catalogue.get(name)
        return self._catalogue.unit_of(metric).symbol if metric else ""

    def decimals(self, name: str) -> int:
        metric = self._catalogue.get(name)
        return self._catalogue.unit_of(metric).decimals if metric else UNLISTED_DECIMALS

    def kind(self, name: str) -> str:
        """What people call this metric and its like together."""
        metric = self._catalogue.get(name)
        return self._catalogue.kinds[metric.kind] if metric else "Not in the catalogue"

    def limits(self, name: str, model: str | None = None) -> Limits | None:
        metric = self._catalogue.get(name)
        return metric.limits_for(model) if metric else None

    def is_mask(self, name: str) -> bool:
        metric = self._catalogue.get(name)
        return metric is not None and bool(metric.bits)

    def figure(self, name: str, value: float, model: str | None = None) -> Figure:
        limits = self.limits(name, model)
        # A healthy card works beyond a limit that is expected: no fault, and no colour.
        severity = limits.judge(value) if limits and not limits.expected else None
        return Figure(number(value, self.decimals(name)), self.unit(name), severity)

    def text(self, name: str, value: float) -> str:
        """``61.0 °C``; of a bit mask what its bits mean."""
        metric = self._catalogue.get(name)
        if metric is not None and metric.bits:
            return ", ".join(metric.words(value)) or "none"
        return self.figure(name, value).text

    def sorted(self, names: Iterable[str]) -> list[str]:
        """In the order of the catalogue, strangers last."""
        return sorted(names, key=lambda name: (self._order.get(name, len(self._order)), name))

    def throttling(self, metrics: Mapping[str, float]) -> tuple[list[str], bool] | None:
        """(why the clocks are not higher, whether that is more than heavy work); None: the source does not tell."""
        masks = [metric for metric in self._masks() if metric.name in metrics]
        if not masks:
            return None
        words = [word for metric in masks for word in metric.words(metrics[metric.name])]
        return words, any(_is_fault(metric, int(metrics[metric.name])) for metric in masks)

    def _masks(self) -> list[Metric]:
        return [metric for metric in self._catalogue if metric.throttling]


def _is_fault(metric: Metric, mask: int) -> bool:
    return any(mask & bit for bit in metric.throttling if bit not in metric.expected_throttling)
