"""The anomalies of the lake near a batch, kept in memory, with what is found and not written yet.

An anomaly that goes on moves its end in each batch, and a MERGE in each would cost more than all detectors. So what
only grows waits for a few batches; what is new, worse, gone or imported is written at once, and all that waits with it.
After a kill the stream judges its last batches again (:mod:`spark_jobs.stream`), so nothing that waited is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from spark_jobs.detectors import regions
from spark_jobs.detectors.changes import Changes, Episode, touches
from spark_jobs.detectors.episodes import DAY
from spark_jobs.detectors.regions import Regions
from spark_jobs.spans import Span
from telemetry.timestamp import EPOCH

Read = Callable[[list[Span]], Iterable[Episode]]
"""All anomalies in the lake of the dates (UTC) of the spans."""
_FIRST = EPOCH.toordinal()

HELD_BATCHES = 3
"""What only grows is written with the third batch at the latest: once a minute, by default."""
MOST = 20_000
"""Beyond, the dates that were asked for longest ago are forgotten, but for those of the batch."""


class KnownAnomalies:
    """By date, because an anomaly ends with its own."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._dates: dict[date, dict[str, Episode]] = {}
        self._waiting: dict[str, Episode] = {}
        self._gone: dict[str, Episode] = {}
        self._batches = 0
        self._is_urgent = False

    def near(self, around: Regions, gap: int) -> list[Episode]:
        """Those no further than ``gap`` microseconds away from ``around``."""
        spans = [Span(each.begin - gap, each.end + gap) for spans in around.values() for each in spans]
        wanted = {day for span in spans for day in _days(span)}
        self._load(wanted - self._dates.keys())
        for day in wanted:
            self._dates[day] = self._dates.pop(day)
        found = (each for day in wanted for each in self._dates[day].values())
        return [each for each in found if touches(each.span, around.get(each.gpu, ()), gap)]

    def _load(self, missing: set[date]) -> None:
        self._dates |= {day: {} for day in missing}
        if missing:
            for each in self._read(regions.united(_whole(day) for day in missing)):
                if (day := _day(each)) in missing:
                    self._dates[day][each.id] = each

    def take(self, found: Changes) -> None:
        """What a batch changed; its dates have been asked for."""
        for each in found.gone:
            del self._dates[_day(each)][each.id]
            self._waiting.pop(each.id, None)
            self._gone[each.id] = each
        for each in found.written:
            before = self._dates[_day(each)].get(each.id)
            self._is_urgent |= before is None or before.rank != each.rank or each.mode == "import"
            self._dates[_day(each)][each.id] = each
            self._waiting[each.id] = each
            self._gone.pop(each.id, None)
        self._is_urgent |= bool(found.gone)

    def end_batch(self) -> bool:
        """Whether it is time to write what waits."""
        self._batches += bool(self._waiting or self._gone)
        return self._is_urgent or self._batches >= HELD_BATCHES

    def waiting(self) -> Changes:
        """What must be written, and taken back."""
        return Changes(sorted(self._waiting.values()), sorted(self._gone.values()))

    def written(self) -> None:
        """All that waited stands in the lake."""
        self._waiting.clear()
        self._gone.clear()
        self._batches, self._is_urgent = 0, False
        total = sum(map(len, self._dates.values()))
        for day in list(self._dates)[:-1]:
            if total <= MOST:
                break
            total -= len(self._dates.pop(day))


def _day(anomaly: Episode) -> date:
    return anomaly.span.dates()[0]


def _days(span: Span) -> Iterator[date]:
    first, last = span.dates()
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))


def _whole(day: date) -> Span:
    begin = (day.toordinal() - _FIRST) * DAY
    return Span(begin, begin + DAY)
