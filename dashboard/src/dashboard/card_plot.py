"""A line over time drawn with block characters, for terminals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard.card import Chart, Charts
from dashboard.card_words import number

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LABEL = 9
Point = tuple[float, float, float] | None
Paint = Callable[[str, str], str]
"""(tone, text) -> the text, coloured where there are colours."""


def columns_of(points: Sequence[Point], width: int, peaks: bool) -> list[float | None]:
    """At most ``width`` values: of the steps that share a column the highest value (``peaks``), or the average."""
    width = min(width, len(points)) or 1
    columns: list[float | None] = []
    for column in range(width):
        part = points[column * len(points) // width : (column + 1) * len(points) // width]
        seen = [point for point in part if point is not None]
        if not seen:
            columns.append(None)
        elif peaks:
            columns.append(max(point[2] for point in seen))
        else:
            columns.append(sum(point[1] for point in seen) / len(seen))
    return columns


def standing(points: Sequence[Point], throttled: Sequence[float | None]) -> list[Point]:
    """Steps in which no reading came show the one before, which still stands."""
    filled: list[Point] = []
    for point, share in zip(points, throttled, strict=True):
        filled.append(filled[-1] if share is None and filled else point)
    return filled


def plot(chart: Chart, charts: Charts, width: int, height: int, paint: Paint) -> list[str]:
    """A title and ``height`` lines; columns that were throttled are painted as warnings."""
    line = chart.lines[0]
    room = width - _LABEL - 2
    # Of heat the peak matters, of all else how it went on the whole.
    columns = columns_of(standing(line.points, charts.throttled), room, line.sensor.kind == "temperature")
    throttled = _throttled(charts, room)
    values = [value for value in columns if value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    # A line that hardly moves is drawn as one, not as a mountain range.
    spread = max(high - low, 0.05 * abs(high), 10.0**-chart.decimals)
    low = max(0.0, high - spread * 1.15) if high >= 0 else high - spread * 1.15
    rows = [f"{line.sensor.label}, {chart.symbol}" if chart.symbol else line.sensor.label]
    for row in range(height - 1, -1, -1):
        text = ""
        for value, hot in zip(columns, throttled, strict=True):
            filled = 0 if value is None else round((value - low) / (high - low or 1) * height * 8) - row * 8
            cell = _EIGHTHS[min(8, max(0 if row or value is None else 1, filled))]
            text += paint("warning", cell) if hot and cell != " " else cell
        mark = number(high, chart.decimals) if row == height - 1 else number(low, chart.decimals) if row == 0 else ""
        rows.append(f"{mark:>{_LABEL}} │{text.rstrip()}")
    return rows


def throttle_strip(charts: Charts, width: int) -> str:
    """A line that marks what was throttled; empty where nothing was."""
    marks = "".join("▀" if hot else " " for hot in _throttled(charts, width - _LABEL - 2))
    return f"{'throttled':>{_LABEL}} │{marks.rstrip()}" if marks.strip() else ""


def _throttled(charts: Charts, room: int) -> list[bool]:
    shares: list[Point] = [None if share is None else (share, share, share) for share in charts.throttled]
    columns = columns_of(standing(shares, charts.throttled), room, False)
    return [value is not None and value > 0.5 for value in columns]


def time_axis(begin: str, end: str, width: int, steps: int) -> str:
    """Two times under the ends of the plots."""
    room = min(width - _LABEL - 2, steps)
    space = max(1, room - len(begin) - len(end))
    return " " * (_LABEL + 2) + begin + " " * space + end
