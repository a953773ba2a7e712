"""The document's pictures as inline SVG that stretches with the page; like the card's, with all text beside them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from dashboard.card_svg import HEIGHT, WIDTH, figure, ticks_between
from dashboard.card_words import number
from dashboard.report.content import Bars, HeatMap, HeatRow, Lines, Scatter, Strip

ACROSS = ("0", "25", "50", "75", "100")
"""Below a picture whose left end is 0 and whose right end is 100."""
MOST_PARTED = 31
"""The hours of a week lie too close for a line between them."""
_PALEST = 0.08
"""So that the lowest value is not taken for none."""


def lines(block: Lines) -> str:
    return figure(block.chart, block.charts, block.times)


def heat_map(block: HeatMap) -> str:
    rows = "".join(_heat_row(row) for row in block.rows)
    return (
        f'<figure class="heat"><figcaption><b>{escape(block.title)}</b><span class="ramp" aria-hidden="true"></span>'
        f'<span class="key plainkey">faint is low, strong is high</span></figcaption>{rows}'
        f"{_times(block.times)}</figure>\n"
    )


def shade(row: HeatRow, value: float) -> float:
    """How dark a value is drawn, 0 to 1."""
    if row.high == row.low:
        return 0.5
    return min(1.0, _PALEST + (1 - _PALEST) * (value - row.low) / (row.high - row.low))


def _heat_row(row: HeatRow) -> str:
    width = WIDTH / len(row.values)
    parts = []
    fine = " fine" if len(row.values) > MOST_PARTED else ""
    for n, (value, words) in enumerate(zip(row.values, row.words, strict=True)):
        place = f'x="{n * width:.4g}" width="{width:.4g}" height="100"'
        look = f'class="none{fine}"' if value is None else f'class="cell{fine}" fill-opacity="{shade(row, value):.2f}"'
        parts.append(f"<rect {place} {look}><title>{escape(words)}</title></rect>")
    return f'<div class="heatrow"><span>{escape(row.label)}</span>{_svg(parts, row.label)}</div>'


def strip(block: Strip) -> str:
    parts = ['<rect class="ground" width="1000" height="100"/>']
    for mark in block.marks:
        # A spike of a second is still to be seen.
        width = max(3.0, (mark.end - mark.begin) * WIDTH)
        x = min(mark.begin * WIDTH, WIDTH - width)
        parts.append(
            f'<rect class="mark {mark.tone}" x="{x:.1f}" width="{width:.1f}" height="100">'
            f"<title>{escape(mark.words)}</title></rect>"
        )
    return (
        f'<figure class="strip"><figcaption><b>{escape(block.title)}</b>'
        '<span class="key critical">beyond a limit</span>'
        '<span class="key warning">far above the usual at that load</span></figcaption>'
        f"{_svg(parts, block.title)}{_times(block.times)}</figure>\n"
    )


def scatter(block: Scatter) -> str:
    low, high, ticks = scatter_scale(block)

    def x(value: float) -> float:
        return (value - block.left) / (block.right - block.left) * WIDTH

    def y(value: float) -> float:
        return HEIGHT - (value - low) / (high - low) * HEIGHT

    parts = [f'<line class="grid" x1="0" x2="1000" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>' for tick in ticks]
    for band in block.bands:
        left, right, top, middle, bottom = x(band.left), x(band.right), y(band.high), y(band.middle), y(band.low)
        parts.append(
            f'<rect class="usual" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{max(0.5, bottom - top):.1f}"><title>{escape(band.words)}</title></rect>'
            f'<line class="middle" x1="{left:.1f}" x2="{right:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>'
        )
    # A line of no length with round ends is a dot that stays round however the picture is stretched.
    parts += [
        f'<path class="dot" d="M{x(dot.x):.1f} {y(dot.y):.1f}h0.01"><title>{escape(dot.words)}</title></path>'
        for dot in block.dots
    ]
    marks = "".join(f"<span>{number(tick, block.decimals if tick % 1 else 0)}</span>" for tick in reversed(ticks))
    keys = '<span class="key a">an hour</span>' + ('<span class="key usual">usual</span>' if block.bands else "")
    return (
        f'<figure class="scatter"><figcaption><b>{escape(block.title)}</b>{keys}</figcaption>'
        f'<div class="plot"><div class="scale">{marks}</div><div class="area">{_svg(parts, block.title)}</div>'
        f'{_times(ACROSS)}</div><p class="note">{escape(block.note)}</p></figure>\n'
    )


def scatter_scale(block: Scatter) -> tuple[float, float, list[float]]:
    """(lowest, highest, ticks) of the axis that goes up."""
    values = [dot.y for dot in block.dots] + [edge for band in block.bands for edge in (band.low, band.high)]
    return ticks_between(min(values), max(values), 10.0**-block.decimals)


def bars(block: Bars) -> str:
    top = max((bar.value for bar in block.bars if bar.value is not None), default=0.0) or 1.0
    width = WIDTH / len(block.bars)
    parts = []
    for n, bar in enumerate(block.bars):
        height = (bar.value or 0.0) / top * HEIGHT
        parts.append(
            f'<rect class="bar" x="{(n + 0.12) * width:.1f}" width="{0.76 * width:.1f}" y="{HEIGHT - height:.1f}" '
            f'height="{height:.1f}"><title>{escape(bar.words)}</title></rect>'
        )
    return (
        f'<figure class="bars"><figcaption><b>{escape(block.title)}</b>'
        f'<span class="key plainkey">the highest is {escape(block.high)}</span></figcaption>'
        f"{_svg(parts, block.title)}{_times(block.times)}</figure>\n"
    )


def _svg(parts: Iterable[str], spoken: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(spoken)}">{"".join(parts)}</svg>'
    )


def _times(times: Iterable[str]) -> str:
    return f'<div class="times">{"".join(f"<span>{escape(time)}</span>" for time in times)}</div>'
