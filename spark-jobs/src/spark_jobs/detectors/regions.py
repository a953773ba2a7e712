"""Which windows a batch may have changed the judgement of, per GPU."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from spark_jobs.detectors.series import follows, look_back
from spark_jobs.spans import Span
from telemetry.timestamp import SECOND

Regions = Mapping[str, Sequence[Span]]
"""GPU -> spans, rising and apart, in which a window begins whose judgement is asked for."""


def of_touched(touched: Iterable[tuple[str, int]], seconds: int) -> Regions:
    """``touched``: (gpu, start in microseconds) of the windows of ``seconds``.

    A window changes the judgement of those whose look-back reaches it, and closes those before it.
    """
    before, after = follows(seconds) * SECOND, (seconds + look_back(seconds)) * SECOND
    around: dict[str, list[Span]] = defaultdict(list)
    for gpu, start in touched:
        around[gpu].append(Span(start - before, start + after))
    return {gpu: united(spans) for gpu, spans in around.items()}


def with_episodes(regions: Regions, episodes: Iterable[tuple[str, Span]]) -> Regions:
    """And every window of these episodes, because what remains of them must be judged as a whole."""
    around = {gpu: list(spans) for gpu, spans in regions.items()}
    for gpu, span in episodes:
        around[gpu].append(span)
    return {gpu: united(spans) for gpu, spans in around.items()}


def united(spans: Iterable[Span]) -> list[Span]:
    """The same instants as spans that do not touch, rising."""
    apart: list[Span] = []
    for span in sorted(spans):
        if apart and span.begin <= apart[-1].end:
            apart[-1] = Span(apart[-1].begin, max(apart[-1].end, span.end))
        else:
            apart.append(span)
    return apart


def widened(spans: Iterable[Span], before: int, after: int) -> list[Span]:
    """Each longer by so many microseconds, united."""
    return united(Span(span.begin - before, span.end + after) for span in spans)


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The instants of ``spans`` that are in none of ``others``."""
    gone, left, place = united(others), [], 0
    for span in united(spans):
        begin = span.begin
        while place < len(gone) and gone[place].end <= begin:
            place += 1
        # The last one may reach into the next span, too.
        for other in islice(gone, place, None):
            if other.begin >= span.end:
                break
            if other.begin > begin:
                left.append(Span(begin, other.begin))
            begin = max(begin, other.end)
        if begin < span.end:
            left.append(Span(begin, span.end))
    return left


def inside(spans: Sequence[Span], others: Iterable[Span]) -> list[Span]:
    """The instants of ``spans`` that are in one of ``others``."""
    return without(spans, without(spans, others))


def holds(spans: Sequence[Span], moment: int) -> bool:
    """Whether ``moment`` is in one of ``spans``, which rise and are apart."""
    place = bisect_right(spans, moment, key=lambda span: span.begin)
    return place > 0 and moment < spans[place - 1].end


def fewest(regions: Regions, most: int) -> list[Span]:
    """At most ``most`` spans that hold those of all GPUs; where there are more, the nearest are one."""
    apart = united(span for spans in regions.values() for span in spans)
    holes = sorted(
        ((apart[place + 1].begin - apart[place].end, place) for place in range(len(apart) - 1)), reverse=True
    )
    cuts = sorted(place + 1 for _, place in holes[: most - 1])
    edges = zip([0, *cuts], [*cuts, len(apart)], strict=True)
    return [Span(apart[first].begin, apart[last - 1].end) for first, last in edges if last > first]
