"""An anomaly in one sentence that a person understands who knows games and not statistics. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, tzinfo

from spark_jobs.detectors import findings
from spark_jobs.detectors.changes import Episode
from telemetry.catalogue import Catalogue, Metric
from telemetry.messages import TAKEN_BACK
from telemetry.timestamp import EPOCH, SECOND

_COOLING = "look for dust, a fan that stands still, or paste that has dried"
_ADVICE = {
    "temperature": "the card is getting too hot, {cooling}",
    "load": "the card is at work all the time; if nobody gave it any, see which program does",
    "power": "normal for a large card under full load; if it is new, see whether a power limit was raised",
    "memory": "the next texture or model will not fit, so lower the texture quality or close a program",
    "voltage": "the power supply or a cable gives way, reseat the plugs before you play on",
}


def sentence(anomaly: Episode, catalogue: Catalogue, zone: tzinfo) -> str:
    """``anomaly`` in words; times of day in ``zone``."""
    return _OF_KIND[anomaly.kind](anomaly, _Words(anomaly, catalogue, zone))


def taken_back(anomaly: Episode, zone: tzinfo) -> str:
    """What is said of an anomaly when readings that came late have made it another one, or none."""
    return f"{TAKEN_BACK}: readings that came late tell of {_clock(anomaly.start, zone)} otherwise."


class _Words:
    """The parts of a sentence."""

    def __init__(self, anomaly: Episode, catalogue: Catalogue, zone: tzinfo) -> None:
        self.metric: Metric | None = catalogue.get(anomaly.metric)
        # A sensor that the catalogue does not know has no label and no unit.
        self.label = self.metric.label if self.metric else anomaly.metric.replace("_", " ")
        self._unit = catalogue.unit_of(self.metric) if self.metric else None
        self.lasted = _duration(anomaly.end - anomaly.start)
        self.began = _clock(anomaly.start, zone)
        self.worst = _clock(anomaly.peak, zone)

    def number(self, value: float | None) -> str:
        if value is None:
            return "an unknown value"
        if self._unit is None:
            return f"{value:g}"
        return f"{value:.{self._unit.decimals}f} {self._unit.symbol}".rstrip()

    def level(self, value: float | None) -> str:
        """A limit: with no more digits than it has."""
        return f"{value:g} {self._unit.symbol}".rstrip() if self._unit and value is not None else self.number(value)


def _limit(anomaly: Episode, words: _Words) -> str:
    below = anomaly.value is not None and anomaly.limit is not None and anomaly.value < anomaly.limit
    side, extreme = ("below", "lowest") if below else ("above", "peak")
    advice = _ADVICE.get(words.metric.kind if words.metric else "", "worth a look").format(cooling=_COOLING)
    return (
        f"{words.label} {side} {words.level(anomaly.limit)} for {words.lasted}, {extreme} "
        f"{words.number(anomaly.value)} at {words.worst}: {advice}."
    )


def _throttle(anomaly: Episode, words: _Words) -> str:
    reason = words.metric.bits.get(anomaly.bit, f"bit {anomaly.bit}") if words.metric else f"bit {anomaly.bit}"
    usual = words.metric is not None and anomaly.bit in words.metric.expected_throttling
    advice = "normal at full work, and the price is some frames" if usual else f"frames are lost, {_COOLING}"
    return f"The card held its clocks back ({reason}) for {words.lasted} from {words.began}: {advice}."


def _implausible(_anomaly: Episode, words: _Words) -> str:
    return (
        f"{words.label} showed values that cannot be, for {words.lasted} from {words.began}: they were dropped; "
        "the sensor or its driver lies, not the card."
    )


def _rate(anomaly: Episode, words: _Words) -> str:
    return (
        f"{words.label} jumped by {words.number(anomaly.value)} within a second at {words.began}: no chip is so fast, "
        "most likely a bad read of the sensor; if it stays there, the cooler has come off."
    )


def _stuck(anomaly: Episode, words: _Words) -> str:
    return (
        f"{words.label} stood still at {words.number(anomaly.value)} for {words.lasted} from {words.began} while the "
        "load went up and down: the sensor is stuck, so do not trust what it shows."
    )


def _hot(anomaly: Episode, words: _Words) -> str:
    return (
        f"{words.label} {words.number(anomaly.value)} at {words.worst} where {words.number(anomaly.limit)} is usual at "
        f"this load, for {words.lasted} from {words.began}: {_COOLING}."
    )


def _shift(anomaly: Episode, words: _Words) -> str:
    rose = (anomaly.value or 0.0) > (anomaly.limit or 0.0)
    return (
        f"{words.label} went {'up' if rose else 'down'} from {words.number(anomaly.limit)} to "
        f"{words.number(anomaly.value)} around {words.began} and stayed there at the same load: something about the "
        "card or its surroundings has changed."
    )


_OF_KIND: dict[str, Callable[[Episode, _Words], str]] = {
    findings.LIMIT: _limit,
    findings.THROTTLE: _throttle,
    findings.IMPLAUSIBLE: _implausible,
    findings.RATE: _rate,
    findings.STUCK: _stuck,
    findings.HOT: _hot,
    findings.SHIFT: _shift,
}


def _clock(microseconds: int, zone: tzinfo) -> str:
    try:
        return (EPOCH + timedelta(microseconds=microseconds)).astimezone(zone).strftime("%H:%M")
    except OverflowError:
        # The first and the last hours of time have no local time everywhere.
        return "an unknown time"


def _duration(microseconds: int) -> str:
    seconds = max(1, round(microseconds / SECOND))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
