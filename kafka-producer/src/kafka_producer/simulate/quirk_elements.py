"""Quirks of sessions, rows and values: each takes the elements of a log and gives them back with its fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from kafka_producer.simulate.columns import Column
from kafka_producer.simulate.gpuz_writer import Element, Header, Raw, Row


class Log(NamedTuple):
    """What a quirk knows of the log that it spoils."""

    rows: int
    interval: float
    random: Random

    def at(self, share: float) -> int:
        """The row at this share of the log."""
        return int(self.rows * share)


ElementQuirk = Callable[[Iterable[Element], Log], Iterator[Element]]

_HOST = frozenset({"cpu_temperature", "system_memory"})
# A failed read does not mark these: GPU-Z writes zeros that look like values.
_ZERO_WHEN_FAILED = frozenset(
    {"temperature", "hot_spot", "memory_temperature", "memory_used", "memory_borrowed", "perfcap", "core_voltage"}
)
_LEFT_OUT = frozenset({"video_load", "bus_load", "supply_voltage", "memory_power"})
_NEVER_SUPPORTED = frozenset({"fan1_rpm", "fan2_rpm", "power_of_limit"})


def _columns(elements: Iterable[Element]) -> Iterator[tuple[Element, tuple[Column, ...], int]]:
    """(element, the columns in force, number of the row or -1)."""
    columns: tuple[Column, ...] = ()
    number = -1
    for element in elements:
        if isinstance(element, Header):
            columns = element.columns
        if isinstance(element, Row):
            number += 1
            yield element, columns, number
        else:
            yield element, columns, -1


def repeated_header(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """GPU-Z is restarted twice and appends; the second time it is closed before its first row."""
    for element, columns, number in _columns(elements):
        if number == log.at(0.4):
            yield Header(columns)
        if number == log.at(0.7):
            yield Header(columns)
            yield Header(columns)
        yield element


def layout_change(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """The user unticks some sensors and restarts GPU-Z; what remains stands in another order."""
    keep: list[int] = []
    for element, columns, number in _columns(elements):
        if number == log.at(0.5):
            keep = [index for index, column in enumerate(columns) if column.sensor not in _LEFT_OUT]
            keep = keep[:2] + keep[:1:-1]
            yield Header(tuple(columns[index] for index in keep))
        if keep and isinstance(element, Row):
            yield element._replace(cells=[element.cells[index] for index in keep])
        else:
            yield element


def no_header_first(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """The head of the file is lost: rows stand before the first header."""
    began = False
    for element, columns, number in _columns(elements):
        if number == log.at(0.3):
            yield Header(columns)
        first = isinstance(element, Header) and not began
        began = began or number >= 0
        yield element._replace(lost=True) if first and isinstance(element, Header) else element


def no_header(elements: Iterable[Element], _log: Log) -> Iterator[Element]:
    """A piece of a log without any header."""
    for element in elements:
        yield element._replace(lost=True) if isinstance(element, Header) else element


def duplicate_column(elements: Iterable[Element], _log: Log) -> Iterator[Element]:
    """Two columns of one name with different values, as AMD cards have `UVD Clock`."""
    for element, columns, _ in _columns(elements):
        if isinstance(element, Header):
            yield Header((*columns[:2], columns[1], *columns[2:]))
        elif isinstance(element, Row):
            second = columns[1].text(float(element.cells[1]) * 0.97)
            yield element._replace(cells=[*element.cells[:2], second, *element.cells[2:]])
        else:
            yield element


def unknown_column(elements: Iterable[Element], _log: Log) -> Iterator[Element]:
    """Sensors that no catalogue knows, one with a unit of its own, one without any."""
    extra = (Column("Flux Capacitor (Left) [GJ]", "unsupported", 2), Column("Coil Whine", "unsupported", 0))
    for element, columns, number in _columns(elements):
        if isinstance(element, Header):
            yield Header((*columns, *extra))
        elif isinstance(element, Row):
            yield element._replace(cells=[*element.cells, extra[0].text(1.21 + number / 100), str(number % 7)])
        else:
            yield element


def failed_read(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """The driver does not answer for some rows: most cells `-`, some zeros that look real, the host's values valid."""
    for element, columns, number in _columns(elements):
        if isinstance(element, Row) and log.at(0.4) <= number < log.at(0.4) + 5:
            yield element._replace(
                cells=[_failed(column, cell) for column, cell in zip(columns, element.cells, strict=True)]
            )
        else:
            yield element


def _failed(column: Column, cell: str) -> str:
    if column.sensor in _HOST:
        return cell
    return column.text(0.0) if column.sensor in _ZERO_WHEN_FAILED else "-"


def dash(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """Single sensors give nothing for a row, the others go on."""
    for element in elements:
        if isinstance(element, Row) and log.random.random() < 0.15:
            lost = set(log.random.sample(range(len(element.cells)), k=3))
            yield element._replace(cells=["-" if n in lost else cell for n, cell in enumerate(element.cells)])
        else:
            yield element


def lone_zero(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """One row reads 0.0 °C, another 0.0000 V, without any mark of a failed read."""
    lies = {log.at(0.35): "temperature", log.at(0.65): "core_voltage"}
    for element, columns, number in _columns(elements):
        if isinstance(element, Row) and number in lies:
            cells = [
                column.text(0.0) if column.sensor == lies[number] else cell
                for column, cell in zip(columns, element.cells, strict=True)
            ]
            yield element._replace(cells=cells)
        else:
            yield element


def constant_zero(elements: Iterable[Element], _log: Log) -> Iterator[Element]:
    """Sensors that the card does not support read 0 for ever: fan speed and share of the power limit."""
    for element, columns, _ in _columns(elements):
        if isinstance(element, Row):
            cells = [
                column.text(0.0) if column.sensor in _NEVER_SUPPORTED else cell
                for column, cell in zip(columns, element.cells, strict=True)
            ]
            yield element._replace(cells=cells)
        else:
            yield element


def sub_second(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """Times with milliseconds."""
    for element in elements:
        if isinstance(element, Row):
            late = timedelta(milliseconds=log.random.randrange(1, 900))
            yield element._replace(time=element.time + late, timespec="milliseconds")
        else:
            yield element


def duplicate_timestamps(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """Every eighth row carries the time of the row before it; every third of those its values, too."""
    previous: Row | None = None
    for element, _, number in _columns(elements):
        if not isinstance(element, Row):
            yield element
            continue
        row = element
        if previous is not None and number % 8 == 7:
            row = previous if number % 24 == 23 else row._replace(time=previous.time)
        yield row
        previous = row


def dst_back(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """Summer time ends: at 03:00 (or half way, where the log does not reach it) the clock goes back one hour."""
    return _shifted(elements, log, hour=3, by=timedelta(hours=-1))


def dst_forward(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """Summer time begins: at 02:00 (or half way, where the log does not reach it) the clock goes forward one hour."""
    return _shifted(elements, log, hour=2, by=timedelta(hours=1))


def _shifted(elements: Iterable[Element], log: Log, *, hour: int, by: timedelta) -> Iterator[Element]:
    change: datetime | None = None
    for element in elements:
        if not isinstance(element, Row):
            yield element
            continue
        if change is None:
            length = timedelta(seconds=log.rows * log.interval)
            change = element.time.replace(hour=hour, minute=0, second=0, microsecond=0)
            if not element.time < change < element.time + length:
                change = element.time + length / 2
        yield element._replace(time=element.time + by) if element.time >= change else element


def gap(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """The machine sleeps for four hours, and the log goes on in the same session."""
    for element, _, number in _columns(elements):
        late = isinstance(element, Row) and number >= log.at(0.66)
        yield element._replace(time=element.time + timedelta(hours=4)) if late and isinstance(element, Row) else element


def interval_change(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """Half way the user sets another refresh: rows two and a half times as far apart, in whole seconds."""
    half = log.at(0.5)
    for element, _, number in _columns(elements):
        if isinstance(element, Row) and number > half:
            more = int((number - half) * log.interval * 1.5)
            yield element._replace(time=element.time + timedelta(seconds=more))
        else:
            yield element


def bad_rows(elements: Iterable[Element], log: Log) -> Iterator[Element]:
    """Lines that are no readings: torn, too long, a word for a number, a date that does not exist, chatter."""
    for element, _, number in _columns(elements):
        if isinstance(element, Row) and number == log.at(0.5):
            when = element.time.isoformat(" ")
            cells = element.cells
            yield Raw(f"{when} , {cells[0]}   , {cells[1]}")
            yield Raw(f"{when} ,{','.join(f' {cell}   ' for cell in [*cells, *cells])},")
            yield Raw(f"{when} ,{','.join(f' {cell}   ' for cell in ['hot', *cells[1:]])},")
            yield Raw(f"2026-02-30 25:61:00 ,{','.join(f' {cell}   ' for cell in cells)},")
            yield Raw("Logging was stopped by the user.")
            yield Raw("")
        yield element
