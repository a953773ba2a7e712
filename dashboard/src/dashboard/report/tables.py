"""The rows that a document is made of, read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from dashboard.report.period import Period
from dashboard.stores.away import Missing
from dashboard.stores.reports import Reports
from telemetry.errors import Unavailable

Row = dict[str, Any]
"""Column -> value: numbers, texts, datetimes with their zone, maps as dict; None where it is null."""
SUMMARY, DAILY, HOURLY, SPIKES = "summary", "daily_statistics", "hourly_patterns", "temperature_spikes"
QUALITY, TRENDS, BASELINES, CORRELATIONS = "data_quality", "trends", "baselines", "correlations"
ALL = "all"
"""The GPU that stands for all real ones together."""
LAST = "baselines"
"""The report that the batch makes last of a day: when it is there, so are the others."""
_OF_EACH_DAY = (SUMMARY, DAILY, HOURLY, SPIKES, QUALITY)
_OF_THE_LAST = (TRENDS, BASELINES, CORRELATIONS)
"""What looks back by itself: of a week its last day says it all."""
HISTORY_DAYS = 30
_HISTORY = "history"


@dataclass(frozen=True)
class Tables:
    """Report -> rows, each with its ``date``."""

    period: Period
    days: tuple[date, ...]
    """Those of the period that have been reported."""
    rows: Mapping[str, Sequence[Row]]
    history: Sequence[Row] = ()
    """Of ``summary``: the days up to the end of the period."""
    lacking: tuple[str, ...] = ()
    """Reports that were not made of all of these days: a batch was killed, or is at it."""

    def of(self, report: str, gpu: str) -> Sequence[Row]:
        return self._by_gpu.get((report, gpu), ())

    def history_of(self, gpu: str) -> Sequence[Row]:
        return self._by_gpu.get((_HISTORY, gpu), ())

    def gpus(self) -> list[Row]:
        """A row of ``summary`` per GPU (the last day's), real ones first, each in the order of its name."""
        found = {row["gpu"]: row for row in self.rows[SUMMARY] if row["gpu"] != ALL}
        return sorted(found.values(), key=lambda row: (row["demo"], _natural(row["gpu"])))

    def only(self, gpus: Iterable[str]) -> Tables:
        """Of these GPUs alone; the row ``all`` goes with the others."""
        wanted = set(gpus)
        kept = {report: [row for row in rows if row["gpu"] in wanted] for report, rows in self.rows.items()}
        history = [row for row in self.history if row["gpu"] in wanted]
        return Tables(self.period, self.days, kept, history, self.lacking)

    @cached_property
    def _by_gpu(self) -> Mapping[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for report, rows in (*self.rows.items(), (_HISTORY, self.history)):
            for row in rows:
                found[report, row["gpu"]].append(row)
        return found


def load(reports: Reports, wanted: Period | None, place: str) -> Tables:
    """Of ``wanted``, or of the newest day that has been reported; ``place`` is where the tables are, for a person.

    Raises Unavailable, with what there is and what to do, where nothing of it has been reported."""
    known = [day for table in reports.tables() if table.name == SUMMARY for day in table.dates]
    if not known:
        raise Unavailable(
            f"no reports yet: found nothing in {place}; expected the tables of the nightly batch; "
            "do ./start.sh submit batch (it needs readings in the lake: ./start.sh status)"
        )
    period = wanted or Period(max(known), max(known))
    days = tuple(day for day in period.days if day in known)
    if not days:
        raise Unavailable(
            f"no reports of {period.name}: found those of {_few(known)} in {place}; "
            f"expected some of {period.span}; do ./start.sh submit batch {_span(period)}"
        )
    rows: dict[str, list[Row]] = {}
    lacking: list[str] = []
    for report, of_days in [(each, days) for each in _OF_EACH_DAY] + [(each, days[-1:]) for each in _OF_THE_LAST]:
        rows[report] = []
        for day in of_days:
            try:
                rows[report] += [row | {"date": day} for row in reports.rows(report, day)]
            except Missing:
                lacking.append(f"{report} of {day}")
    if not rows[SUMMARY]:
        raise Unavailable(
            f"the reports of {period.name} are empty: found no row in {place}; expected a row per GPU; "
            f"no reading of {period.span} is in the lake: send some, then ./start.sh submit batch {_span(period)}"
        )
    first = period.last - timedelta(days=HISTORY_DAYS - 1)
    back = [day for day in known if first <= day <= period.last]
    history = [row | {"date": day} for day in back for row in reports.rows(SUMMARY, day)]
    return Tables(period, days, rows, history, tuple(lacking))


def _span(period: Period) -> str:
    return f"--date {period.first}" if period.is_day else f"--from {period.first} --to {period.last}"


def _few(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"


def _natural(gpu: str) -> tuple[str, int, str]:
    host, _, number = gpu.rpartition(":")
    return (host, int(number), "") if number.isdecimal() else (gpu, -1, number)
