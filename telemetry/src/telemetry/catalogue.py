"""The catalogue: what is measured, in which unit, what is plausible, what a zero means, where the limits are.

``config/metrics.yaml`` is read here and nowhere else; every project asks this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from telemetry import config_file
from telemetry.base_unit import PrometheusUnit
from telemetry.column import ColumnKey, column_key, metric_name_of
from telemetry.detection import FastestChange, LevelShift, StuckAfter, UsualAtLoad
from telemetry.errors import Misconfigured
from telemetry.reading import METRIC_NAME

Severity = Literal["warning", "critical"]
_ZERO = re.compile(r"suspect_if ([a-z0-9_]+) > (-?[0-9.]+)")


class ZeroRule(NamedTuple):
    """What an exact 0 means: ``allowed``; ``never`` true; or ``suspect`` while another metric is above a number."""

    kind: Literal["allowed", "never", "suspect"]
    metric: str = ""
    above: float = 0.0

    def forbids(self, metrics: Mapping[str, float]) -> bool:
        """Whether a zero beside these values of the same reading is false."""
        if self.kind == "suspect":
            return metrics.get(self.metric, float("-inf")) > self.above
        return self.kind == "never"


class Limits(BaseModel):
    """The levels at which a value deserves a look, and why these numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warning: float | None = None
    critical: float | None = None
    direction: Literal["above", "below"] = "above"
    expected: bool = False
    """A healthy card goes beyond it under heavy work: worth knowing, no fault."""
    reason: str = Field(min_length=10)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.warning is None and self.critical is None:
            raise ValueError("a warning or a critical level")
        if self.warning is not None and self.critical is not None:
            rising = self.critical > self.warning
            if rising != (self.direction == "above"):
                raise ValueError(f"critical beyond warning in the direction {self.direction!r}")
        return self

    def judge(self, value: float) -> Severity | None:
        """The level that ``value`` is beyond (strictly), the worse first."""
        sign = 1.0 if self.direction == "above" else -1.0
        if self.critical is not None and sign * value > sign * self.critical:
            return "critical"
        if self.warning is not None and sign * value > sign * self.warning:
            return "warning"
        return None


class ModelLimits(Limits):
    """Limits of GPUs whose model name contains ``model`` (case ignored)."""

    model: str = Field(min_length=2)


class Unit(BaseModel):
    """A unit: how sources spell it, how people and Grafana read it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    symbol: str
    grafana: str
    decimals: int = Field(ge=0, le=6)
    spellings: tuple[str, ...]
    scales: dict[str, float] = Field(default_factory=dict)
    """Other units of the same quantity that sources use, in small letters -> what one of them is in this one."""
    prometheus: PrometheusUnit = PrometheusUnit()


class Metric(BaseModel):
    """One metric of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    label: str
    description: str = Field(min_length=10)
    kind: str
    unit: str
    scope: Literal["gpu", "host"] = "gpu"
    """``gpu``: read from the card, so a failed read of the card makes its zeros false; ``host``: from the machine."""
    plausible: tuple[float, float]
    zero: str = "allowed"
    spellings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Source -> the names that it has used for this quantity, newest first."""
    bit_spellings: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Of a bit mask: source -> the name of a column that is but one of its bits -> the bit."""
    bits: dict[int, str] = Field(default_factory=dict)
    """Of a bit mask: bit value -> what it means, in words."""
    throttling: tuple[int, ...] = ()
    """Of a bit mask: the bits under which the hardware holds the clocks back; the others are the normal course."""
    expected_throttling: tuple[int, ...] = ()
    """Those of ``throttling`` under which a healthy card works, too: worth knowing, no fault."""
    part_of: str = ""
    """The metric of which this one is a part, so that it cannot be the greater one."""
    limits: Limits | None = None
    limits_by_model: tuple[ModelLimits, ...] = ()
    fastest_change: FastestChange | None = None
    stuck_after: StuckAfter | None = None
    level_shift: LevelShift | None = None
    usual_at_load: UsualAtLoad | None = None

    @field_validator("name")
    @classmethod
    def _named(cls, value: str) -> str:
        if METRIC_NAME.fullmatch(value) is None:
            raise ValueError(f"a name like {METRIC_NAME.pattern}")
        return value

    @field_validator("zero")
    @classmethod
    def _zero_rule(cls, value: str) -> str:
        if value not in {"allowed", "never"} and _ZERO.fullmatch(value) is None:
            raise ValueError("allowed, never or 'suspect_if <metric> > <number>'")
        return value

    @model_validator(mode="after")
    def _range(self) -> Self:
        low, high = self.plausible
        if not low < high:
            raise ValueError("plausible: [low, high] with low < high")
        for limits in (self.limits, *self.limits_by_model):
            for level in (limits.warning, limits.critical) if limits else ():
                if level is not None and not low <= level <= high:
                    raise ValueError(f"a limit inside the plausible range [{low}, {high}], found {level}")
        if unknown := sorted(set(self.throttling) - set(self.bits)):
            raise ValueError(f"throttling: only bits that bits explains, found {unknown}")
        if unknown := sorted(set(self.expected_throttling) - set(self.throttling)):
            raise ValueError(f"expected_throttling: only bits of throttling, found {unknown}")
        if unknown := sorted({bit for names in self.bit_spellings.values() for bit in names.values()} - set(self.bits)):
            raise ValueError(f"bit_spellings: only bits that bits explains, found {unknown}")
        return self

    @cached_property
    def zero_rule(self) -> ZeroRule:
        if match := _ZERO.fullmatch(self.zero):
            return ZeroRule("suspect", match[1], float(match[2]))
        return ZeroRule("never" if self.zero == "never" else "allowed")

    def is_plausible(self, value: float) -> bool:
        """False for NaN, too."""
        return self.plausible[0] <= value <= self.plausible[1]

    def limits_for(self, model: str | None) -> Limits | None:
        """The limits of a GPU of this model (None: unknown)."""
        lowered = (model or "").lower()
        return next((entry for entry in self.limits_by_model if entry.model.lower() in lowered), self.limits)

    def words(self, value: float) -> list[str]:
        """A bit mask in words; an empty list where no bit is set or the metric is none."""
        mask = int(value)
        return [text for bit, text in sorted(self.bits.items()) if mask & bit]

    def throttles(self, value: float) -> bool:
        """Whether a bit mask says that the hardware holds the clocks back."""
        mask = int(value)
        return any(mask & bit for bit in self.throttling)


class Column(NamedTuple):
    """What a column of a source means: the metric's name, and the metric where the catalogue knows it."""

    name: str
    metric: Metric | None
    factor: float = 1.0
    """From the column's unit to the metric's."""
    bit: int = 0
    """The bit of a bit mask that the column is; 0: it is a value of its own."""


class Catalogue:
    """All metrics, in the order of the file."""

    def __init__(self, units: Mapping[str, Unit], kinds: Mapping[str, str], metrics: Mapping[str, Metric]) -> None:
        self.units = units
        self.kinds = kinds
        """Kind -> what people call its metrics together."""
        self.metrics = metrics
        self._unit_of_spelling = {s.casefold(): name for name, unit in units.items() for s in unit.spellings}
        self._by_column = {
            (source, key): Column(metric.name, metric, units[metric.unit].scales.get(key.unit, 1.0), bit)
            for metric in metrics.values()
            for source, spelling, bit in _spellings(metric)
            for key in [column_key(spelling, self._unit_of_spelling)]
        }

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics.values())

    def __getitem__(self, name: str) -> Metric:
        return self.metrics[name]

    def get(self, name: str) -> Metric | None:
        return self.metrics.get(name)

    def unit_of(self, metric: Metric) -> Unit:
        return self.units[metric.unit]

    def column(self, source: str, header: str) -> Column:
        """What ``header`` (as written, with its unit) means in logs of ``source``; unknown ones get a made name."""
        known = self._by_column.get((source, column_key(header, self._unit_of_spelling)))
        if known is not None:
            return known
        name = metric_name_of(header, self._unit_of_spelling)
        # A name made from a header must not claim to be a metric that the catalogue defines otherwise.
        return Column(f"{name}_unlisted" if name in self.metrics else name, None)


def _spellings(metric: Metric) -> Iterator[tuple[str, str, int]]:
    """(source, header, bit or 0) of all columns that a metric comes from."""
    for source, spellings in metric.spellings.items():
        yield from ((source, spelling, 0) for spelling in spellings)
    for source, bits in metric.bit_spellings.items():
        yield from ((source, spelling, bit) for spelling, bit in bits.items())


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    units: dict[str, Unit]
    kinds: dict[str, str]
    metrics: dict[str, dict[str, Any]]


def load(path: Path) -> Catalogue:
    """The catalogue of ``path``. Raises Misconfigured with file, key and value."""
    file = config_file.load(path, _File)
    metrics: dict[str, Metric] = {}
    for key, entry in file.metrics.items():
        for name, fields in _repeated(key, entry):
            try:
                metrics[name] = Metric.model_validate({"name": name, **fields})
            except ValidationError as error:
                raise config_file.misconfigured(f"{path}: metrics.{key}", error) from error
    _check_references(path, file, metrics)
    return Catalogue(file.units, file.kinds, metrics)


def _repeated(key: str, entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An entry with ``repeat: N`` stands for N metrics: every {n} in it becomes 1 to N."""
    fields = dict(entry)
    repeat = fields.pop("repeat", None)
    if not isinstance(repeat, int):
        yield key, fields
        return
    for n in range(1, repeat + 1):
        yield key.replace("{n}", str(n)), _numbered(fields, n)


def _numbered(value: Any, n: int) -> Any:
    if isinstance(value, str):
        return value.replace("{n}", str(n))
    if isinstance(value, list):
        return [_numbered(item, n) for item in value]
    if isinstance(value, dict):
        return {key: _numbered(item, n) for key, item in value.items()}
    return value


def _check_references(path: Path, file: _File, metrics: Mapping[str, Metric]) -> None:
    columns: dict[tuple[str, ColumnKey], str] = {}
    units = {s.casefold(): name for name, unit in file.units.items() for s in unit.spellings}
    for metric in metrics.values():
        where = f"{path}: metrics.{metric.name}"
        if metric.unit not in file.units:
            raise Misconfigured(f"{where}.unit", repr(metric.unit), f"one of {sorted(file.units)}")
        if metric.kind not in file.kinds:
            raise Misconfigured(f"{where}.kind", repr(metric.kind), f"one of {sorted(file.kinds)}")
        if metric.zero_rule.kind == "suspect" and metric.zero_rule.metric not in metrics:
            raise Misconfigured(f"{where}.zero", repr(metric.zero), "the name of a metric of this file")
        if metric.part_of and metric.part_of not in metrics:
            raise Misconfigured(f"{where}.part_of", repr(metric.part_of), "the name of a metric of this file")
        for source, spelling, _ in _spellings(metric):
            owner = columns.setdefault((source, column_key(spelling, units)), metric.name)
            if owner != metric.name:
                raise Misconfigured(f"{where}.spellings.{source}", repr(spelling), f"a column not taken by {owner}")
