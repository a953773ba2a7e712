"""Which sensors are drawn together, and their steps."""

from __future__ import annotations

from dashboard.card import Chart, Charts, Line, Sensor
from dashboard.card_builder import BUSY_KINDS, CHART_KINDS, CardBuilder

_LINES = 3
_UNITS_OF_KIND = {"fan": 2}
"""Duty and speed of a fan tell different stories; of other kinds the first unit is drawn."""


def charts_of(builder: CardBuilder, sensors: dict[str, Sensor]) -> Charts:
    """One chart per kind and unit, kinds in the order of CHART_KINDS, sensors in that of the catalogue."""
    steps = len(builder.step_moments)
    charts = []
    for kind in CHART_KINDS:
        of_kind = [sensor for sensor in sensors.values() if sensor.kind == kind]
        # A sensor that shows nothing but 0 is drawn only where there is no other.
        drawn = [sensor for sensor in of_kind if sensor.highest.value != 0] or of_kind[:1]
        units = list(dict.fromkeys(sensor.symbol for sensor in drawn))
        for symbol in units[: _UNITS_OF_KIND.get(kind, 1)]:
            chosen = [sensor for sensor in drawn if sensor.symbol == symbol][:_LINES]
            charts.append(_chart(builder, chosen, steps))
    throttled = builder.step_throttled.points(steps)
    return Charts(
        charts=tuple(charts),
        throttled=tuple(point[1] if point else None for point in throttled),
        moments=tuple(builder.step_moments),
        gaps=tuple(gap for gap in builder.gap_steps if 0 < gap < steps),
    )


def _chart(builder: CardBuilder, sensors: list[Sensor], steps: int) -> Chart:
    lines = []
    for sensor in sensors:
        series = builder.tracks[sensor.name].series
        assert series is not None, f"{sensor.name} is of a charted kind"
        lines.append(Line(sensor, series.points(steps)))
    first = sensors[0]
    limits = builder.tracks[first.name].limits if first.kind not in BUSY_KINDS else None
    return Chart(
        title=first.label if len(sensors) == 1 else builder.catalogue.kinds[first.kind],
        symbol=first.symbol,
        decimals=first.decimals,
        lines=tuple(lines),
        warning=limits.warning if limits else None,
        critical=limits.critical if limits else None,
    )
