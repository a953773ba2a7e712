"""GPU-Z's format, byte for byte: against real logs where they are, and by its rules everywhere."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.columns import Column
from kafka_producer.simulate.gpuz_writer import DATE_HEADER, Element, Header, Row, lines, record
from kafka_producer.simulate.quirk_bytes import as_written
from kafka_producer.simulate.scenarios import SCENARIOS

REAL_LOGS = Path(__file__).parents[4].parent / "shared" / "gpuz" / "logs"
WELL_FORMED = (
    "geforce-2016-failed-reads.txt",
    "geforce-2016-short.txt",
    "geforce-2021-two-6pin.txt",
    "geforce-2023-thirty-columns.txt",
    "geforce-2024-pwr-src.txt",
)


def written(card: str, rows: int = 20) -> bytes:
    elements = record(CARDS[card], SCENARIOS["gaming"], seed=1, start=datetime(2026, 1, 15), rows=rows, interval=1.0)
    return b"".join(as_written(lines(elements)))


@pytest.mark.parametrize("card", CARDS)
def test_log_has_the_shape_of_gpu_z(card: str) -> None:
    *rows, rest = written(card).split(b"\r\n")
    assert rest == b""
    assert rows[0].startswith(DATE_HEADER.encode() + b", ")
    header = rows[0].split(b",")
    assert len(rows) == 21
    for row in rows[1:]:
        cells = row.split(b",")
        assert re.fullmatch(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", cells[0])
        assert cells[-1] == b""
        assert [len(cell) for cell in cells] == [len(name) for name in header]
        assert all(cell.endswith(b"   ") for cell in cells[1:-1])


def test_degree_sign_is_one_byte() -> None:
    text = written("rtx-3080")
    assert b"[\xb0C]" in text
    assert b"\xc2" not in text


def test_times_are_whole_seconds_whatever_the_interval() -> None:
    elements = record(CARDS["gtx-970"], SCENARIOS["idle"], seed=1, start=datetime(2026, 1, 15), rows=6, interval=2.5)
    assert [element.time.second for element in elements if isinstance(element, Row)] == [0, 2, 5, 7, 10, 12]


@pytest.mark.skipif(not REAL_LOGS.is_dir(), reason="no real logs beside this checkout")
@pytest.mark.parametrize("name", WELL_FORMED)
def test_writer_writes_what_gpu_z_wrote(name: str) -> None:
    raw = (REAL_LOGS / name).read_bytes()
    original = [line for line in raw.split(b"\r\n") if line][:400]
    assert list(as_written(lines(_elements(original)))) == [line + b"\r\n" for line in original]


def _elements(rows: list[bytes]) -> list[Element]:
    elements: list[Element] = []
    for row in rows:
        when, *cells, _ = (cell.strip() for cell in row.decode("latin-1").split(","))
        if when == "Date":
            elements.append(Header(tuple(Column(cell, "unsupported", 0) for cell in cells)))
        else:
            elements.append(Row(datetime.fromisoformat(when), cells))
    return elements
