"""What a batch writes and takes back, and which windows it must look at."""

from __future__ import annotations

import itertools
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.detectors import findings, regions
from spark_jobs.detectors.changes import Episode, changes
from spark_jobs.detectors.sentences import sentence, taken_back
from spark_jobs.spans import Span
from telemetry import catalogue
from telemetry.timestamp import SECOND, parse_time

CATALOGUE = catalogue.load(Path(__file__).parents[3] / "config" / "metrics.yaml")
NOON = parse_time("2026-01-15T12:00:00Z")
MINUTE = 60 * SECOND


def episode(name: str, begin: float, end: float, **changed: object) -> Episode:
    """Minutes after noon."""
    start, stop = (NOON + int(moment * MINUTE) for moment in (begin, end))
    made = Episode(
        name, "desk:0", "desk", "gpuz", "live", findings.LIMIT, "hot_spot_temperature", 0, start, stop, 1, 104.2, start,
        104.2, 100.0, None,
    )  # fmt: skip
    return made._replace(**changed)  # type: ignore[arg-type]


def around(begin: float, end: float) -> dict[str, list[Span]]:
    return {"desk:0": [Span(NOON + int(begin * MINUTE), NOON + int(end * MINUTE))]}


def test_nothing_changed_writes_nothing() -> None:
    same = [episode("a", 0, 3), episode("b", 10, 11)]
    assert changes(same, same, around(0, 20)) == ([], [])


def test_anomaly_that_goes_on_keeps_its_id() -> None:
    assert changes([episode("a", 0, 4)], [episode("a", 0, 3)], around(2, 9)) == ([episode("a", 0, 4)], [])


def test_earlier_start_takes_the_later_one_back() -> None:
    found = changes([episode("new", -1, 3)], [episode("a", 0, 3)], around(-1, 9))
    assert found == ([episode("new", -1, 3)], [episode("a", 0, 3)])


def test_cut_end_of_what_lies_far_away_is_left_alone() -> None:
    assert changes([episode("cut", 0, 3)], [], around(20, 30)) == ([], [])


def test_rest_of_an_anomaly_is_kept_where_its_end_in_the_region_vanished() -> None:
    found = changes([episode("a", 0, 3)], [episode("a", 0, 30)], around(25, 40))
    assert found == ([episode("a", 0, 3)], [])


def test_region_reaches_back_to_the_window_that_is_closed_and_on_to_the_last_that_looks_back() -> None:
    assert regions.of_touched([("a:0", NOON)], 30) == {"a:0": [Span(NOON - 120 * SECOND, NOON + 930 * SECOND)]}


def test_few_spans_hold_the_regions_of_all_gpus() -> None:
    of_gpus = {"a:0": [Span(0, 10), Span(100, 110)], "b:0": [Span(5, 20), Span(1000, 1010)]}
    assert regions.fewest(of_gpus, 3) == [Span(0, 20), Span(100, 110), Span(1000, 1010)]
    assert regions.fewest(of_gpus, 2) == [Span(0, 110), Span(1000, 1010)]
    assert regions.fewest(of_gpus, 1) == [Span(0, 1010)]


SPANS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)).map(lambda pair: Span(pair[0], sum(pair))))


def instants(spans: list[Span]) -> set[int]:
    return {each for span in spans for each in range(*span)}


@given(SPANS, SPANS)
def test_spans_are_taken_from_each_other_and_cut(one: list[Span], other: list[Span]) -> None:
    assert instants(regions.without(one, other)) == instants(one) - instants(other)
    assert instants(regions.inside(one, other)) == instants(one) & instants(other)
    whole = regions.united(one)
    assert {moment for moment in range(350) if regions.holds(whole, moment)} == instants(one)


@given(SPANS)
def test_united_spans_hold_the_same_and_are_apart(spans: list[Span]) -> None:
    united = regions.united(spans)
    assert {each for span in spans for each in range(*span)} == {each for span in united for each in range(*span)}
    assert all(one.end < other.begin for one, other in itertools.pairwise(united))


@pytest.mark.parametrize(
    ("anomaly", "words"),
    [
        (
            episode("a", 0, 3, peak=NOON + 2 * MINUTE),
            "Hot spot above 100 °C for 3 min, peak 104.2 °C at 12:02: the card is getting too hot, look for dust, a "
            "fan that stands still, or paste that has dried.",
        ),
        (
            episode("a", 0, 0.2, metric="pcie_slot_voltage", value=11.352, limit=11.4),
            "PCIe slot voltage below 11.4 V for 12 s, lowest 11.352 V at 12:00: the power supply or a cable gives way, "
            "reseat the plugs before you play on.",
        ),
        (
            episode("a", 0, 125, kind="throttle", metric="perfcap_reason", bit=2, value=2.0),
            "The card held its clocks back (thermal limit) for 2 h 5 min from 12:00: frames are lost, look for dust, a "
            "fan that stands still, or paste that has dried.",
        ),
        (
            episode("a", 0, 1, kind="throttle", metric="perfcap_reason", bit=1, value=1.0),
            "The card held its clocks back (power limit) for 1 min from 12:00: normal at full work, and the price is "
            "some frames.",
        ),
        (
            episode("a", 0, 0, kind="implausible", value=None),
            "Hot spot showed values that cannot be, for 1 s from 12:00: they were dropped; the sensor or its driver "
            "lies, not the card.",
        ),
        (
            episode("a", 0, 0.5, kind="rate", value=36.04, limit=30.0),
            "Hot spot jumped by 36.0 °C within a second at 12:00: no chip is so fast, most likely a bad read of the "
            "sensor; if it stays there, the cooler has come off.",
        ),
        (
            episode("a", 0, 25, kind="stuck", value=61.0),
            "Hot spot stood still at 61.0 °C for 25 min from 12:00 while the load went up and down: the sensor is "
            "stuck, so do not trust what it shows.",
        ),
        (
            episode("a", 0, 12, kind="hot_for_load", value=84.0, limit=70.0, score=5.0),
            "Hot spot 84.0 °C at 12:00 where 70.0 °C is usual at this load, for 12 min from 12:00: look for dust, a "
            "fan that stands still, or paste that has dried.",
        ),
        (
            episode("a", 0, 2, kind="level_shift", value=81.0, limit=70.0, score=1.1),
            "Hot spot went up from 70.0 °C to 81.0 °C around 12:00 and stayed there at the same load: something about "
            "the card or its surroundings has changed.",
        ),
        (
            episode("a", 0, 1, kind="implausible", metric="odd_sensor_rpm", value=None),
            "odd sensor rpm showed values that cannot be, for 1 min from 12:00: they were dropped; the sensor or its "
            "driver lies, not the card.",
        ),
    ],
    ids=lambda each: each.kind if isinstance(each, Episode) else "",
)  # fmt: skip
def test_sentence_tells_what_where_how_much_and_what_to_do(anomaly: Episode, words: str) -> None:
    assert sentence(anomaly, CATALOGUE, UTC) == words


def test_times_of_day_are_those_of_the_readers_zone() -> None:
    assert "at 13:00:" in sentence(episode("a", 0, 3), CATALOGUE, ZoneInfo("Europe/Berlin"))
    assert "13:00" in taken_back(episode("a", 0, 3), ZoneInfo("Europe/Berlin"))
