"""The document as one HTML file that needs nothing else: no script, no request, light and dark, phone and paper."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from dashboard.report import svg
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
)

# The page may use its own style and nothing else, whatever a sensor is called.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(document: Document) -> str:
    styles = (files("dashboard").joinpath("card.css"), files("dashboard.report").joinpath("report.css"))
    style = "".join(each.read_text(encoding="utf-8") for each in styles)
    chapters = "".join("".join(_chapter(chapter)) for chapter in document.chapters)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(document.title)}</title>\n<style>\n{style}</style></head>\n<body>\n<main>"
        f'<header><h1>{escape(document.title)}</h1><p class="when">{escape(document.subtitle)}</p>'
        f'<p class="lead">{escape(document.lead)}</p></header>\n{_contents(document)}{chapters}</main>\n'
        f"<footer>{escape(document.footer)}</footer>\n</body></html>\n"
    )


def _contents(document: Document) -> str:
    if len(document.chapters) < 3:
        return ""
    links = "".join(f'<li><a href="#{each.anchor}">{escape(each.title)}</a></li>' for each in document.chapters[1:])
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'


def _chapter(chapter: Chapter) -> Iterator[str]:
    demo = ' <span class="demo">demonstration</span>' if chapter.is_demo and chapter.anchor != "demonstration" else ""
    yield f'<article id="{chapter.anchor}"><h2>{escape(chapter.title)}{demo}</h2>'
    if chapter.subtitle:
        yield f'<p class="when">{escape(chapter.subtitle)}</p>'
    if chapter.tiles:
        tiles = (
            f'<div class="tile"><b>{_number(tile.big)}</b><span>{escape(tile.small)}</span></div>'
            for tile in chapter.tiles
        )
        yield f'<div class="tiles">{"".join(tiles)}</div>\n'
    if chapter.findings:
        yield f'<ul class="findings">{"".join(_finding(each) for each in chapter.findings)}</ul>\n'
    for section in chapter.sections:
        yield _section(section)
    yield "</article>\n"


def _finding(finding: Finding) -> str:
    return f'<li class="{finding.tone}"><b>{WORDS[finding.tone]}</b><span>{escape(finding.text)}</span></li>'


def _section(section: Section) -> str:
    blocks = "".join(_block(block) for block in section.blocks)
    return f"<section><h3>{escape(section.title)}</h3>{blocks}</section>\n"


def _block(block: Block) -> str:
    match block:
        case Table():
            return _table(block)
        case Lines():
            return svg.lines(block)
        case HeatMap():
            return svg.heat_map(block)
        case Scatter():
            return svg.scatter(block)
        case Strip():
            return svg.strip(block)
        case Bars():
            return svg.bars(block)
        case Note():
            return f'<p class="note">{escape(block.text)}</p>'


def _table(table: Table) -> str:
    looks = [
        " ".join(word for word, holds in (("n", column.is_number), ("optional", column.is_optional)) if holds)
        for column in table.columns
    ]
    head = "".join(
        f'<th class="{look}" scope="col">{escape(column.title)}</th>'
        for column, look in zip(table.columns, looks, strict=True)
    )
    rows = "".join(
        f"<tr>{''.join(_cell(cell, look) for cell, look in zip(row, looks, strict=True))}</tr>" for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="wide"><table data-report="{table.name}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}"
    )


def _cell(cell: Cell, look: str) -> str:
    tone = "" if cell.tone == "plain" else f" {cell.tone}"
    bar = ""
    if cell.bar is not None:
        bar = f'<i class="bar" style="width:{100 * cell.bar:.0f}%"></i>'
    return f'<td class="{look}{tone}">{bar}{_number(cell)}</td>'


def _number(cell: Cell) -> str:
    """What is shown, and beside it, for programs, the number as the table has it."""
    if cell.value is None:
        return escape(cell.text)
    return f'<data value="{cell.value!r}">{escape(cell.text)}</data>'
