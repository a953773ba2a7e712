"""A bit mask over time: a lane per bit that was ever set, in the catalogue's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dashboard.card_words import share
from dashboard.pages.markup import Markup, tag
from dashboard.stores.history import SeriesPoint, Span
from telemetry.catalogue import Metric


def lanes(metric: Metric, points: Sequence[SeriesPoint], span: Span, step: int) -> Markup:
    """Empty where no bit was ever set."""
    rows = []
    for bit, words in sorted(metric.bits.items()):
        runs = list(_runs(points, bit, step))
        if not runs:
            continue
        whole = span.end - span.begin
        tone = "warning" if bit in metric.throttling else "plain"
        places = [(100 * (begin - span.begin) / whole, 100 * (end - begin) / whole) for begin, end in runs]
        pieces = [tag("span", class_=tone, style=f"left:{left:.2f}%;width:{width:.2f}%") for left, width in places]
        told = share(sum(end - begin for begin, end in runs), whole)
        strip = tag("div", *pieces, class_="strip", role="img", aria_label=f"{words}: {told} of the time")
        rows.append(tag("div", tag("div", tag("b", words), tag("div", told, class_="soft")), strip, class_="lane"))
    return tag("div", *rows) if rows else Markup("")


def _runs(points: Sequence[SeriesPoint], bit: int, step: int) -> Iterator[tuple[int, int]]:
    """Spans in which the bit was set; a reading speaks until the next one."""
    distances = sorted(after.time - before.time for before, after in pairwise(points))
    usual = max(step, distances[len(distances) // 2] if distances else 0)
    begin: int | None = None
    end = 0
    for point in points:
        is_set = int(point.high) & bit
        if begin is not None and (not is_set or point.time - end > 3 * usual):
            yield begin, end
            begin = None
        if is_set:
            begin = point.time if begin is None else begin
            end = point.time + usual
    if begin is not None:
        yield begin, end
