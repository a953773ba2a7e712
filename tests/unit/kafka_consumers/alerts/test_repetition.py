"""Whatever the readings: sent again, in any number, and with a restart at any point, they change nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.track import Track
from support.alert_cases import START, World, config_of
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

RULES: dict[str, Any] = {
    "hot": {
        "when": {"limit": "gpu_temperature critical"},
        "severity": "critical",
        "summary": "It is too hot.",
        "clear_margin": 3,
        "for": "4s",
        "clear_for": "6s",
        "min_readings": 2,
    },
    "warm": {
        "when": {"limit": "gpu_temperature warning"},
        "severity": "warning",
        "summary": "It is hot.",
        "for": 0,
        "clear_for": 0,
        "min_readings": 1,
    },
    "jump": {
        "when": {"rate": {"metric": "gpu_temperature", "rise": 5, "per": "10s"}},
        "severity": "info",
        "summary": "It heats up fast.",
    },
    "lost": {"when": {"vanished": "gpu_temperature"}, "severity": "info", "summary": "It is blind."},
    "quiet": {"when": {"silent": "any"}, "severity": "warning", "summary": "Nothing comes.", "for": "5m"},
}
CONFIG = config_of(
    {
        "rules": RULES,
        "storm": {"alerts": 4, "within": "2m"},
        "defaults": {"for": "3s", "clear_for": "5s", "min_readings": 2, "gap": "20s", "expire": "2m"},
    }
)


class Input(NamedTuple):
    """One thing that happens: a reading, or where the value is a word, a tick or what a person does."""

    value: float | str | None
    pause: int
    origin: str
    mode: str
    restart: bool
    again: int
    """How many of the readings before it are sent once more after it."""


INPUTS = st.lists(
    st.builds(
        Input,
        st.sampled_from([60.0, 84.0, 88.0, 93.0, 97.0, 97.0, 97.0, None, "tick", "acknowledge", "resolve"]),
        st.sampled_from([1, 1, 1, 2, 5, 30, 200, 900]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["live", "live", "demo", "import"]),
        st.booleans(),
        st.integers(0, 30),
    ),
    min_size=1,
    max_size=60,
)


def run(inputs: list[Input], *, disturbed: bool) -> World:
    world = World(Judge(CONFIG))
    sent: list[Reading] = []
    now = START
    for given_input in inputs:
        now += given_input.pause * SECOND
        if given_input.value == "tick":
            world.tick(now)
        elif isinstance(given_input.value, str):
            for rule in RULES:
                world.command(given_input.value, rule, now)
        else:
            value = given_input.value
            metrics = {"gpu_load": 50.0} | ({} if value is None else {"gpu_temperature": float(value)})
            reading = Reading(
                given_input.origin,
                now // 1000,
                given_input.mode,  # type: ignore[arg-type]
                now,
                None,
                "desk:0",
                "desk",
                "nvml",
                None,
                metrics,
                {},
            )
            world.reading(reading, now)
            sent.append(reading)
        if disturbed and given_input.restart:
            world = World(
                Judge(CONFIG),
                world.between,
                {name: Track.decode(track.encode()) for name, track in world.tracks.items()},
                world.changes,
            )
        if disturbed and given_input.again:
            for reading in sent[-given_input.again :]:
                assert world.reading(reading, now) in {"duplicate", "late"}
    return world


@settings(max_examples=300, deadline=None)
@given(INPUTS)
def test_duplicates_and_restarts_at_any_point_change_nothing(inputs: list[Input]) -> None:
    calm, disturbed = run(inputs, disturbed=False), run(inputs, disturbed=True)
    assert disturbed.changes == calm.changes
    assert disturbed.tracks == calm.tracks


@settings(max_examples=300, deadline=None)
@given(INPUTS)
def test_every_alert_lives_one_life(inputs: list[Input]) -> None:
    world = run(inputs, disturbed=False)
    lives: dict[tuple[str, str], list[Alert]] = {}
    for change in world.changes:
        lives.setdefault((change.alert.id, change.alert.mode), []).append(change.alert)
    order = ["pending", "firing", "acknowledged", "resolved"]
    for life in lives.values():
        assert [each.changed for each in life] == sorted(each.changed for each in life)
        states = [order.index(each.state) for each in life]
        assert states == sorted(states)
        assert [each.state for each in life].count("resolved") <= 1
        assert life[0].state != "resolved"
    open_now = {alert.id for track in world.tracks.values() for alert in track.alerts.values()}
    last = [life[-1] for life in lives.values()]
    assert open_now == {alert.id for alert in last if alert.state != "resolved"}


@settings(max_examples=200, deadline=None)
@given(INPUTS)
def test_a_track_is_due_exactly_when_a_tick_changes_it(inputs: list[Input]) -> None:
    judge, world = Judge(CONFIG), run(inputs, disturbed=False)
    for track in world.tracks.values():
        due = judge.due(track)
        if due is None:
            assert judge.tick(track, START + 10**15).track == track
        else:
            assert judge.tick(track, due - 1).track == track
            stormy = judge.tick(track, due).track == track  # a silence that the storm limit holds back
            assert not stormy or sum(map(len, track.firings.values())) >= 4
