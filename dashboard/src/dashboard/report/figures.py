"""Pictures of the tables: lines over the hours, heat maps, temperature against load, strips, bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from dashboard.card import Chart, Charts, Extreme, Line, Moment, Sensor
from dashboard.card_words import duration, energy, number
from dashboard.report import cells
from dashboard.report.cells import Unit, unit_of
from dashboard.report.content import Band, Bar, Bars, Dot, HeatMap, HeatRow, Lines, Mark, Scatter, Strip, Tone
from dashboard.report.period import Hours, long_date
from dashboard.report.tables import BASELINES, HISTORY_DAYS, HOURLY, SPIKES, Row, Tables
from telemetry.catalogue import Catalogue
from telemetry.detection import LOWEST_LOAD

LOAD, TEMPERATURE = "gpu_load", "gpu_temperature"
POWER = ("board_power_draw", "gpu_power")
"""What counts as the power of a GPU, as in the reports."""
NORMAL = 1.4826
"""Median absolute deviation -> standard deviation, of a normal distribution."""
WIDTH_OF_USUAL = 3.0
"""So many deviations to both sides are usual."""
_MOST_LINES = 3
_NO_MOMENT = Moment(0, None)


def lines(
    tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str, names: Sequence[str], title: str
) -> Lines | None:
    """Those of ``names`` that the GPU has, at most three, each with the band from its lowest to its highest value."""
    drawn: list[Line] = []
    of_gpu = tables.of(HOURLY, gpu)
    for name in names:
        rows = [row for row in of_gpu if row["metric"] == name]
        if rows and len(drawn) < _MOST_LINES:
            drawn.append(Line(_sensor(catalogue, name, rows), _points(rows, hours)))
    if not drawn:
        return None
    first = drawn[0].sensor
    metric = catalogue.get(first.name)
    # The tables do not say which model it is, so only limits that hold for all are drawn.
    limits = metric.limits if metric is not None and not metric.limits_by_model else None
    is_drawn = limits is not None and limits.direction == "above" and not limits.expected
    warning, critical = (limits.warning, limits.critical) if limits is not None and is_drawn else (None, None)
    chart = Chart(title, first.symbol, first.decimals, tuple(drawn), warning, critical)
    charts = Charts((chart,), (None,) * hours.count, (_NO_MOMENT,) * hours.count, (), breaks=True)
    return Lines(chart, charts, tuple(hours.axis()))


def _sensor(catalogue: Catalogue, name: str, rows: Sequence[Row]) -> Sensor:
    unit, metric = unit_of(catalogue, name), catalogue.get(name)
    low, high = (min(row["min"] for row in rows), max(row["max"] for row in rows))
    average = cells.mean(rows, "avg")
    assert average is not None, "a row of hourly_patterns has readings"
    return Sensor(
        name=name,
        label=unit.label,
        kind=metric.kind if metric else "",
        symbol=unit.symbol,
        decimals=unit.decimals,
        count=sum(row["readings"] for row in rows),
        lowest=Extreme(low, _NO_MOMENT),
        average=average,
        highest=Extreme(high, _NO_MOMENT),
        is_headline=True,
    )


def _points(rows: Iterable[Row], hours: Hours) -> tuple[tuple[float, float, float] | None, ...]:
    made: list[tuple[float, float, float] | None] = [None] * hours.count
    for row in rows:
        index = hours.index(row["start"])
        if 0 <= index < hours.count:
            made[index] = (row["min"], row["avg"], row["max"])
    return tuple(made)


def heat_of_gpu(tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str) -> list[HeatMap]:
    """Of a day temperature, load and power, each from its own lowest to its highest hour; of a week a row per day."""
    names = [TEMPERATURE, LOAD, *POWER]
    rows = {name: [row for row in tables.of(HOURLY, gpu) if row["metric"] == name] for name in names}
    if rows[POWER[0]]:
        rows[POWER[1]] = []
    known = [name for name in names if rows[name]]
    if hours.period.is_day:
        made = [
            _heat_row(rows[name], hours, unit_of(catalogue, name), unit_of(catalogue, name).label) for name in known
        ]
        return (
            [HeatMap("Average of the hour, each from its lowest to its highest", tuple(made), tuple(hours.axis()))]
            if made
            else []
        )
    return [_heat_of_week(rows[name], hours, unit_of(catalogue, name)) for name in known]


def heat_of_all(tables: Tables, hours: Hours, catalogue: Catalogue, gpus: Sequence[str], metric: str) -> HeatMap | None:
    """A row per GPU, all on one scale."""
    unit = unit_of(catalogue, metric)
    of_gpu = {gpu: [row for row in tables.of(HOURLY, gpu) if row["metric"] == metric] for gpu in gpus}
    known = {gpu: rows for gpu, rows in of_gpu.items() if rows}
    if not known:
        return None
    low, high = _range([row for rows in known.values() for row in rows])
    made = [_heat_row(rows, hours, unit, gpu, low, high) for gpu, rows in known.items()]
    span = f"{number(low, unit.decimals)} to {number(high, unit.decimals, unit.symbol)}"
    return HeatMap(f"{unit.label}, average of the hour: {span}", tuple(made), tuple(hours.axis()))


def _heat_of_week(rows: Sequence[Row], hours: Hours, unit: Unit) -> HeatMap:
    low, high = _range(rows)
    made = []
    for day in hours.period.days:
        of_day = [row for row in rows if row["date"] == day]
        values: list[float | None] = [None] * 24
        for row in of_day:
            values[row["hour"]] = row["avg"]
        words = tuple(_words(value, unit, f"{day:%a} {n:02d}:00") for n, value in enumerate(values))
        made.append(HeatRow(f"{day:%a} {day.day}", tuple(values), words, low, high))
    span = f"{number(low, unit.decimals)} to {number(high, unit.decimals, unit.symbol)}"
    title = f"{unit.label}, average of the hour: {span}"
    return HeatMap(title, tuple(made), ("00:00", "06:00", "12:00", "18:00", "24:00"))


def _heat_row(
    rows: Sequence[Row], hours: Hours, unit: Unit, label: str, low: float | None = None, high: float | None = None
) -> HeatRow:
    points = _points(rows, hours)
    values = tuple(None if point is None else point[1] for point in points)
    words = tuple(_words(value, unit, hours.label(n)) for n, value in enumerate(values))
    own = _range(rows)
    if low is None or high is None:
        low, high = own
        label = f"{label}, {number(low, unit.decimals)} to {number(high, unit.decimals, unit.symbol)}"
    return HeatRow(label, values, words, low, high)


def _words(value: float | None, unit: Unit, when: str) -> str:
    return f"{when}: " + ("no readings" if value is None else number(value, unit.decimals, unit.symbol))


def _range(rows: Iterable[Row]) -> tuple[float, float]:
    averages = [row["avg"] for row in rows]
    return min(averages), max(averages)


def against_load(tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str) -> Scatter | None:
    """A dot per hour, and what is usual of this card in each band of load."""
    of_metric: dict[str, dict[int, Row]] = {LOAD: {}, TEMPERATURE: {}}
    for row in tables.of(HOURLY, gpu):
        if row["metric"] in of_metric:
            of_metric[row["metric"]][hours.index(row["start"])] = row
    unit, load = unit_of(catalogue, TEMPERATURE), unit_of(catalogue, LOAD)
    dots = [
        Dot(
            of_metric[LOAD][hour]["avg"],
            row["avg"],
            f"{hours.label(hour)}: {number(row['avg'], unit.decimals, unit.symbol)} at "
            f"{number(of_metric[LOAD][hour]['avg'], load.decimals, load.symbol)} load",
        )
        for hour, row in sorted(of_metric[TEMPERATURE].items())
        if hour in of_metric[LOAD]
    ]
    if not dots:
        return None
    usual = [row for row in tables.of(BASELINES, gpu) if row["metric"] == TEMPERATURE and row["band"] in LOWEST_LOAD]
    return Scatter(
        title=f"{unit.label}, {unit.symbol}, against {load.label}, {load.symbol}",
        decimals=unit.decimals,
        dots=tuple(dots),
        bands=tuple(_band(row, unit) for row in sorted(usual, key=lambda row: LOWEST_LOAD[row["band"]])),
        left=0.0,
        right=100.0,
        note="Each dot is an hour. The band is what is usual of this card in that band of load, over the 30 days up to "
        "its last reading: the median, and three scaled median absolute deviations to both sides."
        if usual
        else "Each dot is an hour. What is usual of this card is not known yet: that takes windows with a load.",
    )


def _band(row: Row, unit: Unit) -> Band:
    edges = [*LOWEST_LOAD.values(), 100.0]
    left = LOWEST_LOAD[row["band"]]
    right = next(edge for edge in edges if edge > left)
    reach = WIDTH_OF_USUAL * NORMAL * row["mad"]
    words = f"{row['band']} load: usually {number(row['median'], unit.decimals, unit.symbol)}"
    return Band(left, right, row["median"] - reach, row["median"], row["median"] + reach, words)


def spikes(tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str) -> Strip | None:
    """When something was hot."""
    marks = []
    for row in sorted(tables.of(SPIKES, gpu), key=lambda row: row["start"]):
        unit = unit_of(catalogue, row["metric"])
        words = (
            f"{hours.clock(row['start'])}: {unit.label} up to {number(row['peak'], unit.decimals, unit.symbol)} "
            f"for {duration(row['seconds'])}"
        )
        marks.append(Mark(hours.share(row["start"]), hours.share(row["end"]), tone_of(row), words))
    return Strip("When it was hot", tuple(marks), tuple(hours.axis())) if marks else None


def tone_of(spike: Row) -> Tone:
    """Beyond a limit, or only above what is usual."""
    return "critical" if spike["cause"] == "limit" else "warning"


def energy_by_day(tables: Tables, gpu: str) -> Bars | None:
    """The days up to the end of the period; a day without a report has no bar."""
    known = {row["date"]: row["energy_kwh"] for row in tables.history_of(gpu)}
    if sum(value is not None for value in known.values()) < 2:
        return None
    first = tables.period.last - timedelta(days=HISTORY_DAYS - 1)
    days = [first + timedelta(days=n) for n in range(HISTORY_DAYS)]
    while days[0] not in known:
        days.pop(0)
    bars = [
        Bar(
            day.isoformat(),
            known.get(day),
            f"{long_date(day)}: " + (energy(value) if (value := known.get(day)) is not None else "no report"),
        )
        for day in days
    ]
    top = max(value for value in known.values() if value is not None)
    return Bars("Energy per day", tuple(bars), (f"{days[0]:%-d %b}", f"{days[-1]:%-d %b}"), energy(top))
