"""What the colours of the heat map mean: shades up to the limit, what is beyond it, what has no value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from dashboard.pages.heat import LEVELS, Cell, Scale
from dashboard.pages.markup import Markup, joined, tag

_SIGNS = {"above": ">", "below": "<"}


def of_scale(scale: Scale, cells: Iterable[Cell], told: Callable[[float], str], differs: bool) -> Markup:
    """``told``: a value with its unit; ``differs``: some models have limits of their own."""
    shades = range(LEVELS)
    if scale.limits is not None and scale.limits.direction == "below":
        shades = range(LEVELS - 1, -1, -1)
    bar = tag("span", *(swatch(str(level)) for level in shades), class_="shades")
    ramp = tag("span", told(scale.low), bar, told(scale.high), class_="ramp")
    return _legend([ramp, *_limits(scale, cells, told)], cells, differs)


def of_reasons(cells: Iterable[Cell]) -> Markup:
    """Of a bit mask."""
    words = {"0": "nothing", "3": "a reason that is no fault", "w": "the hardware holds the clocks back"}
    return _legend([tag("span", swatch(level), word) for level, word in words.items()], cells, False)


def swatch(level: str, silent: bool = False) -> Markup:
    return tag("i", class_="cell", data_level=level, data_silent="yes" if silent else None, aria_hidden="true")


def _limits(scale: Scale, cells: Iterable[Cell], told: Callable[[float], str]) -> Iterable[Markup]:
    if scale.limits is None:
        return
    counts = Counter(cell.rank[0] for cell in cells)
    sign = _SIGNS[scale.limits.direction]
    steps = (("w", 1, "warning", scale.limits.warning), ("c", 2, "critical", scale.limits.critical))
    for level, rank, word, limit in steps:
        if limit is not None:
            yield tag("span", swatch(level), f"{word} {sign} {told(limit)}: ", tag("b", f"{counts[rank]:,}"))


def _legend(parts: list[Markup], cells: Iterable[Cell], differs: bool) -> Markup:
    counted = list(cells)
    without = sum(not cell.level for cell in counted)
    silent = sum(cell.silent for cell in counted)
    if without:
        parts.append(tag("span", swatch(""), "no value: ", tag("b", f"{without:,}")))
    if silent:
        parts.append(tag("span", swatch("1", True), "silent: ", tag("b", f"{silent:,}")))
    if differs:
        parts.append(tag("span", "Some models have limits of their own.", class_="soft"))
    return tag("div", joined(*parts), class_="heat-legend")
