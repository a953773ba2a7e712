"""Charts as inline SVG that stretches with the page; all text stands beside it, so that it stays legible."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from dashboard.card import Chart, Charts, Line
from dashboard.card_words import number

WIDTH, HEIGHT = 1000.0, 100.0
_MOST_POINTS = 320
_CLASSES = "abc"

Point = tuple[float, float, float] | None
Place = tuple[float, tuple[float, float, float]]
"""From the left, and (lowest, average, highest)."""
Y = Callable[[float], float]
"""Value -> height in the picture."""


def figure(chart: Chart, charts: Charts, times: Sequence[str]) -> str:
    """One chart with its caption, scale and times."""
    low, high, ticks = scale(chart)
    keys = "".join(
        f'<span class="key {_CLASSES[n]}">{escape(line.sensor.label)}</span>' for n, line in enumerate(chart.lines)
    )
    if any(share for share in charts.throttled):
        keys += '<span class="key hot">throttled</span>'
    title = f"{chart.title}, {chart.symbol}" if chart.symbol else chart.title
    marks = "".join(f"<span>{number(tick, _decimals(ticks))}</span>" for tick in reversed(ticks))
    kind = escape(chart.lines[0].sensor.kind)
    return (
        f'<figure class="{kind}"><figcaption><b>{escape(title)}</b>{keys}</figcaption>'
        f'<div class="plot"><div class="scale">{marks}</div><div class="area">{_svg(chart, charts, low, high, ticks)}'
        f'</div><div class="times">{"".join(f"<span>{escape(time)}</span>" for time in times)}</div></div></figure>\n'
    )


def scale(chart: Chart) -> tuple[float, float, list[float]]:
    """(lowest, highest, ticks) of the axis: round numbers around all values."""
    seen = [point for line in chart.lines for point in line.points if point is not None]
    low, high = min(point[0] for point in seen), max(point[2] for point in seen)
    # Shares and fans begin at 0; so does what reaches near it.
    if chart.symbol.startswith("%") or low < 0.35 * high:
        low = min(0.0, low)
    return ticks_between(low, high, 10.0**-chart.decimals)


def ticks_between(low: float, high: float, least: float) -> tuple[float, float, list[float]]:
    """The same, around ``low`` and ``high``; ``least`` is the smallest difference that a value can have."""
    step = _round_step(max(high - low, 0.02 * abs(high), least) / 3)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    ticks = [n * step for n in range(first, last + 1)]
    return ticks[0], ticks[-1], ticks


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)


def _decimals(ticks: list[float]) -> int:
    return next((n for n in range(4) if all(abs(tick - round(tick, n)) < 1e-9 for tick in ticks)), 4)


def _svg(chart: Chart, charts: Charts, low: float, high: float, ticks: list[float]) -> str:
    steps = len(charts.moments)

    def y(value: float) -> float:
        return HEIGHT - (value - low) / (high - low) * HEIGHT

    parts = [f'<rect class="hot" x="{x:.4g}" y="0" width="{w:.4g}" height="100"/>' for x, w in _hot(charts.throttled)]
    parts += [_level("grid", y(tick)) for tick in ticks]
    for name, level in (("warning", chart.warning), ("critical", chart.critical)):
        if level is not None and low < level < high:
            parts.append(_level(name, y(level)))
    for gap in charts.gaps:
        parts.append(
            f'<line class="gap" x1="{gap / steps * WIDTH:.1f}" x2="{gap / steps * WIDTH:.1f}" y1="0" y2="100"/>'
        )
    for n, line in reversed(list(enumerate(chart.lines))):
        points = thinned(line.points)
        pieces = unbroken(points) if charts.breaks else [places(points)]
        if n == 0:
            parts += [_band(piece, y) for piece in pieces]
        drawn = "".join(_path(piece, y) for piece in pieces)
        parts.append(f'<path class="{_CLASSES[n]}" d="{drawn}">{_tip(line)}</path>')
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(_spoken(chart))}">{"".join(parts)}</svg>'
    )


def _level(name: str, y: float) -> str:
    return f'<line class="{name}" x1="0" x2="{WIDTH:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _tip(line: Line) -> str:
    sensor = line.sensor
    low, high = (number(each.value, sensor.decimals, sensor.symbol) for each in (sensor.lowest, sensor.highest))
    return f"<title>{escape(sensor.label)}: {escape(low)} to {escape(high)}</title>"


def _spoken(chart: Chart) -> str:
    sensor = chart.lines[0].sensor
    low, high = (number(each.value, sensor.decimals, sensor.symbol) for each in (sensor.lowest, sensor.highest))
    return f"{sensor.label} over time, from {low} to {high}"


def thinned(points: Sequence[Point]) -> list[Point]:
    """At most _MOST_POINTS of them, so that a page stays small."""
    size = math.ceil(len(points) / _MOST_POINTS)
    if size <= 1:
        return list(points)
    made: list[Point] = []
    for start in range(0, len(points), size):
        seen = [point for point in points[start : start + size] if point is not None]
        lows, means, highs = zip(*seen, strict=True) if seen else ((), (), ())
        made.append((min(lows), sum(means) / len(means), max(highs)) if seen else None)
    return made


def places(points: Sequence[Point]) -> list[Place]:
    """Where each value stands; steps without one are left out, and so drawn through."""
    return [(((n + 0.5) / len(points)) * WIDTH, point) for n, point in enumerate(points) if point is not None]


def unbroken(points: Sequence[Point]) -> list[list[Place]]:
    """The same, in pieces without a hole."""
    pieces: list[list[Place]] = [[]]
    for n, point in enumerate(points):
        if point is not None:
            pieces[-1].append((((n + 0.5) / len(points)) * WIDTH, point))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _path(seen: Sequence[Place], y: Y) -> str:
    """A line through the averages."""
    if len(seen) == 1:
        x, point = seen[0]
        return f"M{x - 2:.1f} {y(point[1]):.1f}h4"
    return "M" + "L".join(f"{x:.1f} {y(point[1]):.1f}" for x, point in seen)


def _band(seen: Sequence[Place], y: Y) -> str:
    """Between the lowest and the highest value of each step."""
    if all(point[0] == point[2] for _, point in seen):
        return ""
    upper = [f"{x:.1f} {y(point[2]):.1f}" for x, point in seen]
    lower = [f"{x:.1f} {y(point[0]):.1f}" for x, point in reversed(seen)]
    return f'<path class="band" d="M{"L".join(upper + lower)}Z"/>'


def _hot(shares: Sequence[float | None]) -> Iterable[tuple[float, float]]:
    """(x, width) of each stretch that was throttled for the greater part; None goes on as before."""
    begin: int | None = None
    for n, share in enumerate([*shares, 0.0]):
        if share is None:
            continue
        if share > 0.5 and begin is None:
            begin = n
        elif share <= 0.5 and begin is not None:
            yield begin / len(shares) * WIDTH, (n - begin) / len(shares) * WIDTH
            begin = None
