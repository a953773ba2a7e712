"""GPU-Z's "Log to file", byte for byte: fixed widths, three spaces after each value, a comma at the end, CRLF, 0xB0.

A log is a stream of elements (a header, rows); quirks change that stream before it becomes text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from kafka_producer.simulate.cards import Card
from kafka_producer.simulate.columns import Column, Sensors
from kafka_producer.simulate.physics import LONGEST_STEP, Machine
from kafka_producer.simulate.scenarios import Scenario
from kafka_producer.simulate.sensor_faults import faulty

ENCODING = "latin-1"
EOL = "\r\n"
DATE_HEADER = "        Date        "
WARM_UP = 1800.0
"""Seconds that pass before the first row, so that a log does not begin with a cold card."""


class Header(NamedTuple):
    """The line that names the columns; every session begins with one."""

    columns: tuple[Column, ...]
    lost: bool = False
    """In force, although the file does not show it."""


class Row(NamedTuple):
    """One moment: the local time and a cell per column, without padding."""

    time: datetime
    cells: list[str]
    timespec: str = "seconds"


class Raw(NamedTuple):
    """A line that is no line of GPU-Z."""

    text: str


Element = Header | Row | Raw


def record(
    card: Card, scenario: Scenario, *, seed: int, start: datetime, rows: int, interval: float
) -> Iterator[Element]:
    """The log of one session: a header and ``rows`` rows, ``interval`` seconds apart. The same seed, the same log."""
    # Random of a text is the same on every machine and in every process, unlike hash().
    machine = Machine(card, Random(f"{seed}/machine"))
    plan = scenario.plan(Random(f"{seed}/plan"))
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    since_midnight = (start - midnight).total_seconds()
    fields = [(Sensors._fields.index(column.sensor), column) for column in card.columns]

    def run(begin: float, end: float, before: Sensors | None) -> Sensors:
        steps = max(1, -int(-(end - begin) // LONGEST_STEP))
        step = (end - begin) / steps
        for number in range(1, steps + 1):
            elapsed = begin + number * step
            demand = plan(elapsed, since_midnight + elapsed)
            sensors = machine.advance(demand, step)
        return faulty(sensors, before, demand)

    yield Header(card.columns)
    sensors = run(-WARM_UP, 0.0, None)
    for number in range(rows):
        if number:
            sensors = run((number - 1) * interval, number * interval, sensors)
        # GPU-Z writes whole seconds, also where its interval is none.
        moment = start + timedelta(seconds=int(number * interval))
        yield Row(moment, [column.text(sensors[field]) for field, column in fields])


def lines(elements: Iterable[Element]) -> Iterator[str]:
    """The text of each element with its line end."""
    widths: list[int] = []
    for element in elements:
        if isinstance(element, Row):
            when = element.time.isoformat(" ", element.timespec)
            cells = [f"{cell}   ".rjust(width) for cell, width in zip(element.cells, widths, strict=True)]
            yield f"{when} ,{','.join(cells)},{EOL}"
        elif isinstance(element, Header):
            widths = [len(column.header) + 2 for column in element.columns]
            if not element.lost:
                yield f"{DATE_HEADER},{','.join(f' {column.header} ' for column in element.columns)},{EOL}"
        else:
            yield element.text + EOL
