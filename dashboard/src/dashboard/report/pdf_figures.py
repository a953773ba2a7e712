"""The document's pictures on paper: the same values and scales as in svg.py, drawn as vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from dashboard.card_svg import WIDTH, places, scale, unbroken
from dashboard.card_words import number
from dashboard.report.content import Bars, HeatMap, Lines, Scatter, Strip, Tone
from dashboard.report.svg import ACROSS, MOST_PARTED, scatter_scale, shade

ACCENT, SECOND, THIRD = HexColor("#2563c9"), HexColor("#b4540a"), HexColor("#6b7a90")
INK, SOFT, GRID = HexColor("#1b1f27"), HexColor("#5b6472"), HexColor("#dfe3e9")
TONES: dict[Tone, Color] = {
    "critical": HexColor("#b3261e"),
    "warning": HexColor("#8a5a00"),
    "good": HexColor("#1a7a45"),
    "plain": SOFT,
}
_COLOURS = (ACCENT, SECOND, THIRD)
_FONT, _SIZE = "Helvetica", 7.5
_SCALE = 30.0
"""Room for the numbers at the left."""
_UNDER = 12.0
_OVER = 14.0


class Picture(Flowable):
    """One figure with a title, a key and times under it. ``draw`` finds the origin at the lower left."""

    def __init__(self, title: str, keys: Sequence[tuple[str, Color]], times: Sequence[str], height: float) -> None:
        super().__init__()
        self._title = title
        self._keys = keys
        self._times = times
        self._height = height
        self.left = 0.0

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width = available_width
        self.height = self._height + _UNDER + _OVER
        return self.width, self.height

    @property
    def canvas(self) -> Canvas:
        canvas: Canvas = self.canv
        return canvas

    @property
    def room(self) -> float:
        return float(self.width) - self.left

    def draw(self) -> None:
        canvas = self.canvas
        self.text(0, self.height - 8, self._title, INK, bold=True)
        x = canvas.stringWidth(self._title, f"{_FONT}-Bold", _SIZE) + 12
        for words, colour in self._keys:
            canvas.setFillColor(colour)
            canvas.rect(x, self.height - 7, 8, 3, stroke=0, fill=1)
            self.text(x + 11, self.height - 8, words, SOFT)
            x += 11 + canvas.stringWidth(words, _FONT, _SIZE) + 10
        last = len(self._times) - 1
        for n, time in enumerate(self._times):
            place = self.left + (self.room * n / last if last else 0.0)
            width = canvas.stringWidth(time, _FONT, _SIZE)
            self.text(place - (width * n / last if last else 0.0), 2, time, SOFT)
        canvas.saveState()
        canvas.translate(self.left, _UNDER)
        self.plot(self.room, self._height)
        canvas.restoreState()

    def plot(self, width: float, height: float) -> None:
        raise NotImplementedError

    def text(self, x: float, y: float, words: str, colour: Color, *, bold: bool = False) -> None:
        self.canvas.setFillColor(colour)
        self.canvas.setFont(f"{_FONT}-Bold" if bold else _FONT, _SIZE)
        self.canvas.drawString(x, y, words)

    def box(self, x: float, y: float, width: float, height: float, colour: Color, opacity: float = 1.0) -> None:
        self.canvas.setFillColor(colour)
        self.canvas.setFillAlpha(opacity)
        self.canvas.rect(x, y, width, height, stroke=0, fill=1)
        self.canvas.setFillAlpha(1.0)

    def grid(self, ticks: Sequence[float], y: Callable[[float], float], width: float, decimals: int) -> None:
        canvas = self.canvas
        for tick in ticks:
            canvas.setStrokeColor(GRID)
            canvas.setLineWidth(0.5)
            canvas.line(0, y(tick), width, y(tick))
            words = number(tick, decimals if tick % 1 else 0)
            self.text(-4 - canvas.stringWidth(words, _FONT, _SIZE), y(tick) - 2.5, words, SOFT)


class LinesPicture(Picture):
    def __init__(self, block: Lines) -> None:
        chart = block.chart
        title = f"{chart.title}, {chart.symbol}" if chart.symbol else chart.title
        keys = [(line.sensor.label, _COLOURS[n]) for n, line in enumerate(chart.lines)]
        super().__init__(title, keys, block.times, 84.0)
        self._block = block
        self.left = _SCALE

    def plot(self, width: float, height: float) -> None:
        chart, canvas = self._block.chart, self.canvas
        low, high, ticks = scale(chart)

        def y(value: float) -> float:
            return (value - low) / (high - low) * height

        self.grid(ticks, y, width, chart.decimals)
        for level, colour in ((chart.warning, TONES["warning"]), (chart.critical, TONES["critical"])):
            if level is not None and low < level < high:
                canvas.setDash(3, 2)
                canvas.setStrokeColor(colour)
                canvas.line(0, y(level), width, y(level))
                canvas.setDash()
        for n, line in reversed(list(enumerate(chart.lines))):
            pieces = unbroken(line.points) if self._block.charts.breaks else [places(line.points)]
            for piece in pieces:
                across = [(x / WIDTH * width, point) for x, point in piece]
                if n == 0:
                    edge = [(x, y(point[2])) for x, point in across] + [(x, y(point[0])) for x, point in across[::-1]]
                    self._path(edge, _COLOURS[n], fill=True)
                middle = [(x, y(point[1])) for x, point in across]
                # A single hour is a short stroke.
                self._path(middle if len(middle) > 1 else [(middle[0][0] - 1, middle[0][1]), middle[0]], _COLOURS[n])

    def _path(self, points: Sequence[tuple[float, float]], colour: Color, *, fill: bool = False) -> None:
        canvas = self.canvas
        path = canvas.beginPath()
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        if fill:
            path.close()
            canvas.setFillColor(colour)
            canvas.setFillAlpha(0.16)
            canvas.drawPath(path, stroke=0, fill=1)
            canvas.setFillAlpha(1.0)
        else:
            canvas.setStrokeColor(colour)
            canvas.setLineWidth(1.1)
            canvas.drawPath(path, stroke=1, fill=0)


class HeatPicture(Picture):
    _ROW = 15.0

    def __init__(self, block: HeatMap) -> None:
        super().__init__(block.title, (), block.times, self._ROW * len(block.rows))
        self._block = block
        self.left = 142.0

    def plot(self, width: float, height: float) -> None:
        for place, row in enumerate(self._block.rows, 1):
            bottom = height - place * self._ROW
            self.text(-self.left, bottom + 4, row.label, SOFT)
            step = width / len(row.values)
            between = 0.6 if len(row.values) <= MOST_PARTED else 0.0
            for n, value in enumerate(row.values):
                if value is not None:
                    self.box(n * step, bottom, step - between, self._ROW - 2, ACCENT, shade(row, value))


class StripPicture(Picture):
    def __init__(self, block: Strip) -> None:
        keys = [("beyond a limit", TONES["critical"]), ("far above the usual at that load", TONES["warning"])]
        super().__init__(block.title, keys, block.times, 14.0)
        self._block = block

    def plot(self, width: float, height: float) -> None:
        self.box(0, 0, width, height, GRID)
        for mark in self._block.marks:
            long = max(1.5, (mark.end - mark.begin) * width)
            self.box(min(mark.begin * width, width - long), 0, long, height, TONES[mark.tone])


class ScatterPicture(Picture):
    def __init__(self, block: Scatter) -> None:
        keys = [("an hour", ACCENT)] + ([("usual", HexColor("#c9d8f2"))] if block.bands else [])
        super().__init__(block.title, keys, ACROSS, 120.0)
        self._block = block
        self.left = _SCALE

    def plot(self, width: float, height: float) -> None:
        block, canvas = self._block, self.canvas
        low, high, ticks = scatter_scale(block)

        def x(value: float) -> float:
            return (value - block.left) / (block.right - block.left) * width

        def y(value: float) -> float:
            return (value - low) / (high - low) * height

        self.grid(ticks, y, width, block.decimals)
        for band in block.bands:
            self.box(x(band.left), y(band.low), x(band.right) - x(band.left), y(band.high) - y(band.low), ACCENT, 0.14)
            canvas.setStrokeColor(ACCENT)
            canvas.setLineWidth(0.7)
            canvas.line(x(band.left), y(band.middle), x(band.right), y(band.middle))
        canvas.setFillColor(ACCENT)
        for dot in block.dots:
            canvas.circle(x(dot.x), y(dot.y), 2.2, stroke=0, fill=1)


class BarsPicture(Picture):
    def __init__(self, block: Bars) -> None:
        super().__init__(f"{block.title}; the highest is {block.high}", (), block.times, 48.0)
        self._block = block

    def plot(self, width: float, height: float) -> None:
        bars = self._block.bars
        top = max((bar.value for bar in bars if bar.value is not None), default=0.0) or 1.0
        step = width / len(bars)
        for n, bar in enumerate(bars):
            self.box((n + 0.12) * step, 0, 0.76 * step, (bar.value or 0.0) / top * height, ACCENT)
        self.canvas.setStrokeColor(GRID)
        self.canvas.line(0, 0, width, 0)
