"""What a rule looks at, bound to the catalogue and one GPU's model: metrics in, a judgement out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from telemetry.catalogue import Catalogue, Metric, Unit

Verdict = Literal["breach", "between", "clear"]
Point = tuple[int, float]
"""(time in microseconds, value)."""
Past = tuple[Point, ...]
_MOST_POINTS = 20
"""How finely a rate rule remembers its time span: state stays small whatever the interval of readings."""


class Judgement(NamedTuple):
    """``between``: beyond the level that clears, short of the one that fires (hysteresis)."""

    verdict: Verdict
    value: float
    threshold: float | None


class Condition(Protocol):
    """One rule's eye on one GPU. Of a reading without its metric it can only tell something where it has a past."""

    @property
    def metric(self) -> str:
        """What an alert of it is about; empty where it is about the GPU as a whole."""
        ...

    @property
    def sign(self) -> float:
        """1.0 where greater values are worse, -1.0 where lesser ones are."""
        ...

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        """None where these metrics do not tell."""
        ...

    def remember(self, metrics: Mapping[str, float], past: Past, time: int) -> Past:
        """What the next call needs to know of the past; empty where it needs nothing."""
        ...

    def sentence(self, value: float, threshold: float | None) -> str:
        """The breach in words, without the GPU's name."""
        ...


class _Forgetful:
    """A condition that needs no past."""

    def remember(self, metrics: Mapping[str, float], past: Past, time: int) -> Past:
        return ()


class Level(_Forgetful):
    """A metric strictly beyond a threshold; clear at ``margin`` short of it."""

    def __init__(self, metric: Metric, unit: Unit, sign: float, threshold: float, margin: float) -> None:
        self.metric = metric.name
        self.sign = sign
        self._label, self._unit = metric.label, unit
        self._threshold = threshold
        self._fires_at = sign * threshold
        self._clears_at = self._fires_at - margin

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        value = metrics.get(self.metric)
        if value is None:
            return None
        signed = self.sign * value
        verdict: Verdict = "clear" if signed <= self._clears_at else "between"
        return Judgement("breach" if signed > self._fires_at else verdict, value, self._threshold)

    def sentence(self, value: float, threshold: float | None) -> str:
        return f"{self._label} {value:.{self._unit.decimals}f} is {self._beyond()}"

    def short(self) -> str:
        """The level alone, in words."""
        return f"{self._label} is {self._beyond()}"

    def _beyond(self) -> str:
        return f"{'above' if self.sign > 0 else 'below'} {self._threshold:g} {self._unit.symbol}".strip()


class Mask(_Forgetful):
    """At least one of some bits of a bit mask."""

    sign = 1.0

    def __init__(self, metric: Metric, bits: int) -> None:
        self.metric = metric.name
        self._catalogued, self._bits = metric, bits

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        value = metrics.get(self.metric)
        if value is None:
            return None
        return Judgement("breach" if int(value) & self._bits else "clear", value, None)

    def sentence(self, value: float, threshold: float | None) -> str:
        return f"{self._catalogued.label}: {', '.join(self._catalogued.words(int(value) & self._bits))}"


class Change:
    """A metric's slope over the last ``per``, scaled to ``per``; told once half of it has been seen."""

    def __init__(self, metric: Metric, unit: Unit, sign: float, by: float, per: int, margin: float) -> None:
        self.metric = metric.name
        self.sign = sign
        self._label, self._unit, self._by, self._per, self._margin = metric.label, unit, by, per, margin

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        value = metrics.get(self.metric)
        recent = [point for point in past if time - point[0] <= self._per]
        if value is None or not recent or time - recent[0][0] < self._per / 2:
            return None
        since, before = recent[0]
        slope = (value - before) * self._per / (time - since)
        moved = self.sign * slope
        verdict: Verdict = "breach" if moved > self._by else "clear" if moved <= self._by - self._margin else "between"
        return Judgement(verdict, slope, self.sign * self._by)

    def remember(self, metrics: Mapping[str, float], past: Past, time: int) -> Past:
        value = metrics.get(self.metric)
        recent = tuple(point for point in past if time - point[0] <= self._per)
        if value is None or (recent and time - recent[-1][0] < self._per / _MOST_POINTS):
            return recent
        return (*recent, (time, value))

    def sentence(self, value: float, threshold: float | None) -> str:
        per, direction = self._per / 1e6, "rises" if self.sign > 0 else "falls"
        return f"{self._label} {direction} by {abs(value):.1f} {self._unit.symbol} in {per:g} s (limit {self._by:g})"


class Together(_Forgetful):
    """Several levels at once. Clear as soon as one is; where one is unknown and none clear, nothing is told."""

    def __init__(self, parts: Sequence[Level]) -> None:
        self.metric, self.sign = parts[0].metric, parts[0].sign
        self._parts = parts

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        judged = [part.judge(metrics, past, time) for part in self._parts]
        first = judged[0]
        if first is None:
            return None
        verdicts = {each.verdict for each in judged if each is not None}
        if "clear" in verdicts:
            return first._replace(verdict="clear")
        if None in judged:
            return None
        return first._replace(verdict="between" if "between" in verdicts else "breach")

    def sentence(self, value: float, threshold: float | None) -> str:
        # The others' values are not kept: their levels say enough.
        first, *others = self._parts
        return "; ".join([first.sentence(value, threshold), *(part.short() for part in others)])


class Vanished:
    """A metric that was there is absent; the past holds when it was seen last."""

    sign = 1.0

    def __init__(self, metric: Metric) -> None:
        self.metric = metric.name
        self._label = metric.label

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        if self.metric in metrics:
            return Judgement("clear", 0.0, None)
        return Judgement("breach", (time - past[0][0]) / 1e6, None) if past else None

    def remember(self, metrics: Mapping[str, float], past: Past, time: int) -> Past:
        return ((time, metrics[self.metric]),) if self.metric in metrics else past

    def sentence(self, value: float, threshold: float | None) -> str:
        return f"{self._label} is absent from the readings"


class Silence(_Forgetful):
    """No readings. Each reading clears it; it is the passing of time that raises it."""

    metric = ""
    sign = 1.0

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        return Judgement("clear", 0.0, None)

    def sentence(self, value: float, threshold: float | None) -> str:
        return f"no reading for {value:.0f} s"


def level_of(catalogue: Catalogue, limit: str, model: str | None, margin: float) -> Level | None:
    """``gpu_temperature critical`` for this model; None where the catalogue has no such level for it."""
    name, _, level = limit.partition(" ")
    metric = catalogue[name]
    limits = metric.limits_for(model)
    threshold = getattr(limits, level) if limits else None
    if limits is None or threshold is None:
        return None
    return Level(metric, catalogue.unit_of(metric), 1.0 if limits.direction == "above" else -1.0, threshold, margin)
