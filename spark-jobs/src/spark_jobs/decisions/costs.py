"""What each action would cost in a year. Every cost is linear in every single number, so sensitivity is exact. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from spark_jobs.decisions.economics import Economics

Action = Literal["keep", "watch", "repair", "move", "retire"]
ACTIONS: tuple[Action, ...] = ("keep", "watch", "repair", "move", "retire")
"""Of two that cost the same, the one that stands first: the one that changes less."""
HOURS = 8760.0
"""Of a year."""


class Case(NamedTuple):
    """A GPU and the prices around it, all numbers that a cost is made of. Money in one currency."""

    probability: float
    """That it fails within ``horizon_days``; 0 where nobody knows."""
    horizon_days: float
    """0 where nobody knows."""
    failures_per_year: float
    """Of a GPU of which nothing is known."""
    watts: float
    """Its mean draw."""
    busy: float
    """Its mean load, 0 to 1."""
    held: float
    """Share of the time in which heat or hardware held its clocks back."""
    energy_price: float
    """Per kWh of the GPU, the building's overhead included."""
    worth: float
    """Of an hour of its work at full load."""
    resale: float
    price: float
    """Of what would take its place, for the same work."""
    successor_watts: float
    """What that would draw for the same work."""
    loss: float
    """Share of its value that a card loses in a year."""
    held_back: float
    """Share of the speed that is lost while it is held."""
    work_lost: float
    """GPU hours that a failure takes from its job."""
    hours_down: float
    hands: float
    parts: float
    """Share of the resale value."""
    watch_cost: float
    watch_saves: float
    repair_cost: float
    repair_hours: float
    repair_works: float
    move_days: float
    move_worth_lost: float
    retire_hours: float
    retire_hands: float
    sale: float
    """Share of the resale value."""


class Seen(NamedTuple):
    """What is known of a GPU; ``probability`` None: no model of failures was trained."""

    model: str | None
    watts: float | None
    """None: nobody measures it; then its data sheet and its load stand for it."""
    busy: float
    held: float
    probability: float | None = None
    horizon_hours: int = 0


def case(seen: Seen, economics: Economics) -> Case:
    own = economics.models[economics.name_of(seen.model)]
    successor = economics.models[own.successor] if own.successor else own
    of_it = own.performance.value / successor.performance.value
    """The part of a successor that does the same work."""
    per_watt = (own.performance.value / own.power.value) / (successor.performance.value / successor.power.value)
    failure = economics.failure
    watts = own.power.value * seen.busy if seen.watts is None else seen.watts
    return Case(
        probability=seen.probability or 0.0,
        horizon_days=seen.horizon_hours / 24 if seen.probability is not None else 0.0,
        failures_per_year=economics.failures_per_year.value,
        watts=watts,
        busy=seen.busy,
        held=seen.held,
        energy_price=economics.energy.price_per_kwh.value * economics.energy.overhead.value,
        worth=own.worth_per_hour.value,
        resale=own.resale.value,
        price=successor.price.value * of_it,
        successor_watts=watts * per_watt,
        loss=economics.loss_per_year.value,
        held_back=economics.held_back.value,
        work_lost=failure.hours_of_work_lost.value * failure.gpus_of_a_job.value,
        hours_down=failure.hours_down.value,
        hands=failure.hands.value,
        parts=failure.parts.value,
        watch_cost=economics.watch.cost.value,
        watch_saves=economics.watch.saves.value,
        repair_cost=economics.repair.cost.value,
        repair_hours=economics.repair.hours_down.value,
        repair_works=economics.repair.works.value,
        move_days=economics.move.days.value,
        move_worth_lost=economics.move.worth_lost.value,
        retire_hours=economics.retire.hours_down.value,
        retire_hands=economics.retire.hands.value,
        sale=economics.retire.sale.value,
    )


def yearly_costs(of: Case) -> dict[Action, float]:
    """Action -> cost of a year.

    A failure that is foreseen comes once, with its probability; beyond the horizon the usual number of failures is to
    be expected. Energy, what heat takes from the work and what the card loses in value are in all of them.
    """
    later = of.failures_per_year * (1 - of.horizon_days / 365)
    expected = of.probability + later
    work = of.worth * of.busy
    lost_work = of.work_lost * of.worth
    trouble = of.hours_down * work + of.hands
    parts = of.parts * of.resale
    failure = lost_work + trouble + parts
    held = work * HOURS * of.held * of.held_back
    stands = of.watts * HOURS / 1000 * of.energy_price + of.resale * of.loss
    moved = of.move_days / 365
    return {
        "keep": stands + held + expected * failure,
        "watch": stands + held + of.watch_cost + expected * (failure - of.watch_saves * (lost_work + trouble)),
        "repair": stands
        + held * (1 - of.repair_works)
        + of.repair_cost
        + of.repair_hours * work
        + (of.probability * (1 - of.repair_works) + later) * failure,
        "move": stands
        + held * (1 - moved)
        + of.move_days * 24 * work * of.move_worth_lost
        + of.probability * (failure - lost_work)
        + later * failure,
        "retire": of.successor_watts * HOURS / 1000 * of.energy_price
        + of.price * of.loss
        + of.resale * of.sale
        + of.retire_hours * work
        + of.retire_hands
        + of.failures_per_year * (lost_work + trouble + of.parts * of.price),
    }


def cheapest(costs: dict[Action, float]) -> Action:
    return min(ACTIONS, key=costs.__getitem__)
