"""What the console says: escaped, with the catalogue's names, units and limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.pages import bit_lanes, gpu_card, letters
from dashboard.pages.figures import Figures
from dashboard.pages.icons import icon
from dashboard.pages.markup import joined, tag
from dashboard.pages.moments import ago
from dashboard.pages.sparkline import sparkline
from dashboard.pages.states import CRITICAL, GOOD, INFO, OF_ALERT, OF_LOG, OF_MODE, SILENT, WARNING, State
from dashboard.stores.history import SeriesPoint, Span
from dashboard.stores.live import Latest, SparkPoint
from telemetry import catalogue
from telemetry.timestamp import SECOND

CATALOGUE = catalogue.load(Path("config/metrics.yaml"))
FIGURES = Figures(CATALOGUE)
NOW = 10_000 * SECOND


def latest(arrived: int = NOW, **metrics: float) -> Latest:
    return Latest("desk-01:0", "desk-01", "gpuz", "live", "<b>RTX</b>", NOW, arrived, metrics, {})


def test_what_comes_from_outside_is_escaped_once() -> None:
    assert tag("a", "<script>", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">&lt;script&gt;</a>'
    assert joined(tag("b", "a & b"), " < ") == "<b>a &amp; b</b> &lt; "
    shown = gpu_card.card(latest(gpu_temperature=61.0), [], FIGURES, [], NOW)
    assert "<b>RTX" not in shown
    assert "&lt;b&gt;RTX" in shown


def test_an_attribute_that_is_off_is_left_out() -> None:
    assert tag("input", required=True, autofocus=False, value=None, aria_label="x") == '<input required aria-label="x">'


def test_values_have_the_units_and_decimals_of_the_catalogue() -> None:
    assert FIGURES.text("gpu_temperature", 61) == "61.0 °C"
    assert FIGURES.text("gpu_memory_used", 12_345.6) == "12,346 MiB"
    assert FIGURES.text("perfcap_reason", 3) == "power limit, thermal limit"
    assert FIGURES.text("never_heard_of", 1.23456) == "1.23"
    assert FIGURES.label("never_heard_of") == "never heard of"


@pytest.mark.parametrize(
    ("metrics", "state"),
    [
        ({"gpu_temperature": 60.0}, GOOD),
        ({"gpu_temperature": 90.0}, WARNING),
        ({"gpu_temperature": 99.0}, CRITICAL),
        # Full load and full power are what a healthy card does.
        ({"gpu_temperature": 60.0, "gpu_load": 100.0, "board_power_draw": 390.0}, GOOD),
    ],
)
def test_the_state_of_a_card_is_its_worst_value(metrics: dict[str, float], state: State) -> None:
    assert gpu_card.state(latest(NOW, **metrics), FIGURES, [], NOW) == state


def test_a_gpu_that_fell_silent_says_so_whatever_it_said_last() -> None:
    assert gpu_card.state(latest(NOW - 61 * SECOND, gpu_temperature=99.0), FIGURES, [], NOW) == SILENT


@pytest.mark.parametrize(("mask", "held_back"), [(0.0, False), (1.0, False), (2.0, True), (3.0, True), (16.0, False)])
def test_a_power_limit_is_no_fault_and_heat_is(mask: float, held_back: bool) -> None:
    found = FIGURES.throttling({"perfcap_reason": mask})
    assert found is not None
    assert found[1] is held_back
    assert FIGURES.throttling({"gpu_load": 5.0}) is None


def test_every_state_has_a_word_and_a_shape_of_its_own() -> None:
    severities = [CRITICAL, WARNING, GOOD, INFO, SILENT]
    assert len({icon(each.icon) for each in severities}) == len(severities)
    for states in (OF_ALERT, OF_LOG, OF_MODE):
        assert all(each.word and icon(each.icon) for each in states.values())
        assert len({each.word for each in states.values()}) == len(states)


def test_a_sparkline_stops_where_nothing_was_measured() -> None:
    points = [SparkPoint(NOW - second * SECOND, 60.0 + second % 3) for second in range(300, 0, -5)]
    assert sparkline(points, NOW, "x").count("M") == 2  # a line and the area under it
    holed = [point for point in points if not NOW - 200 * SECOND < point.time < NOW - 100 * SECOND]
    assert sparkline(holed, NOW, "x").count("M") == 4
    assert "<path" not in sparkline(points[:1], NOW, "x")


def test_a_bit_mask_is_a_lane_per_bit_that_was_set() -> None:
    points = [SeriesPoint(n * SECOND, mask, mask, mask) for n, mask in enumerate([0, 2, 2, 0, 4, 4, 4, 6, 0, 0])]
    told = bit_lanes.lanes(CATALOGUE["perfcap_reason"], points, Span(0, 10 * SECOND), SECOND)
    assert told.count('class="lane"') == 2
    assert "thermal limit: 30 % of the time" in told
    assert "reliability voltage: 40 % of the time" in told
    assert bit_lanes.lanes(CATALOGUE["perfcap_reason"], points[:1], Span(0, 10 * SECOND), SECOND) == ""


def test_bytes_are_shown_as_text_or_as_numbers() -> None:
    assert "{no reading" in letters.shown(b"{no reading")
    assert "ff d8 00" in letters.shown(b"\xff\xd8\x00" * 30)
    assert "&lt;script&gt;" in letters.shown(b"<script>")


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "just now"), (42, "42 s ago"), (200, "3 min ago"), (90_000, "1 d ago")]
)
def test_an_age_is_told_by_its_largest_part(seconds: int, words: str) -> None:
    assert ago(NOW - seconds * SECOND, NOW) == words
