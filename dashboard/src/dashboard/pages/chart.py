"""Series as a chart: options for ECharts, at most 2,000 points, limits from the catalogue, alerts and anomalies marked.

Colours are variables of console.css, so that a chart follows the theme without being drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from dashboard.pages.figures import Figures
from dashboard.pages.markup import Markup, tag
from dashboard.stores.history import MOST_POINTS, Series, SeriesPoint, Span
from telemetry.timestamp import MILLISECOND, SECOND

LINES = ("var(--line-1)", "var(--line-2)", "var(--line-3)", "var(--line-4)", "var(--line-5)", "var(--line-6)")
_TOP = 12
_SINCE = (
    "v => { v = Math.round(v); const h = Math.floor(v / 3600), m = Math.floor(v % 3600 / 60), s = v % 60;"
    "return [h && h + ' h', m && m + ' min', s && s + ' s'].filter(Boolean).join(' ') || '0' }"
)
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
_TIMES = {
    "year": "{yyyy}", "month": "{MMM} {yyyy}", "day": "{d} {MMM}", "hour": "{HH}:{mm}", "minute": "{HH}:{mm}",
    "second": "{HH}:{mm}:{ss}", "millisecond": "{HH}:{mm}:{ss}",
}  # fmt: skip
_COLUMNS = ("insideEnd", "insideMiddle", "insideStart")
_TONES = {"warning": "var(--warning)", "critical": "var(--critical)", "info": "var(--note)"}
_GAP = 4
"""So many times the usual distance without a value is a gap, and no line goes over it."""
_LEAST_GAP = 15 * SECOND
_SHOWN_FROM = 0.8
"""A limit is drawn where its metric reaches this part of it; the first warning always is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart; ``shift`` (microseconds) lays one period over another."""

    name: str
    metric: str
    series: Series
    colour: str
    shift: int = 0
    dashed: bool = False


class _Limit(NamedTuple):
    level: float
    severity: str
    words: str
    column: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: a span of an alert, or the moment of an anomaly (``end`` None)."""

    begin: int
    end: int | None
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """``span`` is the axis; with ``offset`` it tells the time since the beginning."""

    lines: Sequence[Line]
    span: Span
    marks: Sequence[Mark] = field(default_factory=tuple)
    model: str | None = None
    offset: bool = False

    def options(self, figures: Figures) -> dict[str, Any]:
        first = self.lines[0].metric
        values = [value for line in self.lines for point in line.series.points for value in (point.low, point.high)]
        limits = list(self._limits(figures))
        levels = [limit.level for limit in limits]
        return {
            "animation": False,
            "useUTC": True,
            "grid": {"left": 52, "right": 16, "top": _TOP, "bottom": 26},
            "textStyle": {"fontFamily": "Roboto, system-ui, sans-serif"},
            "tooltip": _tooltip(figures.unit(first), figures.decimals(first)),
            "xAxis": self._time_axis(),
            "yAxis": _value_axis(values, levels, figures.unit(first)),
            "series": [self._line(line, place, limits) for place, line in enumerate(self.lines)],
            # Dragging over the chart chooses a span; gpu.py listens to it.
            "toolbox": {
                "show": True, "itemSize": 0, "right": -40,
                "feature": {
                    "dataZoom": {"yAxisIndex": "none", "brushStyle": {"color": "var(--accent)", "opacity": 0.15}}
                },
            },
        }  # fmt: skip

    def _time_axis(self) -> dict[str, Any]:
        look = {"axisLine": {"lineStyle": {"color": "var(--edge)"}}, "axisTick": {"show": False}}
        label = {"color": "var(--soft)", "hideOverlap": True, "fontSize": 11}
        if self.offset:
            length = (self.span.end - self.span.begin) / SECOND
            scale = {"type": "value", "min": 0, "max": length, "interval": _nice(length / 6)}
            return {**scale, "splitLine": {"show": False}, **look,
                    "axisLabel": {**label, ":formatter": _SINCE}}  # fmt: skip
        begin, end = self.span.begin // MILLISECOND, self.span.end // MILLISECOND
        return {"type": "time", "min": begin, "max": end, "splitLine": {"show": False}, **look,
                "axisLabel": {**label, "formatter": _TIMES}}  # fmt: skip

    def _line(self, line: Line, place: int, limits: list[_Limit]) -> dict[str, Any]:
        drawn: dict[str, Any] = {
            "type": "line",
            "name": line.name,
            "data": list(self._data(line)),
            "showSymbol": False,
            "symbolSize": 5,
            "color": line.colour,
            "lineStyle": {"width": 1.6, "color": line.colour, "type": "dashed" if line.dashed else "solid"},
            "emphasis": {"disabled": True},
            "connectNulls": False,
        }
        if place == 0:
            worst_last = sorted(self.marks, key=lambda mark: mark.tone == "critical")
            moments = [mark for mark in self.marks if mark.end is None]
            drawn["markLine"] = {
                "silent": True, "symbol": "none", "animation": False,
                "data": [*map(_limit_line, limits), *map(_moment_line, moments)],
            }  # fmt: skip
            drawn["markArea"] = {
                "silent": True, "animation": False,
                "data": [_area(mark, mark.end) for mark in worst_last if mark.end is not None],
            }  # fmt: skip
        return drawn

    def _data(self, line: Line) -> Iterator[list[float | None]]:
        points = line.series.points
        usual = max(line.series.step, _usual_distance(points))
        before: int | None = None
        for point in points:
            if before is not None and point.time - before > max(_GAP * usual, _LEAST_GAP):
                yield [self._x(before + usual, line), None]
            before = point.time
            yield [self._x(point.time, line), round(point.low, 4)]
            if point.high != point.low:
                # Both ends of a step, so that no peak and no dip is lost.
                yield [self._x(point.time + line.series.step // 2, line), round(point.high, 4)]

    def _x(self, time: int, line: Line) -> float:
        if self.offset:
            return round((time - line.shift) / SECOND, 1)
        return time // MILLISECOND

    def _limits(self, figures: Figures) -> Iterator[_Limit]:
        """Those that the chart has room for; the metrics' words stand in columns of their own."""
        named = len({line.metric for line in self.lines}) > 1
        seen: set[tuple[str, float]] = set()
        for place, line in enumerate(self.lines):
            highest = max((point.high for point in line.series.points), default=0.0)
            limits = figures.limits(line.metric, self.model)
            if limits is None:
                continue
            for severity, level in (("warning", limits.warning), ("critical", limits.critical)):
                if level is None or (line.metric, level) in seen:
                    continue
                seen.add((line.metric, level))
                if (
                    limits.direction == "above"
                    and highest < level * _SHOWN_FROM
                    and (place, severity) != (0, "warning")
                ):
                    continue
                sign = ">" if limits.direction == "above" else "<"
                text = f"{severity} {sign} {figures.figure(line.metric, level).text}"
                # Of percents the limits are close to the top, where the bars of alerts are.
                column = _COLUMNS[place % len(_COLUMNS)] + ("Bottom" if figures.unit(line.metric) == "%" else "Top")
                yield _Limit(level, severity, f"{line.name} {text}" if named else text, column)


def _nice(seconds: float) -> int:
    """The least round step that is no shorter; of days where it is longer than one."""
    return next((step for step in _NICE if step >= seconds), 86_400 * round(seconds / 86_400))


def most_points(lines: int) -> int:
    """Of each of so many lines; a step is drawn with both its ends."""
    return max(20, MOST_POINTS // (2 * max(1, lines)))


def legend(lines: Sequence[Line], figures: Figures) -> Markup:
    """Name, range and newest value of each line."""
    return tag("div", *(_entry(line, figures) for line in lines), class_="legend")


def _entry(line: Line, figures: Figures) -> Markup:
    points = line.series.points
    dot = tag("i", style=f"background:{line.colour}")
    if not points:
        return tag("span", dot, f"{line.name}: no readings")
    low, high = min(point.low for point in points), max(point.high for point in points)
    newest = figures.figure(line.metric, points[-1].average).text
    span = f" {figures.figure(line.metric, low).number} to {figures.figure(line.metric, high).text}"
    return tag("span", dot, line.name, " ", tag("b", newest), tag("span", f" · {span.strip()}"))


def _usual_distance(points: Sequence[SeriesPoint]) -> int:
    distances = sorted(after.time - before.time for before, after in pairwise(points))
    return distances[len(distances) // 2] if distances else 0


def _value_axis(values: list[float], limits: list[float], unit: str) -> dict[str, Any]:
    low, high = min([*values, *limits], default=0.0), max([*values, *limits], default=1.0)
    if unit == "%" and low >= 0 and high <= 100:
        ends: dict[str, Any] = {"min": 0, "max": 100}
    else:
        room = max((high - low) * 0.12, abs(high) * 0.01, 0.01)
        ends = {"min": round(max(0.0, low - room) if low >= 0 else low - room, 2), "max": round(high + room, 2)}
    return {
        "type": "value", "scale": True, **ends,
        "splitLine": {"lineStyle": {"color": "var(--grid)"}}, "axisLine": {"show": False}, "axisTick": {"show": False},
        "axisLabel": {
            "color": "var(--soft)", "fontSize": 11, "showMinLabel": False, "showMaxLabel": ends.get("max") == 100
        },
    }  # fmt: skip


def _tooltip(unit: str, decimals: int) -> dict[str, Any]:
    places = f"{{minimumFractionDigits: {decimals}, maximumFractionDigits: {decimals}}}"
    value = f"v => v == null ? '–' : v.toLocaleString('en', {places}) + ' {unit}'"
    return {
        "trigger": "axis", "confine": True, ":valueFormatter": value, "transitionDuration": 0,
        "backgroundColor": "var(--panel)", "borderColor": "var(--edge)",
        "textStyle": {"color": "var(--ink)", "fontSize": 12},
        "axisPointer": {"lineStyle": {"color": "var(--faint)"}},
    }  # fmt: skip


def _limit_line(limit: _Limit) -> dict[str, Any]:
    tone = _TONES[limit.severity]
    return {
        "yAxis": limit.level,
        "lineStyle": {"color": tone, "type": "dashed", "width": 1, "opacity": 0.9},
        "label": {"formatter": limit.words, "position": limit.column, "color": tone, "fontSize": 10.5},
    }


def _moment_line(mark: Mark) -> dict[str, Any]:
    tone = "var(--note)"
    return {
        "xAxis": mark.begin // MILLISECOND,
        "lineStyle": {"color": tone, "type": "solid", "width": 1.5},
        "label": {"formatter": mark.words, "position": "insideStartTop", "rotate": 0, "color": tone, "fontSize": 10.5,
                  "width": 120, "overflow": "truncate"},
    }  # fmt: skip


def _area(mark: Mark, end: int) -> list[dict[str, Any]]:
    """A bar along the top."""
    tone = _TONES.get(mark.tone, _TONES["info"])
    left, right = {"xAxis": mark.begin // MILLISECOND}, {"xAxis": end // MILLISECOND}
    return [{**left, "y": _TOP, "itemStyle": {"color": tone, "opacity": 0.9}}, {**right, "y": _TOP + 4}]
