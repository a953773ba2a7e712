"""Charts of the console: few points, every peak, no line over a gap, limits where they matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dashboard.pages.chart import Chart, Line, Mark, most_points
from dashboard.pages.figures import Figures
from dashboard.stores.history import MOST_POINTS, Series, SeriesPoint, Span
from telemetry import catalogue
from telemetry.timestamp import MILLISECOND, SECOND

CATALOGUE = catalogue.load(Path("config/metrics.yaml"))
FIGURES = Figures(CATALOGUE)
HOUR = Span(0, 3600 * SECOND)


def line(points: list[SeriesPoint], metric: str = "gpu_temperature", step: int = SECOND) -> Line:
    return Line(FIGURES.label(metric), metric, Series(metric, step, "readings", tuple(points)), "red")


def steady(value: float, count: int = 60, every: int = SECOND, spread: float = 0.0) -> list[SeriesPoint]:
    return [SeriesPoint(n * every, value - spread, value, value + spread) for n in range(count)]


def options(chart: Chart) -> dict[str, Any]:
    return chart.options(FIGURES)


@pytest.mark.parametrize("lines", [1, 2, 3, 6])
def test_a_chart_of_full_series_has_at_most_two_thousand_points(lines: int) -> None:
    full = steady(60.0, most_points(lines), spread=1.0)
    drawn = options(Chart([line(full) for _ in range(lines)], HOUR))
    assert sum(len(each["data"]) for each in drawn["series"]) <= MOST_POINTS


def test_both_ends_of_a_step_are_drawn_so_that_no_peak_is_lost() -> None:
    drawn = options(Chart([line([SeriesPoint(0, 50.0, 60.0, 99.5)], step=10 * SECOND)], HOUR))
    assert drawn["series"][0]["data"] == [[0, 50.0], [5000, 99.5]]


def test_no_line_goes_over_a_gap() -> None:
    points = [*steady(60.0, 30), *(point._replace(time=point.time + 600 * SECOND) for point in steady(60.0, 30))]
    data = options(Chart([line(points)], HOUR))["series"][0]["data"]
    assert [place for place, (_, value) in enumerate(data) if value is None] == [30]


def limits(drawn: dict[str, Any]) -> list[float]:
    return [each["yAxis"] for each in drawn["series"][0]["markLine"]["data"] if "yAxis" in each]


def test_the_first_warning_is_always_there_and_a_limit_that_is_far_away_is_not() -> None:
    known = CATALOGUE["gpu_temperature"].limits
    assert known
    assert limits(options(Chart([line(steady(40.0))], HOUR))) == [known.warning]
    assert limits(options(Chart([line(steady(96.0))], HOUR))) == [known.warning, known.critical]


def test_a_chart_shows_the_limits_that_its_values_are_beyond() -> None:
    axis = options(Chart([line(steady(98.0))], HOUR))["yAxis"]
    assert axis["min"] < 85
    assert axis["max"] > 98


def test_alerts_are_spans_and_anomalies_moments() -> None:
    marks = [Mark(0, 60 * SECOND, "critical", "too hot"), Mark(90 * SECOND, None, "warning", "anomaly")]
    series = options(Chart([line(steady(60.0))], HOUR, marks))["series"][0]
    assert {area[0]["xAxis"] for area in series["markArea"]["data"]} == {0}
    assert {area[1]["xAxis"] for area in series["markArea"]["data"]} == {60_000}
    assert [each["xAxis"] for each in series["markLine"]["data"] if "xAxis" in each] == [90_000]


def test_periods_are_laid_over_each_other_from_their_beginnings() -> None:
    late = [point._replace(time=point.time + 86_400 * SECOND) for point in steady(60.0, 3)]
    first = line(steady(50.0, 3))
    second = Line("B", "gpu_temperature", line(late).series, "blue", shift=86_400 * SECOND)
    drawn = options(Chart([first, second], Span(0, 60 * SECOND), offset=True))
    assert [x for x, _ in drawn["series"][0]["data"]] == [x for x, _ in drawn["series"][1]["data"]] == [0, 1, 2]


def test_percents_have_their_own_scale() -> None:
    axis = options(Chart([line(steady(40.0), "gpu_load")], HOUR))["yAxis"]
    assert (axis["min"], axis["max"]) == (0, 100)


def test_times_are_milliseconds() -> None:
    drawn = options(Chart([line(steady(60.0))], HOUR))
    assert drawn["xAxis"]["max"] == HOUR.end // MILLISECOND
