"""Is this finding of the detectors to be judged, and as of when? Pure.

A finding that goes on is told again and again: its ``id`` and start stay, its end moves and its severity may rise. What
has neither a later end nor another severity tells nothing new. A live one is judged as of its end, which is now; one of
an import as of its start, because they come in the order of their starts, and the later may lie within the earlier.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from kafka_consumers.admission import Admission
from kafka_consumers.alerts.config import Clocks
from kafka_consumers.alerts.track import Track
from telemetry.messages import Anomaly
from telemetry.timestamp import SECOND, parse_time

LATE = 600 * SECOND
"""A live finding that ended so long before the newest one is none of now. Detectors of windows come a minute or two
after those of readings, so ``clocks.late`` would be too short."""
_MOST_KNOWN = 500


class AdmittedFinding(NamedTuple):
    """``track`` has taken note of the finding where it is judged, and is the same as before where it is not."""

    admission: Admission
    track: Track
    start: int
    """Microseconds UTC, as ``end``."""
    end: int
    was_set_back: bool = False
    """The sender's clock was ahead and has been set right: what was timed by it starts anew."""


def admit_finding(track: Track, anomaly: Anomaly, arrived: int, clocks: Clocks) -> AdmittedFinding:
    """``arrived`` by Kafka's clock, in microseconds UTC."""
    start = parse_time(anomaly.start)
    end = start if anomaly.end is None else max(start, parse_time(anomaly.end))
    key = f"{anomaly.id}/{anomaly.severity}"
    if anomaly.is_taken_back or end <= track.seen.get(key, end - 1):
        return AdmittedFinding("duplicate", track, start, end)
    is_historical = anomaly.mode == "import"
    time = start if is_historical else end
    was_set_back = False
    if not is_historical:
        # Otherwise nothing would be judged until the true time has reached what the wrong clock showed.
        was_set_back = arrived >= track.arrived and track.clock > arrived + clocks.ahead >= time
        if not was_set_back and time < track.clock - LATE:
            return AdmittedFinding("late", track, start, end)
    # Never the same instant twice, so that what begins at it is named by it.
    clock = time if was_set_back else max(time, track.clock + 1)
    known = {} if was_set_back else track.seen
    if not is_historical:
        known = {each: at for each, at in known.items() if at >= clock - LATE}
    seen = dict([*known.items(), (key, end)][-_MOST_KNOWN:])
    admitted = replace(track, clock=clock, arrived=max(arrived, track.arrived), seen=seen)
    return AdmittedFinding("judged", admitted, start, end, was_set_back)
