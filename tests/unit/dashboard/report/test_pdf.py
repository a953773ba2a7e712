"""The PDF says what the page says, is the same each time, and needs no font of the reader's machine."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import pytest

from dashboard.report import period, tables
from dashboard.report.build import Style, document
from dashboard.report.content import Document, Table
from dashboard.report.pdf import pdf
from support.report_rows import DEMO, DESK, LAST, MadeUp
from telemetry import catalogue

PLACE = "/gpu-analytics on nowhere"
CATALOGUE = catalogue.load(Path(__file__).parents[4] / "config" / "metrics.yaml")
STREAM = re.compile(rb"/ASCII85Decode /FlateDecode \].*?stream\n(.*?)~>endstream", re.DOTALL)


def made(wanted: str, reports: MadeUp | None = None) -> Document:
    which = period.day(wanted) if "W" not in wanted else period.week(wanted)
    return document(tables.load(reports or MadeUp(), which, PLACE), CATALOGUE, Style("UTC", "EUR"))


def words_of(content: bytes) -> str:
    """All text that is drawn, in its order."""
    pages = [zlib.decompress(base64.a85decode(found)) for found in STREAM.findall(content)]
    drawn = re.findall(rb"\(((?:\\.|[^()\\])*)\) Tj", b"\n".join(pages))
    unescaped = [re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), each) for each in drawn]
    text = b" ".join(re.sub(rb"\\(.)", rb"\1", each) for each in unescaped).decode("cp1252")
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("wanted", ["2026-11-22", "2026-W47"])
def test_every_cell_and_finding_stands_on_paper(wanted: str) -> None:
    found = made(wanted)
    words = words_of(pdf(found))
    for chapter in found.chapters:
        for finding in chapter.findings:
            assert finding.text in words
        for section in chapter.sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    for row in block.rows:
                        for cell in row:
                            assert cell.text in words


def test_same_document_is_the_same_file_and_small() -> None:
    once, again = pdf(made("2026-11-22")), pdf(made("2026-11-22"))
    assert once == again
    assert once.startswith(b"%PDF-")
    assert len(once) < 500_000


def test_names_that_no_western_font_has_do_no_harm() -> None:
    class Foreign(MadeUp):
        def rows(self, name: str, day: object) -> list[dict[str, object]]:
            rows = super().rows(name, LAST)
            return [row | ({"metric": "温度"} if row.get("metric") == "odd_sensor" else {}) for row in rows]

    assert "??" in words_of(pdf(made("2026-11-22", Foreign(gpus=[DESK, DEMO]))))
