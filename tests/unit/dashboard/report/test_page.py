"""The report's page: it needs nothing else, stays small, and every number in it is one of the tables."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboard.report import period, tables
from dashboard.report.build import Style, document
from dashboard.report.html import page
from dashboard.report.period import Period
from support.report_page import ParsedPage, ParsedTable
from support.report_rows import DEMO, DESK, LAST, METRICS, WORN, MadeUp, of, of_all
from telemetry import catalogue

PLACE = "/gpu-analytics on nowhere"
CATALOGUE = catalogue.load(Path(__file__).parents[4] / "config" / "metrics.yaml")
DAY = Period(LAST, LAST)
WEEK = period.week("2026-W47")
UNREPORTED = date(2026, 11, 18)
ARTICLE = {DESK: "gpu-desk-0", WORN: "gpu-desk-1", DEMO: "gpu-demo-01-0"}
LABELS = {
    "gpu_temperature": "GPU temperature, °C",
    "hot_spot_temperature": "Hot spot, °C",
    "gpu_load": "GPU load, %",
    "board_power_draw": "Board power, W",
    "fan1_speed_percent": "Fan 1 duty, %",
    "odd_sensor": "odd_sensor",
}
MIB = 1024 * 1024


def text_of(wanted: Period = DAY, reports: MadeUp | None = None) -> str:
    found = tables.load(reports or MadeUp(missing=[UNREPORTED]), wanted, PLACE)
    return page(document(found, CATALOGUE, Style("UTC", "EUR")))


@pytest.fixture(scope="module")
def day() -> ParsedPage:
    return ParsedPage(text_of())


@pytest.fixture(scope="module")
def week() -> ParsedPage:
    return ParsedPage(text_of(WEEK))


def days(report: str, gpu: str) -> list[dict[str, Any]]:
    """The week's rows."""
    return [row for day in WEEK.days if day != UNREPORTED for row in of(report, gpu, day)]


def test_page_asks_for_nothing_and_runs_nothing() -> None:
    text = text_of(WEEK)
    parsed = ParsedPage(text)
    assert parsed.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base", "use"})
    assert parsed.references
    assert all(each.startswith("#") and each[1:] in parsed.anchors for each in parsed.references)
    assert not re.search(r"url\(|@import|https?:|//[a-z]|\son[a-z]+=|javascript:", text)
    assert "default-src 'none'; style-src 'unsafe-inline'" in text


def test_what_a_sensor_or_a_host_is_called_is_text_and_no_markup() -> None:
    class Hostile(MadeUp):
        def rows(self, name: str, day: date) -> list[dict[str, Any]]:
            def named(row: dict[str, Any]) -> dict[str, Any]:
                changed = {"metric": "<script>alert(1)</script>"} if row.get("metric") == "odd_sensor" else {}
                return row | changed | {"gpu": row["gpu"].replace("desk", "<b onclick=x>\"'&")}

            return [named(row) for row in super().rows(name, day)]

    parsed = ParsedPage(text_of(DAY, Hostile()))
    assert "script" not in parsed.tags
    assert "<script>alert(1)</script>" in "".join(parsed.texts.values())
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", anchor) for anchor in parsed.anchors)


@pytest.mark.parametrize(("wanted", "gpus"), [(DAY, 120), (WEEK, 60)])
def test_page_of_a_fleet_stays_below_two_mebibytes(wanted: Period, gpus: int) -> None:
    names = [f"node-{number:03d}:0" for number in range(gpus - 1)]
    text = text_of(wanted, MadeUp(days=8, gpus=[*names, WORN]))
    assert len(text.encode()) < 2 * MIB
    parsed = ParsedPage(text)
    compared = parsed.table("all", "summary").column("GPU")
    assert set(compared) == {*names, WORN}
    # Not all are shown in detail; the one with trouble is.
    assert ARTICLE[WORN] in parsed.anchors
    assert "that need it most" in parsed.texts["all"]


def close(text: str, decimals: int, wanted: float) -> bool:
    return text.split(" ")[0] == f"{wanted:,.{decimals}f}"


@pytest.mark.parametrize("gpu", [DESK, WORN, DEMO])
def test_every_number_of_a_sensor_is_that_of_the_table(day: ParsedPage, gpu: str) -> None:
    shown = sensors(day, gpu)
    rows = {row["metric"]: row for row in of("daily_statistics", gpu, LAST)}
    columns = {"lowest": "min", "average": "avg", "highest": "max"} | {
        name: name for name in ("p95", "stddev", "readings")
    }
    for title, column in columns.items():
        found = shown.column(title)
        assert set(found) == set(LABELS.values())
        for metric in METRICS:
            text, value = found[LABELS[metric]]
            assert value == rows[metric][column]
            known = CATALOGUE.get(metric)
            decimals = 0 if column == "readings" else CATALOGUE.unit_of(known).decimals if known else 2
            assert close(text, decimals, rows[metric][column])


def sensors(page: ParsedPage, gpu: str) -> ParsedTable:
    (found,) = (each for each in page.tables if each.article == ARTICLE[gpu] and "average" in each.head)
    return found


def test_numbers_of_a_week_are_those_of_its_days(week: ParsedPage) -> None:
    for gpu in (DESK, WORN):
        shown = sensors(week, gpu)
        assert "p95" not in shown.head
        for metric in METRICS:
            rows = [row for row in days("daily_statistics", gpu) if row["metric"] == metric]
            readings = sum(row["readings"] for row in rows)
            average = sum(row["avg"] * row["readings"] for row in rows) / readings
            label = LABELS[metric]
            assert shown.column("lowest")[label][1] == min(row["min"] for row in rows)
            assert shown.column("highest")[label][1] == max(row["max"] for row in rows)
            assert shown.column("average")[label][1] == pytest.approx(average)
            assert shown.column("readings")[label][1] == readings
        whole = days("summary", gpu)
        compared = week.table("all", "summary")
        for title, column in {"energy": "energy_kwh", "cost": "cost", "spikes": "spikes", "missing": "missing"}.items():
            assert compared.column(title)[gpu][1] == pytest.approx(sum(row[column] for row in whole))
        assert compared.column("highest")[gpu][1] == max(row["max_temperature"] for row in whole)


def test_numbers_of_the_comparison_are_those_of_the_summary(day: ParsedPage) -> None:
    columns = {
        "load": "avg_load",
        "average": "avg_temperature",
        "highest": "max_temperature",
        "energy": "energy_kwh",
        "cost": "cost",
        "held back": "throttled_minutes",
        "spikes": "spikes",
        "missing": "missing",
    }
    for article, gpus in {"all": [DESK, WORN], "demonstration": [DEMO]}.items():
        shown = day.table(article, "summary")
        for title, column in columns.items():
            wanted = {gpu: of("summary", gpu, LAST)[0][column] for gpu in gpus}
            assert {gpu: value for gpu, (_, value) in shown.column(title).items()} == wanted
    (together,) = of_all("summary", [DESK, WORN, DEMO], LAST)
    assert f"Together they took {together['energy_kwh']:.2f} kWh for {together['cost']:.2f} EUR." in day.texts[""]


def test_numbers_of_spikes_reasons_trends_and_data_are_those_of_the_tables(day: ParsedPage) -> None:
    article = ARTICLE[WORN]
    spikes = of("temperature_spikes", WORN, LAST)
    shown = day.table(article, "temperature_spikes")
    assert len(shown.rows) == 20
    found = {(row[2][1], row[3][1], row[4][1]) for row in shown.rows}
    assert found <= {(row["peak"], row["threshold"], row["seconds"] / 60) for row in spikes}
    # What was beyond a limit is shown before what was only unusual.
    assert sum(row["cause"] == "limit" for row in spikes) == sum(row[5][0] == "above its limit" for row in shown.rows)

    (whole,) = (row for row in of("daily_statistics", WORN, LAST) if row["metric"] is None)
    (reasons,) = (each for each in day.tables if each.article == article and each.head[0] == "Reason")
    assert {row[0][0]: row[1][1] for row in reasons.rows} == whole["minutes_by_throttle_reason"]

    trends = day.table(article, "trends")
    for row in of("trends", WORN, LAST):
        label = LABELS[row["metric"]]
        assert trends.column("over 7 days")[label][1] == row["change_7"]
        assert trends.column("per day, 7 days")[label][1] == row["slope_7"]
        assert trends.column("over 30 days")[label] == ("–", None)
        assert trends.column("per day, 30 days")[label][1] == row["slope_30"]

    quality = day.table(article, "data_quality")
    rows = of("data_quality", WORN, LAST)
    assert {row[0][0] for row in quality.rows} == {"All hours", *(f"{hour:02d}:00" for hour in (3, 4, 5, 7, 8, 9))}
    for name in ("readings", "missing", "late", "rejected"):
        assert quality.column(name)["All hours"][1] == sum(row[name] for row in rows)
        assert quality.column(name)["09:00"][1] == rows[9][name]
    assert quality.column("flagged")["08:00"][1] == 7
    assert quality.column("duplicated")["All hours"] == ("–", None)

    related = day.table(article, "correlations")
    assert related.column("load")["Hot spot"][1] == 0.9125
    assert related.column("load")["GPU load"] == ("–", None)


def test_every_number_behind_a_cell_is_the_one_that_is_shown(day: ParsedPage, week: ParsedPage) -> None:
    """What people read is the number that programs find, rounded: never another one."""
    checked = 0
    for table in (*day.tables, *week.tables):
        for row in table.rows:
            for text, value in row:
                digits = re.fullmatch(r"([+-]?[\d,]+(?:\.(\d+))?)(?: [^\d]+)?", text)
                if value is None or digits is None or text.endswith((" d", " h", " min", " s")):
                    continue
                decimals = len(digits[2] or "")
                assert abs(float(digits[1].replace(",", "")) - value) <= 0.5 * 10.0**-decimals + 1e-9, (text, value)
                checked += 1
    assert checked > 400


def test_demonstration_is_apart_and_in_no_total(day: ParsedPage) -> None:
    assert "demo-01" not in day.texts["all"]
    assert "2 GPUs sent 162,000 readings" in day.texts[""]
    assert "demo-01:0" in day.texts["demonstration"]
    assert "in no total above" in day.texts["demonstration"]
    only = ParsedPage(text_of(DAY, MadeUp(gpus=[DEMO])))
    assert "No real GPU sent a reading" in only.texts[""]
    assert not any(each.article == "all" for each in only.tables)


def test_what_needs_attention_stands_on_top_the_worst_first(day: ParsedPage) -> None:
    said = day.texts["all"]
    order = [
        "Actdesk:1: GPU temperature went beyond its limit 9 times; hot for 19 min 12 s",
        "Lookdesk:1: Hot spot was far above the day's usual at that load 16 times",
        "Lookdesk:1: Its clocks were held back for 34 min 15 s: thermal limit.",
        "Lookdesk:1: 4 anomalies were found",
        "Lookdesk:1: GPU temperature at equal load is 4.2 °C higher",
        "Lookdesk:1: 12 % of its readings are missing (10,800 readings).",
    ]
    places = [said.index(text) for text in order]
    assert places == sorted(places)
    # Its power limit is what a healthy card runs into.
    assert "power limit" not in said
    assert "FineNothing went beyond its limits" in day.texts[ARTICLE[DESK]]


def test_days_without_a_report_are_named(week: ParsedPage) -> None:
    assert "no report of Wed 18" in week.texts[""]


def test_gpus_can_be_chosen() -> None:
    found = tables.load(MadeUp(), DAY, PLACE).only([WORN])
    parsed = ParsedPage(page(document(found, CATALOGUE, Style("UTC", "EUR"))))
    assert {each.article for each in parsed.tables} == {"all", ARTICLE[WORN]}


def test_tables_have_few_columns_on_a_phone() -> None:
    heads = re.findall(r"<thead><tr>(.*?)</tr></thead>", text_of())
    kept = [head.count("<th ") - len(re.findall(r'<th class="[^"]*optional', head)) for head in heads]
    assert len(kept) > 10
    assert max(kept) <= 4
