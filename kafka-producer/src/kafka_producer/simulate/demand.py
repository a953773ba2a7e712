"""What is asked of a simulated card at one moment: its work, the machine around it, what is broken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple


class Demand(NamedTuple):
    """What is asked at one moment. Shares lie in 0 to 1."""

    work: float
    """Share of what the card can do at boost clock; 1 is as much as it can."""
    restless: float = 0.02
    """Standard deviation of the work around that."""
    intensity: float = 1.0
    """Power of this work against that of a game; a render keeps more of the chip busy."""
    memory_work: float = 0.4
    """Memory controller load per work."""
    video: float = 0.0
    memory_used: float = 0.1
    cpu: float = 0.1
    ambient: float = 24.0
    """Air that the card breathes, °C."""
    fan_health: float = 1.0
    """Share of its speed that a fan reaches."""
    air_flow: float = 1.0
    """Share of the air that gets through, whatever the fans do."""
    paste: float = 1.0
    """Thermal resistance between chip and cooler against that of fresh paste."""
    power_limit: float = 1.0
    """Share of the card's own limit that somebody has left it."""
    frozen: tuple[str, ...] = ()
    """Sensors that show what they last showed."""
    offsets: tuple[tuple[str, float], ...] = ()
    """Sensors that lie by so much."""


Plan = Callable[[float, float], Demand]
"""(seconds since the first row, local time as seconds since midnight of the first day) -> what is asked."""


IDLE = Demand(work=0.006, restless=0.006, memory_work=1.0, memory_used=0.05, cpu=0.05)
DESKTOP = Demand(work=0.05, restless=0.04, memory_work=0.6, memory_used=0.12, cpu=0.15)
VIDEO = Demand(work=0.07, restless=0.02, memory_work=0.7, video=0.22, memory_used=0.13, cpu=0.12)
MENU = Demand(work=0.35, restless=0.03, memory_work=0.3, memory_used=0.5, cpu=0.3, ambient=27)
GAME = Demand(work=0.89, restless=0.025, memory_work=0.44, memory_used=0.62, cpu=0.5, ambient=29)
LOADING = Demand(work=0.22, restless=0.06, memory_work=0.2, memory_used=0.58, cpu=0.85, ambient=29)
RENDER = Demand(work=1.0, restless=0.004, intensity=1.12, memory_work=0.33, memory_used=0.78, cpu=0.25, ambient=27)


def game_scene(elapsed: float, phase: float) -> Demand:
    """Rooms of a game: a loading screen every eight minutes, scenes that differ by some percent between."""
    since_loading = (elapsed + phase) % 480
    if since_loading < 9:
        return LOADING
    scene = 0.05 * math.sin((elapsed + phase) / 61) + 0.03 * math.sin((elapsed + phase) / 17)
    return GAME._replace(work=GAME.work + scene)
