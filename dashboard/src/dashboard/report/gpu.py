"""The chapter of one GPU."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dashboard.card_words import clean, counted
from dashboard.report import cells, figures, findings
from dashboard.report.cells import unit_of
from dashboard.report.content import Block, Cell, Chapter, Column, Note, Section, Table, Tile, Tone
from dashboard.report.period import Hours
from dashboard.report.tables import CORRELATIONS, DAILY, QUALITY, SPIKES, SUMMARY, TRENDS, Row, Tables
from telemetry.catalogue import Catalogue

MOST_SPIKES = 20
_CORRELATED = {
    "with_gpu_load": "load",
    "with_gpu_temperature": "temperature",
    "with_board_power_draw": "power",
}
_CAUSES = {"limit": "above its limit", "load": "above the usual at that load"}


def chapter(tables: Tables, hours: Hours, catalogue: Catalogue, currency: str, gpu: str, *, is_demo: bool) -> Chapter:
    """What there is to say of ``gpu``."""
    summary = tables.of(SUMMARY, gpu)
    sections: list[tuple[str, Sequence[Block]]] = [
        ("Temperature and load", _temperature(tables, hours, catalogue, gpu)),
        ("Hour by hour", figures.heat_of_gpu(tables, hours, catalogue, gpu)),
        ("Heat spikes", _spikes(tables, hours, catalogue, gpu)),
        ("Energy", _energy(tables, hours, catalogue, gpu)),
        ("Why the clocks were not higher", _throttling(tables, gpu)),
        ("Trend at equal load", _trends(tables.of(TRENDS, gpu), catalogue)),
        ("Every sensor", _sensors(tables, catalogue, gpu)),
        ("Data", _quality(tables.of(QUALITY, gpu), hours)),
    ]
    of_hours = counted(int(cells.total(summary, "hours") or 0), "hour")
    return Chapter(
        anchor=anchor(gpu),
        title=clean(gpu),
        subtitle=f"{counted(int(cells.total(summary, 'readings') or 0), 'reading')} in {of_hours}",
        tiles=tiles(summary, catalogue, currency),
        findings=tuple(findings.of_gpu(tables, hours, catalogue, gpu)),
        sections=tuple(Section(title, tuple(blocks)) for title, blocks in sections if blocks),
        is_demo=is_demo,
    )


def anchor(gpu: str) -> str:
    return "gpu-" + re.sub(r"[^A-Za-z0-9_-]", "-", gpu)


def tiles(summary: Sequence[Row], catalogue: Catalogue, currency: str) -> tuple[Tile, ...]:
    """The few numbers of a GPU, or of all together."""
    heat, load = unit_of(catalogue, figures.TEMPERATURE), unit_of(catalogue, figures.LOAD)
    made = (
        Tile(heat.cell(cells.highest(summary, "max_temperature"), symbol=True), "highest temperature"),
        Tile(load.cell(cells.mean(summary, "avg_load"), symbol=True), "average load"),
        Tile(cells.energy_cell(cells.total(summary, "energy_kwh")), "energy"),
        Tile(cells.cost_cell(cells.total(summary, "cost"), currency), "cost"),
        Tile(cells.minutes_cell(cells.total(summary, "throttled_minutes")), "clocks held back"),
    )
    return tuple(tile for tile in made if tile.big.value is not None)


def _temperature(tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str) -> list[Block]:
    hot = [metric.name for metric in catalogue if metric.kind == "temperature" and metric.scope == "gpu"]
    made = (
        figures.lines(tables, hours, catalogue, gpu, hot, "Temperatures"),
        figures.lines(tables, hours, catalogue, gpu, [figures.LOAD], "Load"),
        figures.against_load(tables, hours, catalogue, gpu),
    )
    return [block for block in made if block is not None]


def _spikes(tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str) -> list[Block]:
    strip = figures.spikes(tables, hours, catalogue, gpu)
    if strip is None:
        return [Note("None: nothing was above its limit, nor far above the usual at its load.")]
    rows = sorted(tables.of(SPIKES, gpu), key=lambda row: (row["cause"] != "limit", -row["seconds"], row["start"]))
    shown = []
    for row in rows[:MOST_SPIKES]:
        unit = unit_of(catalogue, row["metric"])
        shown.append(
            (
                Cell(hours.clock(row["start"])),
                Cell(unit.label),
                unit.cell(row["peak"], figures.tone_of(row), symbol=True),
                unit.cell(row["threshold"], symbol=True),
                cells.minutes_cell(row["seconds"] / 60),
                Cell(_CAUSES.get(row["cause"], clean(row["cause"]))),
            )
        )
    columns = (
        Column("Begin", False),
        Column("Sensor", False),
        Column("peak"),
        Column("hot above", is_optional=True),
        Column("for"),
        Column("why", False, is_optional=True),
    )
    rest = len(rows) - len(shown)
    note = f"And {counted(rest, 'more')[:-1] if rest > 1 else '1 more'}, shorter ones." if rest else ""
    return [strip, Table(SPIKES, columns, tuple(shown), note)]


def _energy(tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str) -> list[Block]:
    drawn = figures.lines(tables, hours, catalogue, gpu, figures.POWER[:1], "Power") or figures.lines(
        tables, hours, catalogue, gpu, figures.POWER[1:], "Power"
    )
    if drawn is None:
        return [Note("No sensor of this card tells its power, so nobody knows what it took.")]
    by_day = figures.energy_by_day(tables, gpu)
    return [drawn, *([by_day] if by_day else [])]


def _throttling(tables: Tables, gpu: str) -> list[Block]:
    minutes = findings.throttle_minutes(tables.of(DAILY, gpu))
    known = sorted(((value, words) for words, value in minutes.items() if value > 0), reverse=True)
    if not known:
        return []
    longest = known[0][0]
    rows = tuple((Cell(words), cells.minutes_cell(value, bar=value / longest)) for value, words in known)
    return [Table(DAILY, (Column("Reason", False), Column("time")), rows, "Idle and voltage are the normal course.")]


def _trends(trends: Sequence[Row], catalogue: Catalogue) -> list[Block]:
    order = {metric.name: n for n, metric in enumerate(catalogue)}
    rows = []
    for row in sorted(trends, key=lambda row: (order.get(row["metric"], len(order)), row["metric"])):
        if all(row[f"{name}_{period}"] is None for name in ("slope", "change") for period in (7, 30)):
            continue
        unit = unit_of(catalogue, row["metric"])
        digits = unit.decimals + 1
        rows.append(
            (
                Cell(f"{unit.label}, {unit.symbol}" if unit.symbol else unit.label),
                cells.signed(row["change_7"], unit.decimals, tone=_tone(row, catalogue)),
                cells.signed(row["slope_7"], digits),
                cells.signed(row["change_30"], unit.decimals),
                cells.signed(row["slope_30"], digits),
            )
        )
    if not rows:
        return [Note("Not known yet: a slope takes three days with windows, a change two weeks.")]
    columns = (
        Column("Sensor", False),
        Column("over 7 days"),
        Column("per day, 7 days", is_optional=True),
        Column("over 30 days"),
        Column("per day, 30 days", is_optional=True),
    )
    note = (
        "Over 7 days: against the 7 days before; over 30 days in the same way. Only windows of one card in one band of "
        "load are compared: a busier week is not a hotter one."
    )
    return [Table(TRENDS, columns, tuple(rows), note)]


def _tone(row: Row, catalogue: Catalogue) -> Tone:
    metric, change = catalogue.get(row["metric"]), row["change_7"]
    is_hot = metric is not None and metric.kind == "temperature" and change is not None
    return "warning" if is_hot and change >= findings.NOTABLE_CHANGE else "plain"


def _sensors(tables: Tables, catalogue: Catalogue, gpu: str) -> list[Block]:
    order = {metric.name: n for n, metric in enumerate(catalogue)}
    masks = {metric.name for metric in catalogue if metric.bits}
    daily = [row for row in tables.of(DAILY, gpu) if row["metric"] is not None and row["metric"] not in masks]
    goes = {row["metric"]: row for row in tables.of(CORRELATIONS, gpu)}
    of_metric: dict[str, list[Row]] = {}
    for row in daily:
        of_metric.setdefault(row["metric"], []).append(row)
    rows: list[tuple[Cell, ...]] = []
    related: list[tuple[Cell, ...]] = []
    for name, days in sorted(of_metric.items(), key=lambda pair: (order.get(pair[0], len(order)), pair[0])):
        unit = unit_of(catalogue, name)
        label = Cell(f"{unit.label}, {unit.symbol}" if unit.symbol else unit.label)
        shown = (unit.cell(value) for value in _statistics(days, is_day=tables.period.is_day))
        rows.append((label, *shown, cells.count_cell(cells.total(days, "readings"))))
        if name in goes and any(goes[name][column] is not None for column in _CORRELATED):
            related.append((Cell(unit.label), *(cells.signed(goes[name][column], 2) for column in _CORRELATED)))
    middle = ("p95", "stddev") if tables.period.is_day else ()
    columns = (
        Column("Sensor", False),
        Column("lowest", is_optional=True),
        Column("average"),
        Column("highest"),
        *(Column(name, is_optional=True) for name in middle),
        Column("readings", is_optional=True),
    )
    made: list[Block] = [Table(DAILY, columns, tuple(rows))]
    if related:
        note = "Pearson's coefficient over the readings of the last day: 1 goes along, -1 goes against, 0 neither."
        titles = (Column("Goes along with", False), *(Column(title) for title in _CORRELATED.values()))
        made.append(Table(CORRELATIONS, titles, tuple(related), note))
    return made


def _statistics(days: Iterable[Row], *, is_day: bool) -> list[float | None]:
    rows = list(days)
    shown = [cells.lowest(rows, "min"), cells.mean(rows, "avg"), cells.highest(rows, "max")]
    # Of several days these two cannot be put together.
    return [*shown, rows[0]["p95"], rows[0]["stddev"]] if is_day else shown


def _quality(quality: Sequence[Row], hours: Hours) -> list[Block]:
    if not quality:
        return []
    counts = [Column(name, is_optional=name in {"flagged", "duplicated", "late"}) for name in _COUNTS]
    worth = [row for row in sorted(quality, key=lambda row: row["start"]) if _is_worth(row)]
    total = [Cell("All hours"), *(cells.count_cell(_sum(quality, name)) for name in _COUNTS)]
    shown = [
        (
            Cell(hours.label(hours.index(row["start"]))),
            *(cells.count_cell(_count(row, name), _loud(name)) for name in _COUNTS),
        )
        for row in worth[:24]
    ]
    rest = len(worth) - len(shown)
    note = "Hours in which something is missing, doubted, late or rejected." if shown else "No hour lacks anything."
    if rest:
        note += f" {counted(rest, 'more hour')} like these."
    if any(row["duplicated"] is None for row in quality):
        note += " – : Kafka no longer has every reading of the hour, so nobody knows."
    return [Table(QUALITY, (Column("Hour", False), *counts), (tuple(total), *shown), note)]


_COUNTS = ("readings", "missing", "flagged", "duplicated", "late", "rejected")


def _count(row: Row, name: str) -> float | None:
    count: float | None = sum((row["flagged"] or {}).values()) if name == "flagged" else row[name]
    return count


def _sum(rows: Sequence[Row], name: str) -> float | None:
    counts = [_count(row, name) for row in rows]
    return None if None in counts else sum(count for count in counts if count is not None)


def _is_worth(row: Row) -> bool:
    return any(_count(row, name) for name in _COUNTS[1:])


def _loud(name: str) -> Tone:
    return "warning" if name in {"missing", "rejected"} else "plain"
