"""A deadline for what has none of its own: the reader of the lake waits for ever for a server that was killed while it
answered."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from telemetry.errors import Unavailable

T = TypeVar("T")


def in_time(work: Callable[[], T], seconds: float, what: str) -> T:
    """What ``work`` returns or raises. Raises Unavailable where it takes longer than ``seconds``; it is left to itself
    then, and does not keep the process from its end."""
    outcomes: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcomes.put((work(), None))
        except BaseException as error:
            outcomes.put((None, error))

    Thread(target=run, name=what, daemon=True).start()
    try:
        found, error = outcomes.get(timeout=seconds)
    except Empty:
        raise Unavailable(f"{what} did not answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return found  # type: ignore[return-value]  # None only where T is
