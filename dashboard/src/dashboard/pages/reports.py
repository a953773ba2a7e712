"""Reports: the pages and the tables of the nightly batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from nicegui import ui

from dashboard.card_words import counted, number
from dashboard.pages import frame, notices
from dashboard.pages.console import Console
from dashboard.pages.figures import Figures
from dashboard.pages.frame import Visit
from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import moment
from dashboard.stores.reports import Document, ReportTable
from telemetry.errors import GpustreamError, Unavailable

_MOST_ROWS = 200
_MOST_DOCUMENTS = 30


def add(console: Console) -> None:
    @frame.page(console, "/reports", "reports", "Reports")
    async def reports(visit: Visit) -> None:
        frame.Head("Reports", "What the nightly batch found, as pages to read and as tables to take along.")
        troubles: list[Unavailable] = []
        documents: list[Document] = []
        tables: list[ReportTable] = []
        try:
            documents = await asyncio.to_thread(console.stores.reports.documents)
            tables = await asyncio.to_thread(console.stores.reports.tables)
        except Unavailable as error:
            troubles.append(error)
        if troubles:
            ui.html(notices.away(troubles[0]), sanitize=False)
        elif not documents and not tables:
            text = "The batch runs each night, and after an import of many readings. It can be asked to run now."
            do = notices.code("./start.sh submit")
            ui.html(notices.empty("reports", "No report yet", text, do), sanitize=False).classes("panel")
        if documents:
            await _show_document(visit, documents)
        if tables:
            await _tables(visit, tables)


async def _show_document(visit: Visit, documents: Sequence[Document]) -> None:
    console = visit.console
    pages = [each for each in documents if each.name.endswith(".html")]
    if not pages:
        return
    shown = next((each for each in pages if each.name == visit.query("document")), pages[0])
    printed = {each.name for each in documents} & {shown.name.removesuffix(".html") + ".pdf"}
    try:
        content = await asyncio.to_thread(console.stores.reports.document, shown.name)
    except GpustreamError as error:
        ui.html(tag("p", str(error), class_="panel"), sanitize=False)
        return
    text = content.decode("utf-8", "replace")
    ui.html(_documents(pages, shown, text, next(iter(printed), None), console.now()), sanitize=False)


def _documents(documents: Sequence[Document], shown: Document, text: str, pdf: str | None, now: int) -> Markup:
    links = [
        tag(
            "a",
            each.name.removesuffix(".html"),
            href=f"/reports?document={quote(each.name)}",
            aria_current="page" if each is shown else None,
        )
        for each in documents[:_MOST_DOCUMENTS]
    ]
    address = "/api/v1/report-documents/"
    inside = icon("download", 16), "PDF"
    head = tag(
        "div",
        tag("span", "Written ", moment(shown.written, now), class_="soft small"),
        tag(
            "span",
            tag("a", *inside, href=address + quote(pdf), class_="small", download=True) if pdf else None,
            tag("a", "On a page of its own", href=address + quote(shown.name), target="_blank", class_="small"),
            class_="row-of",
        ),
        class_="panel-head",
    )
    page = notices.framed(text, shown.name)
    return tag(
        "section", tag("nav", *links, class_="tabs scroll", aria_label="Documents"), head, page, class_="documents"
    )


async def _tables(visit: Visit, tables: list[ReportTable]) -> None:
    table = next((each for each in tables if each.name == visit.query("table")), tables[0])
    day = _day(visit.query("day"), table)
    with ui.element("section").classes("panel"):
        with ui.element("div").classes("panel-head"):
            ui.html("Tables", tag="h2", sanitize=False)
            with ui.element("div").classes("row-of"):
                names = {each.name: each.name.replace("_", " ") for each in tables}
                choice = ui.select(names, value=table.name, label="Report").props("outlined dense options-dense")
                choice.classes("gpu-choice").on_value_change(
                    lambda event: ui.navigate.to(f"/reports?table={event.value}")
                )
                if day is not None:
                    days = [each.isoformat() for each in reversed(table.dates)]
                    dates = ui.select(days, value=day.isoformat(), label="Day").props("outlined dense options-dense")
                    dates.on_value_change(
                        lambda event: ui.navigate.to(f"/reports?table={table.name}&day={event.value}")
                    )
                    ui.html(_files(table.name, day), sanitize=False)
        if day is None:
            ui.html(
                notices.empty("reports", "No day yet", "The batch has not made it for a day.", slim=True),
                sanitize=False,
            )
            return
        try:
            rows = await asyncio.to_thread(visit.console.stores.reports.rows, table.name, day)
        except GpustreamError as error:
            words = notices.away(error) if isinstance(error, Unavailable) else tag("p", str(error))
            ui.html(words, sanitize=False)
            return
        ui.html(_table(rows, visit.console.figures), sanitize=False)


def _day(text: str, table: ReportTable) -> date | None:
    named = next((each for each in table.dates if each.isoformat() == text), None)
    return named or (table.dates[-1] if table.dates else None)


def _files(name: str, day: date) -> Markup:
    href = f"/api/v1/reports/{quote(name)}/{day.isoformat()}?format=parquet"
    return tag("a", icon("download", 16), "Parquet", href=href, class_="export", download=True)


def _table(rows: list[dict[str, Any]], figures: Figures) -> Markup:
    if not rows:
        return notices.empty("reports", "Nothing to tell of that day", "The table is there, and empty.", slim=True)
    names = list(rows[0])
    numbers = {name for name in names if any(_is_number(row[name]) for row in rows)}
    columns = tag("tr", *(tag("th", name.replace("_", " "), class_="n" if name in numbers else None) for name in names))
    lines = [
        tag(
            "tr",
            *(tag("td", _cell(name, row[name], figures), class_="n" if name in numbers else None) for name in names),
        )
        for row in rows[:_MOST_ROWS]
    ]
    more = len(rows) - _MOST_ROWS
    note = tag("p", f"And {counted(more, 'row')} more: the file has all.", class_="soft small") if more > 0 else None
    return joined(tag("div", tag("table", columns, *lines), class_="scroll"), note)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(name: str, value: Any, figures: Figures) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value, 0 if value == int(value) and abs(value) >= 1000 else 2)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_cell(name, each, figures)}" for key, each in value.items()) or "–"
    if isinstance(value, list):
        return " ".join(_cell(name, each, figures) for each in value) or "–"
    return figures.label(str(value)) if name == "metric" else str(value)
