"""Readings of whole sessions: written by hand, or what the simulator's cards would log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.gpuz_writer import Header, Row, record
from kafka_producer.simulate.scenarios import SCENARIOS
from telemetry import catalogue
from telemetry.catalogue import Catalogue
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

START = 1_700_000_040 * SECOND
"""A whole minute."""
METRICS: Catalogue = catalogue.load(Path(__file__).parents[2] / "config" / "metrics.yaml")


def session(
    rows: Iterable[tuple[float, Mapping[str, float]]],
    *,
    gpu: str = "local:0",
    model: str | None = None,
    flags: Mapping[int, Mapping[str, str]] | None = None,
) -> Iterator[Reading]:
    """A reading for each (second, metrics); ``flags`` by row."""
    for row, (second, metrics) in enumerate(rows):
        time = START + round(second * SECOND)
        recorded = (datetime(2023, 11, 14, 23, 14, tzinfo=UTC) + timedelta(seconds=int(second))).isoformat(" ")[:19]
        doubts = (flags or {}).get(row, {})
        yield Reading(
            "0123456789abcdef/0", row, "import", time, recorded, gpu, gpu.split(":")[0], "gpuz", model, metrics, doubts
        )


def simulated(card: str, scenario: str, *, rows: int, interval: float = 1.0) -> Iterator[Reading]:
    """What a log of the simulator says, without the detour over its text."""
    names: list[str] = []
    seconds: list[tuple[float, Mapping[str, float]]] = []
    start = datetime(2023, 11, 14, 23, 14)
    for element in record(CARDS[card], SCENARIOS[scenario], seed=1, start=start, rows=rows, interval=interval):
        if isinstance(element, Header):
            names = [METRICS.column("gpuz", column.header).name for column in element.columns]
        elif isinstance(element, Row):
            cells = dict(zip(names, element.cells, strict=True))
            metrics = {name: float(cell) for name, cell in cells.items() if cell != "-"}
            seconds.append(((element.time - start).total_seconds(), metrics))
    return session(seconds)
