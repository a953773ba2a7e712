"""Spans of time, and how the windows that a batch touched become a few of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from telemetry.timestamp import EPOCH


class Span(NamedTuple):
    """``begin`` up to, not with, ``end``, in microseconds UTC."""

    begin: int
    end: int

    def dates(self) -> tuple[date, date]:
        """The first and the last date of UTC in it."""
        return _date(self.begin), _date(self.end - 1)


def covering(starts: Iterable[int], length: int, most: int) -> list[Span]:
    """At most ``most`` spans that hold every window (a start, ``length`` long), and as little else as that allows.

    A straggler gets a span of its own, so that nothing between it and the rest is read.
    """
    ordered = sorted(set(starts))
    if not ordered:
        return []
    holes = [(after - before, place) for place, (before, after) in enumerate(pairwise(ordered))]
    widest = sorted((hole for hole in holes if hole[0] > length), reverse=True)[: most - 1]
    cuts = sorted(place + 1 for _, place in widest)
    edges = zip([0, *cuts], [*cuts, len(ordered)], strict=True)
    return [Span(ordered[first], ordered[last - 1] + length) for first, last in edges]


def _date(microseconds: int) -> date:
    try:
        return (EPOCH + timedelta(microseconds=microseconds)).date()
    except OverflowError:
        # The window of the first or the last instant of time reaches beyond it.
        return date.min if microseconds < 0 else date.max
