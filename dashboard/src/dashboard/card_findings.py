"""What stands out in a session: the sentences at the top of a card."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dashboard.card import Card, Exceeded
from dashboard.card_builder import BUSY_KINDS
from dashboard.card_words import cost, duration, energy, few, listing, number, share, short_moment

Tone = Literal["critical", "warning", "good", "plain"]


class Finding(NamedTuple):
    tone: Tone
    text: str


def findings(card: Card) -> list[Finding]:
    """The worst first; at least one."""
    faults = [each for each in card.exceeded if each.is_fault]
    critical = {each.sensor.name for each in faults if each.severity == "critical"}
    found = [_beyond(card, each) for each in faults if each.severity == "critical" or each.sensor.name not in critical]
    throttled = throttling_sentence(card)
    if throttled is not None:
        found.append(throttled)
    if not faults:
        checked = [sensor.label for sensor, _ in card.within if sensor.kind not in BUSY_KINDS]
        some = f" ({few(checked, 4)})" if checked else ""
        found.append(Finding("good", f"Nothing went beyond its limits{some}."))
    found += [Finding("warning", lie) for lie in card.quality.lies]
    return sorted(found, key=lambda each: ("critical", "warning", "good", "plain").index(each.tone))


def _beyond(card: Card, each: Exceeded) -> Finding:
    sensor = each.sensor
    level = number(each.level, _level_decimals(each.level), sensor.symbol)
    worst = number(each.worst.value, sensor.decimals, sensor.symbol)
    extreme = "peak" if each.direction == "above" else "lowest"
    when = short_moment(each.worst.at, card)
    return Finding(
        each.severity,
        f"{sensor.label} stood {each.direction} {level} for {duration(each.seconds)}, {extreme} {worst} at {when}.",
    )


def _level_decimals(level: float) -> int:
    return 0 if level == int(level) else 1


def throttling_sentence(card: Card) -> Finding | None:
    """Whether the clocks were held back and why; None where there is nothing that could be."""
    if card.throttling is None:
        if not any(sensor.kind == "clock" for sensor in card.sensors):
            return None
        return Finding("plain", "No sensor of this log says why clocks are low, so nobody knows whether it throttled.")
    reasons = [each for each in card.throttling.reasons if each.is_throttling and each.seconds > 0]
    if not reasons:
        return Finding("good", "Never throttled.")
    why = listing([f"{each.words} ({duration(each.seconds)})" if len(reasons) > 1 else each.words for each in reasons])
    part = share(card.throttling.seconds, card.seconds)
    return Finding("warning", f"Throttled for {duration(card.throttling.seconds)} ({part} of the time): {why}.")


def energy_sentence(card: Card) -> str:
    """How much energy the session took and what it cost, or why nobody knows."""
    if card.energy is None:
        return card.no_energy
    known = f", known for {duration(card.energy.seconds)}" if card.energy.seconds < 0.98 * card.seconds else ""
    price = cost(card.energy.cost, card.energy.currency)
    return f"{energy(card.energy.kwh)} for {price}, by {card.energy.label}{known}."
