"""Health as people read it: the state of a score, components, money, chances."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.card_words import number
from dashboard.health_levels import LIMITS
from dashboard.pages.states import State
from dashboard.stores.health import Risk
from telemetry.health import HealthReason

OF_SCORE = {
    None: State("Well", "good", "good"),
    "warning": State("Worth a look", "warning", "warning"),
    "critical": State("Poor", "critical", "critical"),
}
OF_ACTION = {
    "keep": State("Keep", "good", "good"),
    "watch": State("Watch", "acknowledged", "note"),
    "repair": State("Repair", "warning", "warning"),
    "move": State("Move its work", "next", "warning"),
    "retire": State("Retire", "critical", "critical"),
}
_DAY = 24


def state(score: float) -> State:
    return OF_SCORE[LIMITS.judge(score)]


def score(value: float) -> str:
    """Never 100 of what is not, nor 80 of what is below."""
    return str(int(value))


def component(name: str) -> str:
    return name.replace("_", " ").capitalize()


def points(reason: HealthReason) -> str:
    """``−18``, with a real minus; ``−0.5`` where a whole number would say nothing."""
    taken = -reason.points
    return f"−{taken:.0f}" if taken >= 1 or not taken else f"−{taken:.1f}"


def reason(told: HealthReason) -> str:
    return f"{points(told)}: {told.sentence}"


def chance(probability: float) -> str:
    """``4.2 %``; never 0 % of what is possible, nor 100 % of what is not sure."""
    percent = 100 * probability
    if 0 < percent < 0.1:
        return "under 0.1 %"
    if 99.9 < percent < 100:
        return "over 99.9 %"
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def horizon(hours: int) -> str:
    if hours % _DAY:
        return f"{hours} hours" if hours != 1 else "hour"
    return f"{hours // _DAY} days" if hours != _DAY else "day"


def risk(told: Risk) -> str:
    return f"{chance(told.probability)} within the next {horizon(told.horizon_hours)}"


def money(amount: float, currency: str) -> str:
    return number(amount, 0, currency)


def costs(yearly: Mapping[str, float]) -> list[tuple[str, float]]:
    """(action, a year's cost), the cheapest first."""
    return sorted(yearly.items(), key=lambda pair: (pair[1], pair[0]))
