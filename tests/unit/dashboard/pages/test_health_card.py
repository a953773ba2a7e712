"""Health in words: every missing point has its reason, every decision its money."""

from __future__ import annotations

import pytest

from dashboard.pages import event_rows, health_card
from dashboard.pages import health_words as words
from dashboard.pages.markup import Markup
from dashboard.stores.health import Advice, Event, Risk, Score, TrendPoint
from dashboard.stores.history import Span
from telemetry.health import HealthReason
from telemetry.timestamp import SECOND

NOW = 10_000 * SECOND
REASONS = (
    HealthReason(component="memory", points=-18, sentence="3 uncorrectable <b> row remaps"),
    HealthReason(component="data_quality", points=-0.4, sentence="2 gaps"),
)
SCORE = Score("a:0", "a", "live", NOW, 81.6, {"memory": 64.0, "data_quality": 99.2}, REASONS, "1")
RISKS = [Risk("a:0", "a", "live", NOW, hours, 0.042, "7", ("Remaps grew",)) for hours in (24, 168)]
ADVICE = Advice(
    "a:0",
    "a",
    "live",
    NOW,
    "repair",
    {"keep": 2900.0, "repair": 1240.5},
    "EUR",
    ("It pays",),
    ("keep, were it dear",),
    "1",
)

EVENT = Event(
    "e", "xid", 79, "node-1", "0000:3b:00", None, "xid", "live", "GPU has fallen off the bus", "reset the node",
    "critical", "<NVRM>", NOW - 60 * SECOND, NOW - 30 * SECOND, 3,
)  # fmt: skip


def test_card_tells_reasons_components_risk_and_money() -> None:
    made = health_card.card(SCORE, "a:0", "A100", Markup(""), RISKS, ADVICE, NOW, [EVENT])
    for said in (
        ">81<", "Well", "−18", "3 uncorrectable &lt;b&gt; row remaps", "−0.4", "Data quality", "4.2 %", "next day",
        "next 7 days", "Remaps grew", "Repair", "1,240 EUR", "2,900 EUR", "It pays", "Xid 79", "keep, were it dear",
    ):  # fmt: skip
        assert said in made, said
    assert made.index("1,240 EUR") < made.index("2,900 EUR")
    assert "width:64%" in made


def test_gpu_of_which_there_is_little_to_say_takes_little_room() -> None:
    well = Score("a:1", "a", "demo", NOW, 100.0, {"memory": 100.0}, (), "1")
    assert health_card.is_calm(well, None)
    assert not health_card.is_calm(SCORE, None)
    assert not health_card.is_calm(well, ADVICE)
    assert not health_card.is_calm(well, None, [EVENT])
    made = health_card.brief(well, "a:1", "A100", Markup(""), [], None, NOW)
    assert "Demo" in made
    assert "No prediction yet" in made
    full = health_card.card(well, "a:1", "A100", Markup(""), [], None, NOW)
    assert "Nothing takes points from it." in full
    assert "No advice yet" in full


@pytest.mark.parametrize(
    ("score", "word"), [(100.0, "Well"), (80.0, "Well"), (79.9, "Worth a look"), (50.0, "Worth a look"), (12.0, "Poor")]
)
def test_state_of_a_score(score: float, word: str) -> None:
    assert words.state(score).word == word


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0.0 %"),
        (0.0004, "under 0.1 %"),
        (0.042, "4.2 %"),
        (0.314, "31 %"),
        (0.9999, "over 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_chance_is_never_none_or_certain_by_rounding(probability: float, text: str) -> None:
    assert words.chance(probability) == text


@pytest.mark.parametrize(
    ("hours", "text"), [(1, "hour"), (6, "6 hours"), (24, "day"), (168, "7 days"), (30, "30 hours")]
)
def test_horizon_in_words(hours: int, text: str) -> None:
    assert words.horizon(hours) == text


def test_trend_goes_from_0_to_100_over_its_whole_span() -> None:
    drawn = health_card.trend([TrendPoint(0, 100.0), TrendPoint(50, 0.0)], Span(0, 100), "of <a>")
    assert 'd="M0.0 0.0 L100.0 40.0"' in drawn
    assert 'aria-label="of &lt;a&gt;"' in drawn
    assert "path" not in health_card.trend([TrendPoint(0, 100.0)], Span(0, 100), "")


def test_event_says_what_it_means_how_often_it_was_and_of_whom() -> None:
    made = event_rows.table([EVENT], NOW)
    for said in ("Xid 79: GPU has fallen off the bus", "&lt;NVRM&gt;", "node-1, device 0000:3b:00", "3 times in 30 s"):
        assert said in made, said
    assert "<th>GPU</th>" not in event_rows.table([EVENT], NOW, of_one_gpu=True)
