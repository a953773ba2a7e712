"""Sensitivity: which single number, changed by how much, would choose another action. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from spark_jobs.decisions.costs import ACTIONS, Action, Case, cheapest, yearly_costs

MOST = 4
FAR = 10.0
"""A number that would have to be ten times as large is no doubt about the decision."""


class Knob(NamedTuple):
    """A number of a :class:`Case` that may be different."""

    field: str
    words: str
    most: float = math.inf
    is_share: bool = False


KNOBS = (
    Knob("probability", "the probability of a failure", 1.0, True),
    Knob("failures_per_year", "the usual number of failures in a year"),
    Knob("energy_price", "the price of a kWh, the building's share included"),
    Knob("worth", "the worth of an hour of its work"),
    Knob("resale", "its resale value"),
    Knob("price", "the price of what would take its place"),
    Knob("work_lost", "the GPU hours of work that a failure takes"),
    Knob("hours_down", "the hours that a failure takes it away"),
    Knob("repair_cost", "the cost of a repair"),
    Knob("repair_works", "the share of failures that a repair takes away", 1.0, True),
    Knob("watch_cost", "the cost of watching"),
    Knob("held", "the share of the time in which its clocks are held back", 1.0, True),
)


class Flip(NamedTuple):
    knob: Knob
    now: float
    then: float
    action: Action

    @property
    def distance(self) -> float:
        """As a share of the way to 1 for a share, else of the number itself."""
        return abs(self.then - self.now) / (1.0 if self.knob.is_share else max(self.now, 1e-9))

    def sentence(self) -> str:
        way = "above" if self.then > self.now else "below"
        then, now = (_number(self, value) for value in (self.then, self.now))
        return f"{self.action} would be cheaper, were {self.knob.words} {way} {then} (now {now})."


def flips(of: Case) -> list[Flip]:
    """The nearest of each number in either direction, the nearest first."""
    return sorted((each for knob in KNOBS for each in _of(knob, of)), key=lambda each: each.distance)[:MOST]


def _of(knob: Knob, of: Case) -> Iterator[Flip]:
    now = getattr(of, knob.field)
    here, there = yearly_costs(of), yearly_costs(of._replace(**{knob.field: now + 1.0}))
    chosen = cheapest(here)
    up: Flip | None = None
    down: Flip | None = None
    for action in ACTIONS:
        # Costs are lines: where two meet follows from two points of each.
        faster = (there[chosen] - here[chosen]) - (there[action] - here[action])
        if action == chosen or faster == 0:
            continue
        then = now + (here[action] - here[chosen]) / faster
        if not 0 <= then <= min(knob.most, FAR * now if now and not knob.is_share else math.inf):
            continue
        flip = Flip(knob, now, then, action)
        if then > now and (up is None or then < up.then):
            up = flip
        if then < now and (down is None or then > down.then):
            down = flip
    yield from (each for each in (up, down) if each is not None)


def _number(flip: Flip, value: float) -> str:
    if flip.knob.is_share:
        return f"{value:.1%}"
    return f"{value:,.0f}" if max(flip.now, flip.then) >= 100 else f"{value:.3g}"
