"""The truth of a simulated log as a table: what should be found, and when. For `evaluate anomalies`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from io import StringIO

from kafka_producer.simulate.scenarios import Scenario

HEADER = ("gpu", "kind", "metric", "start", "end")


def table(scenario: Scenario, *, gpu: str, start: datetime, duration: float) -> str:
    """CSV; times as the log has them, local and without a zone."""
    return lines(_rows(scenario, gpu, start, duration))


def lines(rows: Iterable[tuple[str, ...]]) -> str:
    """The table whose ``rows`` are in the order of HEADER."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    return text.getvalue()


def _rows(scenario: Scenario, gpu: str, start: datetime, duration: float) -> Iterator[tuple[str, ...]]:
    for truth in scenario.truth(duration):
        begin, end = (start + timedelta(seconds=moment) for moment in (truth.begin, truth.end))
        yield gpu, truth.kind, truth.metric, begin.isoformat(" ", "seconds"), end.isoformat(" ", "seconds")
