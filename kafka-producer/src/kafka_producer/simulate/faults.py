"""The stories in which something is broken, and the truth of each: what a detector should find, and when. Pure."""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

from kafka_producer.simulate.demand import DESKTOP, GAME, Demand, Plan, game_scene

STORY = 360.0
"""Length of the failing fan's story in seconds; it begins again where it ended, so a demonstration can loop."""


class Truth(NamedTuple):
    """What a detector should say of a story, and between which seconds of it."""

    kind: str
    metric: str
    begin: float
    end: float


def thermal_throttling(random: Random) -> Plan:
    phase = random.uniform(20, 300)

    def plan(elapsed: float, _local: float) -> Demand:
        return game_scene(elapsed, phase)._replace(ambient=36.0, air_flow=0.3)

    return plan


def failing_fan(_random: Random) -> Plan:
    def plan(elapsed: float, _local: float) -> Demand:
        moment = elapsed % STORY
        scene = 0.012 * math.sin(2 * math.pi * elapsed / 90)
        # The fans' supply fails: they limp at a fifteenth of their speed, whatever the card asks of them.
        health = 0.06 if 60 <= moment < 190 else 1.0
        return GAME._replace(work=0.88 + scene, restless=0.012, fan_health=health)

    return plan


def truth_of_failing_fan(duration: float) -> list[Truth]:
    # What is hot stays so for a while after the fans have returned.
    stories = [STORY * number for number in range(math.ceil(duration / STORY))]
    found = (("limit", "gpu_temperature"), ("limit", "hot_spot_temperature"), ("throttle", "perfcap_reason"))
    return [Truth(*each, begin + 60, min(duration, begin + 270)) for begin in stories for each in found]


def truth_of_throttling(duration: float) -> list[Truth]:
    return [Truth("throttle", "perfcap_reason", 0, duration)]


_SESSION = 2400.0
"""Length of a gaming session of the drying paste, in seconds; a desktop follows for half as long."""
_FRESH_SESSIONS = 3


def dried_paste(random: Random) -> Plan:
    phase = random.uniform(20, 300)

    def plan(elapsed: float, _local: float) -> Demand:
        number, moment = divmod(max(0.0, elapsed), 1.5 * _SESSION)
        paste = 1 + 0.3 * max(0.0, number - _FRESH_SESSIONS + 1)
        demand = game_scene(elapsed, phase) if moment < _SESSION else DESKTOP
        return demand._replace(paste=paste)

    return plan


def truth_of_dried_paste(duration: float) -> list[Truth]:
    begin = _FRESH_SESSIONS * 1.5 * _SESSION
    found = ("gpu_temperature", "hot_spot_temperature")
    return [Truth("hot_for_load", metric, begin, duration) for metric in found if duration > begin]


_FAULT = 1200.0
"""When the sensor sticks or the power limit falls, in seconds."""


def power_limit(random: Random) -> Plan:
    phase = random.uniform(20, 300)

    def plan(elapsed: float, _local: float) -> Demand:
        return game_scene(elapsed, phase)._replace(power_limit=0.6 if elapsed >= _FAULT else 1.0)

    return plan


def truth_of_power_limit(duration: float) -> list[Truth]:
    return [Truth("throttle", "perfcap_reason", _FAULT, duration)] if duration > _FAULT else []


def stuck_sensor(random: Random) -> Plan:
    phase = random.uniform(20, 300)

    def plan(elapsed: float, _local: float) -> Demand:
        demand = game_scene(elapsed, phase) if elapsed % 600 < 400 else DESKTOP
        return demand._replace(frozen=("temperature",) if elapsed >= _FAULT else ())

    return plan


def truth_of_stuck_sensor(duration: float) -> list[Truth]:
    return [Truth("stuck", "gpu_temperature", _FAULT, duration)] if duration > _FAULT else []


_SPIKE = 600.0


def single_spike(random: Random) -> Plan:
    phase = random.uniform(20, 300)

    def plan(elapsed: float, _local: float) -> Demand:
        spiked = abs(elapsed - _SPIKE) < 0.5
        return game_scene(elapsed, phase)._replace(offsets=(("temperature", 36.0),) if spiked else ())

    return plan


def truth_of_single_spike(duration: float) -> list[Truth]:
    found = (("rate", "gpu_temperature"), ("limit", "gpu_temperature"))
    return [Truth(*each, _SPIKE, _SPIKE + 1) for each in found] if duration > _SPIKE else []
