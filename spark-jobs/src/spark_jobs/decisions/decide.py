"""What is known of a GPU -> an action, with its money and its doubts in words. Pure."""

from __future__ import annotations

from typing import NamedTuple

from spark_jobs.decisions.costs import HOURS, Action, Case, Seen, case, cheapest, yearly_costs
from spark_jobs.decisions.economics import OTHER, Economics
from spark_jobs.decisions.flips import flips

_WORDS: dict[Action, str] = {
    "keep": "Keep it as it is",
    "watch": "Watch it: closer checkpoints, a spare ready",
    "repair": "Have it repaired",
    "move": "Move its workload to another GPU",
    "retire": "Retire it and buy its successor",
}
_NO_DOUBT = "No single number, within ten times what it is, would choose another action."


class Advice(NamedTuple):
    action: Action
    yearly_cost: dict[Action, float]
    reasons: list[str]
    flips: list[str]


def decide(seen: Seen, economics: Economics) -> Advice:
    of = case(seen, economics)
    costs = yearly_costs(of)
    action = cheapest(costs)
    doubts = [each.sentence() for each in flips(of)]
    return Advice(action, costs, _reasons(seen, of, costs, economics), doubts or [_NO_DOUBT])


def _reasons(seen: Seen, of: Case, costs: dict[Action, float], economics: Economics) -> list[str]:
    money = economics.currency
    first, second = sorted(costs, key=lambda each: costs[each])[:2]
    action = cheapest(costs)
    other = second if first == action else first
    said = [
        f"{_WORDS[action]}: {costs[action]:,.0f} {money} in a year; the next, {other}, {costs[other]:,.0f}.",
        _risk(seen, economics),
        f"Energy {of.watts * HOURS / 1000 * of.energy_price:,.0f} {money} in a year at {of.watts:.0f} W on average"
        f"{' (by its data sheet and its load: nobody measures it)' if seen.watts is None else ''}; "
        f"{of.resale * of.loss:,.0f} of its value go with the year.",
    ]
    if of.held > 0:
        share = of.worth * of.busy * HOURS * of.held * of.held_back
        said.append(f"Its clocks are held back for {of.held:.1%} of the time: {share:,.0f} {money} of work in a year.")
    name = economics.name_of(seen.model)
    own = economics.models[name]
    if own.successor:
        later = economics.models[own.successor]
        ratio = (later.performance.value / later.power.value) / (own.performance.value / own.power.value)
        said.append(f"Its successor, {own.successor}, does {ratio:.1f} times the work with a watt.")
    if name == OTHER:
        said.append(
            f"config/economics.yaml does not know {seen.model or 'its model'}: the figures are those of `other`."
        )
    return said


def _risk(seen: Seen, economics: Economics) -> str:
    if seen.probability is None:
        usual = economics.failures_per_year.value
        return f"No model of failures was trained: {usual:g} failures in a year stand for its risk, as published."
    days = seen.horizon_hours / 24
    within = f"{seen.horizon_hours} hours" if days < 2 else f"{days:g} days"
    return f"It fails within {within} with a probability of {seen.probability:.1%}."
