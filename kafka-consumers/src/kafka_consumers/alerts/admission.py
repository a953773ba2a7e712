"""Is this reading to be judged, and as of when? Pure.

A reading is known by its origin's newest time, because ``time`` is unique per GPU and rises with the rows of an
origin: sent twice it changes nothing. Sources of one GPU differ by some seconds, so a reading a little behind another
source's is judged as of the track's clock, and one far behind is not judged at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

from kafka_consumers.alerts.config import Clocks
from kafka_consumers.alerts.track import Track

Admission = Literal["judged", "duplicate", "late"]


class Admitted(NamedTuple):
    """``track`` has taken note of the reading where it is judged, and is the same as before where it is not."""

    admission: Admission
    track: Track
    was_set_back: bool = False
    """The sender's clock was ahead and has been set right: what was timed by it starts anew."""


def admit(track: Track, origin: str, time: int, arrived: int, clocks: Clocks) -> Admitted:
    """``time`` by the sender's clock, ``arrived`` by Kafka's, in microseconds UTC."""
    newest = track.seen.get(origin)
    if newest is not None and time <= newest:
        # A record that Kafka took before what was judged last proves nothing: it is being read again.
        is_next = track.mode != "import" and arrived >= track.arrived
        if is_next and newest > arrived + clocks.ahead >= time:
            # Otherwise this GPU would not be judged until the true time has reached what the wrong clock showed.
            return Admitted("judged", replace(track, clock=time, arrived=arrived, seen={origin: time}), True)
        return Admitted("duplicate", track)
    if time < track.clock - clocks.late:
        return Admitted("late", track)
    # Never the same instant twice, so that an alert's start names it.
    clock = max(time, track.clock + 1)
    if len(track.seen) == 1 and newest is not None:
        seen = {origin: time}
    else:
        kept = {each: at for each, at in track.seen.items() if at >= clock - clocks.late}
        seen = {**kept, origin: time}
    return Admitted("judged", replace(track, clock=clock, arrived=max(arrived, track.arrived), seen=seen))
