"""Bursts of one thing on one GPU: an event with a beginning, an end and a count, however many edges it has. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Burst:
    """Times in microseconds UTC, by the readings' clock."""

    first: int
    last: int
    count: int
    text: str
    readings: int = 1
    """That had a part in it."""
    is_on: bool = False
    """Of what begins and ends: whether the newest reading had it."""
    needs: int = 1
    """It is an event once so many readings had a part in it."""
    told_at: int = 0
    told: tuple[int, int] = (0, 0)
    """(count, last) when it was told; a count of 0: never."""


Bursts = dict[str, Burst]
"""``kind/number`` -> the one that goes on."""


def key(kind: str, number: int) -> str:
    return f"{kind}/{number}"


def happened(bursts: Bursts, name: str, time: int, count: int, text: str) -> None:
    """``count`` of them at ``time``."""
    burst = bursts.get(name)
    if burst is None:
        bursts[name] = Burst(time, time, count, text)
    else:
        burst.last = max(burst.last, time)
        burst.count += count
        burst.readings += 1
        burst.text = text


def is_on(bursts: Bursts, name: str, time: int, needs: int, text: str) -> None:
    """This reading has it: an edge where the one before had not."""
    burst = bursts.get(name)
    if burst is None:
        bursts[name] = Burst(time, time, 1, text, is_on=True, needs=needs)
        return
    burst.last = max(burst.last, time)
    burst.readings += 1
    if not burst.is_on:
        burst.count += 1
        burst.is_on = True


def is_off(bursts: Bursts, name: str) -> None:
    """This reading has it not; the burst goes on for the gap."""
    if (burst := bursts.get(name)) is not None:
        burst.is_on = False


def close(bursts: Bursts, time: int, gap: int) -> Iterator[tuple[str, Burst]]:
    """Those that are over by ``time`` leave; given is what of them is still to be told."""
    for name in [name for name, burst in bursts.items() if time - burst.last > gap]:
        burst = bursts.pop(name)
        if _is_event(burst) and burst.told != (burst.count, burst.last):
            yield name, burst


def due(bursts: Bursts, time: int, tell_every: int) -> Iterator[tuple[str, Burst]]:
    """Those that are new, or have grown and were not told for ``tell_every``."""
    for name, burst in bursts.items():
        is_new = not burst.told[0]
        if not _is_event(burst) or burst.told == (burst.count, burst.last):
            continue
        if is_new or time - burst.told_at >= tell_every:
            burst.told, burst.told_at = (burst.count, burst.last), time
            yield name, burst


def _is_event(burst: Burst) -> bool:
    return burst.readings >= burst.needs
