"""Is this reading to be judged, and as of when? Of a track (kafka_consumers/admission.py has the rules). Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from kafka_consumers import admission
from kafka_consumers.admission import Admission, Times
from kafka_consumers.alerts.config import Clocks
from kafka_consumers.alerts.track import Track


class Admitted(NamedTuple):
    """``track`` has taken note of the reading where it is judged, and is the same as before where it is not."""

    admission: Admission
    track: Track
    was_set_back: bool = False
    """The sender's clock was ahead and has been set right: what was timed by it starts anew."""


def admit(track: Track, origin: str, time: int, arrived: int, clocks: Clocks) -> Admitted:
    """``time`` by the sender's clock, ``arrived`` by Kafka's, in microseconds UTC."""
    before = Times(track.clock, track.arrived, track.seen)
    verdict, times, was_set_back = admission.admit(track.mode, before, origin, time, arrived, clocks)
    if verdict != "judged":
        return Admitted(verdict, track)
    admitted = replace(track, clock=times.clock, arrived=times.arrived, seen=times.seen)
    return Admitted(verdict, admitted, was_set_back)
