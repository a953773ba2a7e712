"""GPUs that fell silent: one while its node goes on, or all of a node. Pure.

Silence is measured by the time at which Kafka took the readings, so a sender's clock has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kafka_consumers.events.config import LostRule


class Sign(NamedTuple):
    """The last that was heard of a GPU; microseconds."""

    gpu: str
    arrived: int
    every: int
    """What lies between two of its readings."""
    is_lost: bool
    """Already told."""


class Lost(NamedTuple):
    gpus: tuple[str, ...]
    text: str
    is_node: bool


def of_node(signs: Sequence[Sign], now: int, rule: LostRule, *, may_vanish: bool) -> list[Lost]:
    """What of a node (its GPUs, of sources that do not end by nature) is newly lost by ``now``.

    ``may_vanish``: the whole of it can be missed, too; a demonstration is switched off by people.
    """
    if not signs:
        return []
    newest = max(sign.arrived for sign in signs)
    if now - newest >= max(rule.node_for, rule.min_consecutive * min(sign.every for sign in signs)):
        fresh = tuple(sign.gpu for sign in signs if not sign.is_lost)
        if not fresh or not may_vanish:
            return []
        words = f"nothing from any of the node's {len(signs)} GPUs for {_span(now - newest)}"
        return [Lost(fresh, words, is_node=True)]
    found = []
    for sign in signs:
        silence = newest - sign.arrived
        # By what the others have sent since, not by the clock: a collector that stands still loses no GPU.
        if not sign.is_lost and silence >= max(rule.gpu_for, rule.min_consecutive * sign.every):
            others = sum(newest - other.arrived < rule.gpu_for for other in signs)
            words = f"nothing for {_span(silence)}, while {others} of its node's {len(signs)} GPUs go on"
            found.append(Lost((sign.gpu,), words, is_node=False))
    return found


def is_collector(nodes: Iterable[Sequence[Sign]], now: int, rule: LostRule) -> bool:
    """Whether all nodes of a source are silent: three or more at once are the fault of who reads them."""
    newest = [max(sign.arrived for sign in signs) for signs in nodes if signs]
    return len(newest) >= _MANY and all(now - at >= rule.gpu_for for at in newest)


_MANY = 3


def _span(microseconds: int) -> str:
    seconds = microseconds // 1_000_000
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"
