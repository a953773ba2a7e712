"""What breaks in a simulated fleet, when, and what a detector should find of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kafka_producer.simulate import span
from kafka_producer.simulate.demand import Demand
from telemetry.reading import DEMO_HOST_PREFIX

_SPEC = re.compile(
    r"(?P<kind>[a-z-]+):(?P<node>[A-Za-z0-9._-]+)(?::(?P<gpu>[0-9]+))?"
    r"@(?P<begin>[0-9]+|[0-9hms]+)(?:[+](?P<length>[0-9hms]+))?"
)
GROW = 3600.0
"""Seconds in which what is silent grows to its whole."""
_LIMP = 0.06
"""Share of its speed at which a fan limps whose supply fails; as in the story of GPU-Z's failing fan."""


class Kind(NamedTuple):
    words: str
    of_gpu: bool = True
    """False: of a whole node."""
    found_as: tuple[tuple[str, str], ...] = ()
    """(kind, metric) of the anomalies that detectors know."""
    xid: int = 0
    """What the driver says (docs.nvidia.com/deploy/xid-errors)."""


_HOT = (("limit", "gpu_temperature"), ("throttle", "clocks_event_reasons"))
KINDS = {
    "fan": Kind("a fan limps: the GPU gets hot within minutes and throttles", found_as=_HOT),
    "fan-wear": Kind("a fan loses half of its speed within an hour", found_as=(("hot_for_load", "gpu_temperature"),)),
    "paste": Kind("dried paste: the chip gets hotter for an hour", found_as=(("hot_for_load", "gpu_temperature"),)),
    "pcie": Kind("the link trains down to a quarter of its lanes and sends again and again"),
    "ecc": Kind("memory: corrected errors, then an uncorrected one; a row waits to be remapped", xid=48),
    "sram": Kind("an uncorrected error that was not contained", xid=95),
    "gsp": Kind("the GPU's system processor does not answer: work stands still", xid=119),
    "off-bus": Kind("the GPU is gone from the page: it fell off the bus", xid=79),
    "node": Kind("the node does not answer", of_gpu=False),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Seconds since the beginning; ``end`` infinite where nobody repairs it."""

    kind: str
    host: str
    index: int | None
    begin: float
    end: float = float("inf")

    @property
    def gpu(self) -> str:
        """``host:index``; of a node its host alone."""
        return self.host if self.index is None else f"{self.host}:{self.index}"

    def is_on(self, moment: float) -> bool:
        return self.begin <= moment < self.end

    def grown(self, moment: float) -> float:
        """How far it is, 0 to 1."""
        return min(1.0, max(0.0, (moment - self.begin) / GROW))

    def on(self, demand: Demand, moment: float) -> Demand:
        """What is asked of a GPU that has it, while it is on."""
        if self.kind == "fan":
            return demand._replace(fan_health=_LIMP)
        if self.kind == "fan-wear":
            return demand._replace(fan_health=1 - 0.5 * self.grown(moment))
        if self.kind == "paste":
            return demand._replace(paste=1 + 1.2 * self.grown(moment))
        if self.kind == "gsp":
            return demand._replace(work=0.0, restless=0.0)
        return demand


def parse(text: str) -> Fault:
    """``fan:node-2:3@120`` or ``node:node-1@5m+60``. Raises ValueError in words."""
    match = _SPEC.fullmatch(text)
    expected = "KIND:NODE:GPU@BEGIN such as fan:node-2:3@120, paste:node-1:0@5m+2h; node:node-2@300 of a whole node"
    if match is None or match["kind"] not in KINDS:
        raise ValueError(f"found {text!r}, expected {expected}; KIND one of {', '.join(KINDS)}")
    kind = KINDS[match["kind"]]
    if kind.of_gpu != (match["gpu"] is not None):
        raise ValueError(f"found {text!r}, expected {'a GPU' if kind.of_gpu else 'no GPU'} with {match['kind']}")
    begin = float(match["begin"]) if match["begin"].isdecimal() else float(span.parse(match["begin"]))
    end = begin + span.parse(match["length"]) if match["length"] else float("inf")
    index = int(match["gpu"]) if match["gpu"] is not None else None
    return Fault(match["kind"], host_of(match["node"]), index, begin, end)


def host_of(node: str) -> str:
    """A simulated node's host is a demonstration's, whatever it is called."""
    return node if node.startswith(DEMO_HOST_PREFIX) else DEMO_HOST_PREFIX + node


def labelled(faults: list[Fault], until: float) -> Iterator[tuple[str, str, str, float, float]]:
    """(gpu, kind, metric, begin, end) for the evaluation of detectors. What is hot stays so for a while."""
    for fault in faults:
        for kind, metric in KINDS[fault.kind].found_as:
            if fault.begin < until:
                yield fault.gpu, kind, metric, fault.begin, min(until, fault.end + 80)
