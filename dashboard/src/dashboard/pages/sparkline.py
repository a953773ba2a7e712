"""The last ten minutes of a metric as a line of a few kilobytes, drawn on the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashboard.pages.markup import Markup, tag
from dashboard.stores.live import SPARK_SECONDS, SPARK_STEP, SparkPoint
from telemetry.timestamp import SECOND

WIDTH, HEIGHT = 200.0, 40.0
_LEAST_SPAN = 0.08
"""Of the value: a line that moves less is drawn flat, not as a mountain range."""
_GAP = 4 * SPARK_STEP * SECOND


def sparkline(points: Sequence[SparkPoint], now: int, words: str) -> Markup:
    """``words`` says for people who do not see it what it shows."""
    begin = now - SPARK_SECONDS * SECOND
    seen = [point for point in points if point.time >= begin]
    if len(seen) < 2:
        return Markup('<svg class="spark" aria-hidden="true"></svg>')
    low, high = min(point.value for point in seen), max(point.value for point in seen)
    least = max(abs(high) * _LEAST_SPAN, 1e-9)
    middle, span = (low + high) / 2, max(high - low, least)

    def place(point: SparkPoint) -> tuple[float, float]:
        x = WIDTH * (point.time - begin) / (SPARK_SECONDS * SECOND)
        return x, HEIGHT / 2 - (point.value - middle) / span * (HEIGHT - 6)

    lines = [[place(point) for point in run] for run in _runs(seen)]
    strokes = " ".join(f"M{' L'.join(f'{x:.1f} {y:.1f}' for x, y in line)}" for line in lines)
    areas = " ".join(
        f"M{line[0][0]:.1f} {HEIGHT} L{' L'.join(f'{x:.1f} {y:.1f}' for x, y in line)} L{line[-1][0]:.1f} {HEIGHT} Z"
        for line in lines
    )
    return tag(
        "svg",
        Markup(f'<path class="area" d="{areas}"/><path d="{strokes}"/>'),
        class_="spark",
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        preserveAspectRatio="none",
        role="img",
        aria_label=words,
    )


def _runs(points: Sequence[SparkPoint]) -> Iterator[list[SparkPoint]]:
    """Without the gaps: nothing was measured there."""
    run: list[SparkPoint] = []
    for point in points:
        if run and point.time - run[-1].time > _GAP:
            yield run
            run = []
        run.append(point)
    yield run
