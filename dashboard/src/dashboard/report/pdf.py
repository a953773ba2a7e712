"""The document as a PDF for paper and mail: the same blocks as html.py, in the same order."""

from __future__ import annotations

import io
from collections.abc import Iterator
from html import escape

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as Grid

from dashboard.report.content import (
    WORDS,
    Bars,
    Block,
    Cell,
    Chapter,
    Document,
    Finding,
    HeatMap,
    Lines,
    Note,
    Scatter,
    Section,
    Strip,
    Table,
    Tile,
)
from dashboard.report.pdf_figures import (
    GRID,
    INK,
    SOFT,
    TONES,
    BarsPicture,
    HeatPicture,
    LinesPicture,
    ScatterPicture,
    StripPicture,
)

_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_BASE = ParagraphStyle("base", fontName="Helvetica", fontSize=9, leading=12.5, textColor=INK)
_TITLE = ParagraphStyle("title", _BASE, fontName="Helvetica-Bold", fontSize=20, leading=24)
_WHEN = ParagraphStyle("when", _BASE, textColor=SOFT, spaceAfter=4)
_LEAD = ParagraphStyle("lead", _BASE, fontSize=11, leading=15, spaceAfter=8)
_CHAPTER = ParagraphStyle("chapter", _BASE, fontName="Helvetica-Bold", fontSize=14, leading=18, spaceBefore=14)
_SECTION = ParagraphStyle("section", _BASE, fontName="Helvetica-Bold", fontSize=10.5, leading=14, spaceBefore=10)
_NOTE = ParagraphStyle("note", _BASE, fontSize=8, leading=10.5, textColor=SOFT, spaceBefore=2)
_CELL = ParagraphStyle("cell", _BASE, fontSize=8, leading=10)
_NUMBER = ParagraphStyle("number", _CELL, alignment=TA_RIGHT)
_BIG = ParagraphStyle("big", _BASE, fontName="Helvetica-Bold", fontSize=12, leading=15)


def pdf(document: Document) -> bytes:
    """The same bytes of the same document."""
    out = io.BytesIO()
    made = BaseDocTemplate(
        out, pagesize=A4, title=_plain(document.title), author="gpustream", invariant=1,
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
    )  # fmt: skip
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)

    def foot(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFont("Helvetica", 7.5)
        canvas.setFillColor(SOFT)
        canvas.drawString(_MARGIN, 9 * mm, _plain(document.title))
        canvas.drawRightString(A4[0] - _MARGIN, 9 * mm, str(canvas.getPageNumber()))

    made.addPageTemplates(PageTemplate("page", frame, onPage=foot))
    made.build(list(_story(document)))
    return out.getvalue()


def _story(document: Document) -> Iterator[Flowable]:
    yield Paragraph(_text(document.title), _TITLE)
    yield Paragraph(_text(document.subtitle), _WHEN)
    yield Paragraph(_text(document.lead), _LEAD)
    for chapter in document.chapters:
        yield from _chapter(chapter)
    yield Paragraph(_text(document.footer), _NOTE)


def _chapter(chapter: Chapter) -> Iterator[Flowable]:
    # A heading with nothing of its own beneath it would be left at the foot of a page.
    yield CondPageBreak(50 * mm)
    mark = " (demonstration)" if chapter.is_demo and chapter.anchor != "demonstration" else ""
    yield Paragraph(_text(chapter.title + mark), _CHAPTER)
    if chapter.subtitle:
        yield Paragraph(_text(chapter.subtitle), _WHEN)
    if chapter.tiles:
        yield _tiles(chapter.tiles)
    if chapter.findings:
        yield Spacer(1, 4)
        yield _findings(chapter.findings)
    for section in chapter.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[Flowable]:
    first, *rest = [flowable for block in section.blocks for flowable in _block(block)]
    yield KeepTogether([Paragraph(_text(section.title), _SECTION), Spacer(1, 3), first])
    for flowable in rest:
        yield Spacer(1, 5)
        yield flowable


def _block(block: Block) -> list[Flowable]:
    match block:
        case Table():
            note = [Paragraph(_text(block.note), _NOTE)] if block.note else []
            return [_table(block), *note]
        case Lines():
            return [LinesPicture(block)]
        case HeatMap():
            return [HeatPicture(block)]
        case Scatter():
            return [ScatterPicture(block), Paragraph(_text(block.note), _NOTE)]
        case Strip():
            return [StripPicture(block)]
        case Bars():
            return [BarsPicture(block)]
        case Note():
            return [Paragraph(_text(block.text), _NOTE)]


def _tiles(tiles: tuple[Tile, ...]) -> Flowable:
    cells = [[Paragraph(_text(tile.big.text), _BIG), Paragraph(_text(tile.small), _NOTE)] for tile in tiles]
    grid = Grid([cells], colWidths=[_WIDTH / len(tiles)] * len(tiles))
    grid.setStyle(TableStyle([("BOX", (n, 0), (n, 0), 0.6, GRID) for n in range(len(tiles))]))
    return grid


def _findings(findings: tuple[Finding, ...]) -> Flowable:
    rows = [
        [Paragraph(f"<b>{WORDS[each.tone]}</b>", _coloured(TONES[each.tone])), Paragraph(_text(each.text), _CELL)]
        for each in findings
    ]
    grid = Grid(rows, colWidths=[14 * mm, _WIDTH - 14 * mm])
    grid.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]))
    grid.setStyle(
        TableStyle([("LINEBEFORE", (0, n), (0, n), 2.5, TONES[each.tone]) for n, each in enumerate(findings)])
    )
    return grid


def _table(table: Table) -> Flowable:
    numbers = [column.is_number for column in table.columns]
    head = [Paragraph(f"<b>{_text(each.title)}</b>", _style(each.is_number, SOFT)) for each in table.columns]
    body = [[_cell(cell, is_number) for cell, is_number in zip(row, numbers, strict=True)] for row in table.rows]
    # Names take the room that numbers leave.
    weights = [1.0 if is_number else 1.9 for is_number in numbers]
    grid = Grid([head, *body], colWidths=[_WIDTH * weight / sum(weights) for weight in weights], repeatRows=1)
    grid.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, SOFT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, GRID),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return grid


def _cell(cell: Cell, is_number: bool) -> Flowable:
    colour = INK if cell.tone == "plain" else TONES[cell.tone]
    return Paragraph(_text(cell.text), _style(is_number, colour))


def _style(is_number: bool, colour: Color) -> ParagraphStyle:
    return ParagraphStyle("of", _NUMBER if is_number else _CELL, textColor=colour)


def _coloured(colour: Color) -> ParagraphStyle:
    return ParagraphStyle("word", _CELL, textColor=colour)


def _text(text: str) -> str:
    return escape(_plain(text), quote=False)


def _plain(text: str) -> str:
    # The fonts that every reader has know Western letters; a sensor may be called otherwise.
    return text.encode("cp1252", errors="replace").decode("cp1252")
