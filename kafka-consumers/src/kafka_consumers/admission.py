"""Is this reading to be judged, and as of when? Pure.

A reading is known by its origin's newest time, because ``time`` is unique per GPU and rises with the rows of an
origin: sent twice it changes nothing. Sources of one GPU differ by some seconds, so a reading a little behind another
source's is judged as of the track's clock, and one far behind is not judged at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from telemetry.reading import Mode

Admission = Literal["judged", "duplicate", "late"]


class Tolerance(Protocol):
    """How far apart the clocks of a GPU's sources may be, in microseconds."""

    @property
    def late(self) -> int:
        """A reading behind another source's newest by more than this is not judged."""
        ...

    @property
    def ahead(self) -> int:
        """A sender whose clock is ahead by more than this may set it back."""
        ...


class Times(NamedTuple):
    """What a track knows of time; microseconds UTC."""

    clock: int
    """The event time up to which it has been judged."""
    arrived: int
    """Kafka's time of the newest reading that was judged."""
    seen: Mapping[str, int]
    """Origin -> its newest reading. An origin that is too far behind the clock is forgotten: it would be late."""


class Admitted(NamedTuple):
    """``times`` after the reading where it is judged, and as before where it is not."""

    admission: Admission
    times: Times
    was_set_back: bool = False
    """The sender's clock was ahead and has been set right: what was timed by it starts anew."""


def admit(mode: Mode, times: Times, origin: str, time: int, arrived: int, clocks: Tolerance) -> Admitted:
    """``time`` by the sender's clock, ``arrived`` by Kafka's."""
    newest = times.seen.get(origin)
    if newest is not None and time <= newest:
        # A record that Kafka took before what was judged last proves nothing: it is being read again.
        is_next = mode != "import" and arrived >= times.arrived
        if is_next and newest > arrived + clocks.ahead >= time:
            # Otherwise this GPU would not be judged until the true time has reached what the wrong clock showed.
            return Admitted("judged", Times(time, arrived, {origin: time}), True)
        return Admitted("duplicate", times)
    if time < times.clock - clocks.late:
        return Admitted("late", times)
    # Never the same instant twice, so that what begins at it is named by it.
    clock = max(time, times.clock + 1)
    if len(times.seen) == 1 and newest is not None:
        seen: Mapping[str, int] = {origin: time}
    else:
        kept = {each: at for each, at in times.seen.items() if at >= clock - clocks.late}
        seen = {**kept, origin: time}
    return Admitted("judged", Times(clock, max(arrived, times.arrived), seen))
