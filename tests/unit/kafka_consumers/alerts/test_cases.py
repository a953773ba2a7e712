"""Every case of tests/unit/cases/alerts, as it stands; with a restart after every input; with everything sent twice."""

from __future__ import annotations

from typing import Any

import pytest

from kafka_consumers.alerts.track import Track
from support.alert_cases import all_cases, play

CASES = dict(all_cases())


def test_there_are_cases_of_everything_that_can_go_wrong() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_series_raises_what_is_expected(name: str) -> None:
    case = CASES[name]
    assert play(case).told() == case["expect"]


@pytest.mark.parametrize("name", CASES)
def test_restart_after_every_input_changes_nothing(name: str) -> None:
    case = CASES[name]
    world = play(case, between=lambda track: Track.decode(track.encode()))
    assert world.told() == case["expect"]
    assert world.tracks == play(case).tracks


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.get("wrong_clock")])
def test_everything_sent_again_changes_nothing(name: str) -> None:
    case: dict[str, Any] = CASES[name]
    world = play(case, times_each=2)
    assert world.told() == case["expect"]
    assert world.tracks == play(case).tracks
