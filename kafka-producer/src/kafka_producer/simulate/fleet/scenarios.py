"""The stories of a simulated fleet that have a name. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kafka_producer.simulate.demand import IDLE, Demand

CYCLE = 300.0
"""Seconds of the classic cycle of a mocked A100."""
_RAMP, _FULL, _COOL = 60.0, 120.0, 240.0
_FULL_WORK = Demand(
    work=1.0, restless=0.005, intensity=1.15, memory_work=0.6, memory_used=0.9, cpu=0.4, ambient=40, air_flow=0.25
)
_CORRECTED_AT, _UNCORRECTED_AT, _REPLAY_AT = (130, 160, 190, 220), 200, (125, 180)


class Happened(NamedTuple):
    """Counts of one step."""

    corrected: int
    uncorrected: int
    replays: int


class Scenario(NamedTuple):
    name: str
    description: str
    faults: tuple[str, ...] = ()
    """As ``--fault`` has them."""
    demand: Callable[[float], Demand] | None = None
    """second -> what is asked of every GPU; None: jobs come and go."""
    happened: Callable[[float, float], Happened] | None = None
    """(second before, second now) -> what a counter gets beside what the rates give."""


def _mock(moment: float) -> Demand:
    second = moment % CYCLE
    if second < _RAMP or second >= _COOL:
        return IDLE
    if second >= _FULL:
        return _FULL_WORK
    share = (second - _RAMP) / (_FULL - _RAMP)
    used = IDLE.memory_used + share * (_FULL_WORK.memory_used - IDLE.memory_used)
    return _FULL_WORK._replace(work=share, memory_used=used, ambient=IDLE.ambient, air_flow=1.0)


def _mock_counts(before: float, now: float) -> Happened:
    def count(*seconds: int) -> int:
        # How often each of these seconds of the cycle lies in (before, now].
        return sum(int((now - each) // CYCLE - (before - each) // CYCLE) for each in seconds)

    return Happened(count(*_CORRECTED_AT), count(_UNCORRECTED_AT), count(*_REPLAY_AT))


SCENARIOS = {
    each.name: each
    for each in (
        Scenario("healthy", "jobs come and go; what breaks, breaks at the published rates"),
        Scenario("fan-failing", "after two minutes a fan of node-2's GPU 3 fails", ("fan:node-2:3@120",)),
        Scenario(
            "silent-degradation",
            "from the tenth minute on: a worn fan, dried paste, a link at a quarter of its lanes",
            ("fan-wear:node-1:1@10m", "paste:node-2:2@10m", "pcie:node-2:5@10m"),
        ),
        Scenario(
            "memory-failing",
            "corrected errors of node-1's GPU 2 after five minutes, an uncorrected one ten later",
            ("ecc:node-1:2@5m",),
        ),
        Scenario("gpu-lost", "after three minutes node-1's GPU 4 falls off the bus", ("off-bus:node-1:4@3m",)),
        Scenario("node-lost", "node-2 is away from the third minute to the sixth", ("node:node-2@3m+3m",)),
        Scenario(
            "mock",
            "the classic five minutes: idle to 60 s, ramp to 120, full and throttled to 240, cooling to 300",
            demand=_mock,
            happened=_mock_counts,
        ),
    )
}
