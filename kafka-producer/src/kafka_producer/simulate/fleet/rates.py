"""How often what breaks in a fleet, by what has been published, and when it breaks in a simulated one. Pure.

Llama 3 405B (Meta 2024, as told by datacenterdynamics.com): 16,384 H100 for 54 days, 21.2 million GPU hours; among the
unexpected interruptions 148 faulty GPUs, 72 of HBM3, 19 of SRAM, 17 of the GSP. A rate is that number over these hours.
For models other than the H100 only the memory's rate is known to differ (``Model.memory_faults``); the other rates are
taken for theirs.

Ours, for want of a number: how often a healthy memory corrects a bit, and a healthy link sends again. Both stay far
below what DCGM expects of a link (NVIDIA/DCGM: DcgmHealthWatch.cpp, 16 replays a minute at x16 of generation 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from kafka_producer.simulate.fleet.models import Model

GPU_HOURS = 16_384 * 54 * 24


class Rate(NamedTuple):
    fault: str
    """A kind of :mod:`kafka_producer.simulate.fleet.faults`."""
    seen: int
    """In GPU_HOURS."""
    is_of_memory: bool = False

    def per_hour(self, model: Model) -> float:
        if self.is_of_memory and not model.is_for_data_centres:
            return 0.0  # without ECC nobody sees it
        return self.seen / GPU_HOURS * (model.memory_faults if self.is_of_memory else 1.0)


RATES = (Rate("off-bus", 148), Rate("ecc", 72, True), Rate("sram", 19, True), Rate("gsp", 17))
CORRECTED_PER_HOUR = 0.002
REPLAYS_PER_HOUR = 0.05


def drawn(model: Model, random: Random, factor: float, until: float) -> Iterator[tuple[str, float]]:
    """(fault, second) of one GPU: the first of each kind before ``until`` seconds, at ``factor`` times the rates."""
    for rate in RATES:
        per_second = factor * rate.per_hour(model) / 3600
        # Drawn whether it counts or not, so that one rate does not move the others.
        moment = random.expovariate(1.0)
        if per_second > 0 and moment / per_second < until:
            yield rate.fault, moment / per_second
