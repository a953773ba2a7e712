"""The stories that can be simulated, those of healthy cards among them. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from kafka_producer.simulate.demand import DESKTOP, IDLE, MENU, RENDER, VIDEO, Demand, Plan, game_scene
from kafka_producer.simulate.faults import (
    STORY,
    Truth,
    dried_paste,
    failing_fan,
    power_limit,
    single_spike,
    stuck_sensor,
    thermal_throttling,
    truth_of_dried_paste,
    truth_of_failing_fan,
    truth_of_power_limit,
    truth_of_single_spike,
    truth_of_stuck_sensor,
    truth_of_throttling,
)

__all__ = ["DAY", "SCENARIOS", "STORY", "Scenario"]

DAY = 86_400.0


def _healthy(_duration: float) -> list[Truth]:
    return []


class Scenario(NamedTuple):
    """A story; ``plan`` draws its random parts once."""

    name: str
    description: str
    plan: Callable[[Random], Plan]
    truth: Callable[[float], list[Truth]] = _healthy
    """Of a log so many seconds long."""


def _idle(random: Random) -> Plan:
    phase = random.uniform(0, 200)

    def plan(elapsed: float, _local: float) -> Demand:
        # A desktop wakes the card for a moment every few minutes.
        return DESKTOP if (elapsed + phase) % 200 < 6 else IDLE

    return plan


def _gaming(random: Random) -> Plan:
    phase = random.uniform(20, 300)
    return lambda elapsed, _local: game_scene(elapsed, phase)


def _rendering(random: Random) -> Plan:
    frame = random.uniform(70, 110)

    def plan(elapsed: float, _local: float) -> Demand:
        # Between two frames the scene is loaded again.
        return RENDER._replace(work=0.15, cpu=0.7) if elapsed % frame < 4 else RENDER

    return plan


_HOUR = 3600.0
_CURTAIN = (20.7 * _HOUR, 21.0 * _HOUR)


def _truth_of_day(duration: float) -> list[Truth]:
    begin, end = _CURTAIN
    found = (("limit", "gpu_temperature"), ("limit", "hot_spot_temperature"), ("throttle", "perfcap_reason"))
    return [Truth(*each, begin, min(end + 120, duration)) for each in found if duration > begin]


def _day(random: Random, *, curtain: bool = True) -> Plan:
    """One working day with an evening of games; every day of a longer log is a little different."""
    days: dict[int, tuple[list[float], list[Demand | None]]] = {}
    seed = random.getrandbits(64)

    def plan(elapsed: float, local: float) -> Demand:
        number, moment = divmod(local, DAY)
        starts, activities = days.get(int(number)) or days.setdefault(int(number), _draw_day(seed, int(number)))
        activity = activities[bisect_right(starts, moment) - 1]
        demand = game_scene(elapsed, 0.0) if activity is None else activity
        # The room is warmest in the late afternoon.
        warmth = 1.8 * math.cos(2 * math.pi * (moment / DAY - 17 / 24))
        # One evening hour with a curtain in front of the case.
        hot = curtain and activity is None and _CURTAIN[0] <= moment < _CURTAIN[1]
        return demand._replace(
            ambient=demand.ambient + warmth + (9 if hot else 0), air_flow=0.36 if hot else demand.air_flow
        )

    return plan


_DAY_PLAN: tuple[tuple[float, Demand | None], ...] = (
    (0.0, VIDEO),
    (0.7, IDLE),
    (7.4, DESKTOP),
    (8.1, IDLE),
    (9.0, DESKTOP),
    (10.5, VIDEO),
    (11.2, DESKTOP),
    (12.3, None),
    (13.1, DESKTOP),
    (14.0, RENDER),
    (14.6, DESKTOP),
    (15.2, RENDER),
    (16.1, DESKTOP),
    (17.6, IDLE),
    (18.6, VIDEO),
    (19.4, MENU),
    (19.5, None),
    (21.2, MENU),
    (21.4, None),
    (23.1, VIDEO),
)
"""(hour, activity); None is a game."""


def _healthy_day(random: Random) -> Plan:
    return _day(random, curtain=False)


def _draw_day(seed: int, number: int) -> tuple[list[float], list[Demand | None]]:
    random = Random(f"{seed}/{number}")
    starts = [hour * _HOUR + (random.uniform(-240, 240) if hour else 0.0) for hour, _ in _DAY_PLAN]
    return starts, [activity for _, activity in _DAY_PLAN]


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("idle", "an empty desktop that wakes the card now and then", _idle),
        Scenario("gaming", "a game with its scenes and loading screens", _gaming),
        Scenario("rendering", "frame after frame at full load, on the power limit", _rendering),
        Scenario(
            "thermal-throttling",
            "a game on a card full of dust in a hot room",
            thermal_throttling,
            truth_of_throttling,
        ),
        Scenario(
            "failing-fan",
            "six minutes: a game, the fans fail, the card throttles, the fans return",
            failing_fan,
            truth_of_failing_fan,
        ),
        Scenario(
            "dried-paste",
            "the same game hour after hour; from the fourth on the chip is hotter each time",
            dried_paste,
            truth_of_dried_paste,
        ),
        Scenario(
            "power-limit", "a game; after 20 minutes 60 % of the power is left", power_limit, truth_of_power_limit
        ),
        Scenario(
            "stuck-sensor",
            "games and pauses; after 20 minutes the temperature is the same for ever",
            stuck_sensor,
            truth_of_stuck_sensor,
        ),
        Scenario(
            "single-spike",
            "a game; one reading of the temperature is 36 °C too high",
            single_spike,
            truth_of_single_spike,
        ),
        Scenario(
            "day",
            "24 hours: night, work, renders, an evening of games with a hot quarter of an hour",
            _day,
            _truth_of_day,
        ),
        Scenario("healthy-day", "the same 24 hours without the hot quarter of an hour", _healthy_day),
    )
}
