"""Passes over a log: the one that was interrupted, or a new one with its anchor; what its times follow from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kafka_producer.mode_of_log import base_of
from kafka_producer.pace import Playback, Speed, TimeKind, parse_speed, shifted, speed_text
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.replay_plan import Planned
from kafka_producer.sources.logs.file import NO_LIMIT
from kafka_producer.sources.logs.log import Pass
from telemetry.errors import Rejected
from telemetry.reading import FUTURE_TOLERANCE, Mode, mode_of, split_gpu
from telemetry.timestamp import SECOND

if TYPE_CHECKING:  # a look at a log needs no database
    from kafka_producer.progress import Progress


class Wish(NamedTuple):
    """How the logs of a replay are to be played."""

    kind: TimeKind
    speed: Speed
    loop: bool


def current(planned: Planned, stream: Stream, wish: Wish, progress: Progress, now: int) -> PassState:
    """The pass that was interrupted, else a new one; it is remembered before this returns.

    Raises Rejected(``other_zone``) where the log was sent with its times read in another zone: the same readings
    would get other times.
    """
    latest = progress.latest(stream)
    zone, speed = str(planned.file.zone), speed_text(wish.speed)
    if wish.kind == "now":
        goes_on = latest is not None and not latest.finished and (latest.speed, latest.zone) == (speed, zone)
        state = latest if latest is not None and goes_on else new(planned, wish, latest, now)
        if state is not latest:
            progress.begin(stream, state, planned.file.name, now)
        return state
    if latest is None:
        latest = new(planned, wish, None, now)
        progress.begin(stream, latest, planned.file.name, now)
    if latest.zone != zone:
        detail = f"{planned.file.name}: its times were read as {latest.zone} before, now as {zone}"
        raise Rejected("other_zone", f"{detail}: keep to {latest.zone}, or give it another --gpu")
    return latest


def new(planned: Planned, wish: Wish, before: PassState | None, now: int) -> PassState:
    """A pass that begins now. In a loop its times lie behind all times of the pass ``before``."""
    host, _ = split_gpu(planned.gpu)
    zone, speed = str(planned.file.zone), speed_text(wish.speed)
    first = planned.survey.first
    if wish.kind == "original":
        return PassState(0, 0, speed, zone, base_of(planned.gpu), 0, None, False)
    # Not counted from 1: if the state directory is lost, an old identity must not get a new time.
    number = max(now // SECOND, before.number + 1 if before else 0)
    earliest = before.last + SECOND if wish.loop and before is not None and before.last is not None else 0
    if wish.speed == "max":
        exact = planned.file.newest(NO_LIMIT)
        anchor = max(now - (exact or 0), earliest - (first or 0))
    else:
        anchor = max(now, earliest)
    return PassState(number, anchor, speed, zone, mode_of(host, now, now), 0, None, False)


def run_of(planned: Planned, stream: Stream, state: PassState, now: int) -> Pass:
    """What the log needs to know of a pass: all of it follows from what was stored."""
    origin = f"{stream.fingerprint}/{state.number}"
    if stream.kind == "original":
        # Which of them are live is known of the log; an earlier version stored it here.
        mode: Mode = "demo" if state.mode == "demo" else "import"
        return Pass(origin, stream.gpu, mode, planned.model, now + FUTURE_TOLERANCE)
    speed = parse_speed(state.speed)
    # ``anchor`` is what to add at full speed, and the instant of the first reading at any other.
    place = shifted(0, state.anchor) if speed == "max" else Playback(state.anchor, speed).at
    return Pass(origin, stream.gpu, state.mode, planned.model, NO_LIMIT, place)
