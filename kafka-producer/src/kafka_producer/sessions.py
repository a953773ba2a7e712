"""When a log was recorded: stretches of time without a long gap. Two logs of one card have none in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from telemetry.timestamp import SECOND

GAP = 300 * SECOND
"""A longer pause ends a session; GPU-Z writes at least each minute."""
MOST = 500
"""A log of more sessions has its shortest gaps closed."""


class Session(NamedTuple):
    """Microseconds UTC of the first and the last row."""

    first: int
    last: int


Sessions = tuple[Session, ...]
"""Sorted and apart."""


def merged(sessions: Iterable[Session], gap: int = GAP) -> Sessions:
    """Those that touch or have no more than ``gap`` between them become one."""
    found: list[Session] = []
    for session in sorted(sessions):
        if found and session.first - found[-1].last <= gap:
            found[-1] = Session(found[-1].first, max(found[-1].last, session.last))
        else:
            found.append(session)
    return merged(found, gap * 4) if len(found) > MOST else tuple(found)


def overlap(ours: Sessions, theirs: Sessions) -> Session | None:
    """A stretch that both cover."""
    left, right = list(ours), list(theirs)
    while left and right:
        first, last = max(left[0].first, right[0].first), min(left[0].last, right[0].last)
        if first <= last:
            return Session(first, last)
        (left if left[0].last < right[0].last else right).pop(0)
    return None


def current(sessions: Sessions, gap: int) -> Session | None:
    """The newest one, with those before it that no longer pause than ``gap`` parts from it."""
    return merged(sessions, gap)[-1] if sessions else None


def since(sessions: Sessions, after: int | None) -> Sessions:
    """What lies behind an instant; all of it, where none is given."""
    if after is None:
        return sessions
    return tuple(Session(max(first, after + 1), last) for first, last in sessions if last > after)
