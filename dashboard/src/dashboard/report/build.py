"""The report tables of a period to its document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.card_words import clean, cost, counted, energy, listing, number
from dashboard.report import cells, figures, findings, gpu
from dashboard.report.cells import unit_of
from dashboard.report.content import Block, Cell, Chapter, Column, Document, Finding, Note, Section, Table
from dashboard.report.period import Hours
from dashboard.report.tables import ALL, SUMMARY, Row, Tables
from telemetry.catalogue import Catalogue

MOST_OF_A_DAY, MOST_OF_A_WEEK = 24, 8
"""GPUs in detail, those that need attention most, so that a page stays below 2 MB. All are compared."""
_MOST_FINDINGS = 12


class Style(NamedTuple):
    """What of the settings a document shows."""

    zone: str
    currency: str


def document(tables: Tables, catalogue: Catalogue, style: Style) -> Document:
    """Real GPUs first; those of the demonstration by themselves, and in no total."""
    hours = Hours(tables.period, style.zone)
    most = MOST_OF_A_DAY if tables.period.is_day else MOST_OF_A_WEEK
    gpus = tables.gpus()
    chapters = [gpu.chapter(tables, hours, catalogue, style.currency, row["gpu"], is_demo=row["demo"]) for row in gpus]
    real = [each for each in chapters if not each.is_demo]
    demo = [each for each in chapters if each.is_demo]
    made = []
    for group, is_demo in ((real, False), (demo, True)):
        names = [row["gpu"] for row in gpus if row["demo"] == is_demo]
        if group:
            made.append(_together(tables, hours, catalogue, style, names, group, most, is_demo=is_demo))
        made += group if len(group) <= most else sorted(group, key=_urgency)[:most]
    return Document(
        title=f"GPU report, {tables.period.title}",
        subtitle=_subtitle(tables, style),
        lead=_lead(tables, catalogue, style),
        chapters=tuple(made),
        footer=f"Made by gpustream of the report tables {', '.join(sorted(tables.rows))} (docs/reports.md). "
        f"Days and hours of {style.zone}.",
    )


def _urgency(chapter: Chapter) -> int:
    tones = [each.tone for each in chapter.findings]
    return -(1000 * tones.count("critical") + tones.count("warning"))


def _subtitle(tables: Tables, style: Style) -> str:
    missing = [day for day in tables.period.days if day not in tables.days]
    some = f" · no report of {listing([f'{day:%a} {day.day}' for day in missing])}" if missing else ""
    lacking = f" · not made yet: {listing(list(tables.lacking))}" if tables.lacking else ""
    return f"{tables.period.span} · {style.zone}{some}{lacking}"


def _lead(tables: Tables, catalogue: Catalogue, style: Style) -> str:
    gpus = tables.gpus()
    real = [row["gpu"] for row in gpus if not row["demo"]]
    rows = [row for row in tables.rows[SUMMARY] if row["gpu"] in set(real)]
    if not rows:
        return "No real GPU sent a reading: what stands below is the demonstration."
    readings = int(cells.total(rows, "readings") or 0)
    said = [f"{counted(len(real), 'GPU')} sent {counted(readings, 'reading')}."]
    used, price = cells.total(rows, "energy_kwh"), cells.total(rows, "cost")
    if used is not None and price is not None:
        who = "It" if len(real) == 1 else "Together they"
        said.append(f"{who} took {energy(used)} for {cost(price, style.currency)}.")
    hottest = max((row for row in rows if row["max_temperature"] is not None), key=_heat, default=None)
    if hottest is not None:
        unit = unit_of(catalogue, figures.TEMPERATURE)
        peak = number(hottest["max_temperature"], unit.decimals, unit.symbol)
        said.append(f"The hottest was {clean(hottest['gpu'])} with {peak}." if len(real) > 1 else f"It reached {peak}.")
    return " ".join(said)


def _heat(row: Row) -> float:
    return float(row["max_temperature"])


def _together(
    tables: Tables,
    hours: Hours,
    catalogue: Catalogue,
    style: Style,
    names: Sequence[str],
    chapters: Sequence[Chapter],
    most: int,
    *,
    is_demo: bool,
) -> Chapter:
    """What all real GPUs (or all of the demonstration) have in common, and how they compare."""
    blocks: list[Block] = [_comparison(tables, catalogue, style, names, is_demo=is_demo)]
    for metric in (figures.TEMPERATURE, figures.LOAD) if len(names) > 1 else ():
        heat = figures.heat_of_all(tables, hours, catalogue, names[:most], metric)
        blocks += [heat] if heat is not None else []
    if len(chapters) > most:
        blocks.append(
            Note(
                f"In detail below: the {most} that need it most. Of another: dashboard report --date "
                f"{tables.days[-1]} --gpu {names[0]}"
            )
        )
    rows = [row for row in tables.rows[SUMMARY] if row["gpu"] in set(names)]
    title = "Demonstration" if is_demo else "All GPUs"
    return Chapter(
        anchor="demonstration" if is_demo else "all",
        title=title,
        subtitle="Simulated or looping, in no total above." if is_demo else "",
        tiles=gpu.tiles(rows, catalogue, style.currency),
        findings=() if is_demo else tuple(_attention(chapters)),
        sections=(Section("Compared", tuple(blocks)),) if blocks else (),
        is_demo=is_demo,
    )


def _attention(chapters: Sequence[Chapter]) -> list[Finding]:
    found = [
        Finding(each.tone, f"{chapter.title}: {each.text}")
        for chapter in chapters
        for each in chapter.findings
        if each.tone in {"critical", "warning"}
    ]
    if not found and chapters:
        who = "this GPU" if len(chapters) == 1 else f"any of the {len(chapters)} GPUs"
        return [Finding("good", f"Nothing of {who} needs attention.")]
    ordered = findings.worst_first(found)
    rest = len(ordered) - _MOST_FINDINGS
    more = [Finding("plain", f"And {rest} more, below at each GPU.")] if rest > 0 else []
    return ordered[:_MOST_FINDINGS] + more


def _comparison(tables: Tables, catalogue: Catalogue, style: Style, names: Sequence[str], *, is_demo: bool) -> Table:
    rows = [tables.of(SUMMARY, name) for name in names]
    used = [cells.total(days, "energy_kwh") or 0.0 for days in rows]
    most = max(used)
    heat, load = unit_of(catalogue, figures.TEMPERATURE), unit_of(catalogue, figures.LOAD)
    columns = (
        Column("GPU", False),
        Column("load", is_optional=True),
        Column("average", is_optional=True),
        Column("highest"),
        Column("energy"),
        Column("cost", is_optional=True),
        Column("held back", is_optional=True),
        Column("spikes"),
        Column("missing", is_optional=True),
    )
    made = [
        (
            Cell(clean(name)),
            load.cell(cells.mean(days, "avg_load"), symbol=True),
            heat.cell(cells.mean(days, "avg_temperature"), symbol=True),
            heat.cell(cells.highest(days, "max_temperature"), symbol=True),
            cells.energy_cell(cells.total(days, "energy_kwh"), taken / most if most else None),
            cells.cost_cell(cells.total(days, "cost"), style.currency),
            cells.minutes_cell(cells.total(days, "throttled_minutes")),
            cells.count_cell(cells.total(days, "spikes"), "warning"),
            cells.count_cell(cells.total(days, "missing")),
        )
        for name, days, taken in zip(names, rows, used, strict=True)
    ]
    return Table(SUMMARY, columns, tuple(made), _totals(tables, style) if len(names) > 1 and not is_demo else "")


def _totals(tables: Tables, style: Style) -> str:
    """Out of the row ``all``, which is of real GPUs only."""
    of_all = tables.of(SUMMARY, ALL)
    used, price = cells.total(of_all, "energy_kwh"), cells.total(of_all, "cost")
    if used is None or price is None:
        return ""
    return f"All real GPUs together: {energy(used)} for {cost(price, style.currency)}."
