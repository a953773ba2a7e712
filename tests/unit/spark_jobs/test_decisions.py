"""Decisions: their arithmetic by hand, what a higher risk may never do, the exact number at which another is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from spark_jobs.decisions import economics
from spark_jobs.decisions.costs import ACTIONS, Case, Seen, case, cheapest, yearly_costs
from spark_jobs.decisions.decide import decide
from spark_jobs.decisions.flips import KNOBS, flips
from telemetry.errors import Misconfigured

CONFIG = Path(__file__).parents[3] / "config"
PRICES, VERSION = economics.load(CONFIG)
EASY = Case(
    probability=0.5, horizon_days=0.0, failures_per_year=0.5, watts=1000.0, busy=0.5, held=0.0, energy_price=0.1,
    worth=2.0, resale=1000.0, price=4000.0, successor_watts=500.0, loss=0.25, held_back=0.3, work_lost=100.0,
    hours_down=20.0, hands=80.0, parts=0.1, watch_cost=30.0, watch_saves=0.5, repair_cost=150.0, repair_hours=10.0,
    repair_works=0.8, move_days=73.0, move_worth_lost=0.1, retire_hours=10.0, retire_hands=90.0, sale=0.1,
)  # fmt: skip
"""A failure costs 200 of work, 20 + 80 of trouble, 100 of parts: 400. To stand costs 876 of energy and 250 of value."""
A100 = "NVIDIA A100-SXM4-80GB"


def test_costs_by_hand() -> None:
    assert yearly_costs(EASY) == pytest.approx(
        {
            # One failure is to be expected: 0.5 that is foreseen, 0.5 of the year.
            "keep": 876 + 250 + 400,
            # Half of the work and the trouble is saved.
            "watch": 876 + 250 + 30 + 400 - 0.5 * 300,
            # A fifth of the foreseen half is left, and the year's half.
            "repair": 876 + 250 + 150 + 10 + 0.6 * 400,
            # Of the foreseen one the work is elsewhere; 73 days at a tenth of the worth.
            "move": 876 + 250 + 73 * 24 * 0.1 + 0.5 * 200 + 0.5 * 400,
            # Half the energy, a quarter of 4000; parts of the dearer card are 400.
            "retire": 438 + 1000 + 100 + 10 + 90 + 0.5 * (300 + 400),
        }
    )
    assert cheapest(yearly_costs(EASY)) == "watch"


def test_what_heat_holds_back_costs_work_and_a_repair_takes_most_of_it_away() -> None:
    cool, hot = yearly_costs(EASY), yearly_costs(EASY._replace(held=0.1))
    lost = 8760 * 0.1 * 0.3
    assert hot["keep"] - cool["keep"] == pytest.approx(lost)
    assert hot["repair"] - cool["repair"] == pytest.approx(lost * 0.2)
    assert hot["move"] - cool["move"] == pytest.approx(lost * 0.8)
    assert hot["retire"] == cool["retire"]


def test_the_usual_failures_are_those_beyond_the_horizon() -> None:
    near, far = yearly_costs(EASY), yearly_costs(EASY._replace(horizon_days=36.5))
    assert near["keep"] - far["keep"] == pytest.approx(0.05 * 400)


@pytest.mark.parametrize("model", [A100, "NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 4090", "GeForce GTX 970", None])
def test_a_higher_risk_never_makes_it_cheaper_to_keep_a_gpu(model: str | None) -> None:
    steps = [case(Seen(model, 300.0, 0.7, 0.02, n / 50, 168), PRICES) for n in range(51)]
    costs = [yearly_costs(each) for each in steps]
    for action in ("keep", "watch", "repair", "move"):
        rising = [each[action] for each in costs]
        assert rising == sorted(rising)
    # Nothing rises faster, so once it is not kept it never is again.
    chosen = [cheapest(each) for each in costs]
    assert "keep" not in chosen[chosen.count("keep") :]
    gaps = [each["keep"] - min(each.values()) for each in costs]
    assert gaps == sorted(gaps)


def test_dearer_energy_speaks_for_what_draws_less() -> None:
    dear = yearly_costs(EASY._replace(energy_price=1.0))
    assert dear["keep"] > dear["retire"]
    assert yearly_costs(EASY)["keep"] < yearly_costs(EASY)["retire"]


def test_at_a_flip_two_actions_cost_the_same_and_beyond_it_the_other_is_chosen() -> None:
    seen = [Seen(A100, 320.0, 0.8, held, p, 168) for held in (0.0, 0.03, 0.2) for p in (0.0, 0.02, 0.08, 0.4, 1.0)]
    counted = 0
    for of in (EASY, *(case(each, PRICES) for each in seen)):
        chosen = cheapest(yearly_costs(of))
        for flip in flips(of):
            at = yearly_costs(of._replace(**{flip.knob.field: flip.then}))
            assert at[flip.action] == pytest.approx(at[chosen])
            assert min(at.values()) == pytest.approx(at[chosen])
            beyond = flip.then + (flip.then - flip.now) * 1e-6
            assert cheapest(yearly_costs(of._replace(**{flip.knob.field: beyond}))) == flip.action
            counted += 1
    assert counted > 20


def test_every_number_that_is_turned_is_one_of_the_case() -> None:
    assert {knob.field for knob in KNOBS} <= set(Case._fields)


def test_a_decision_is_told_in_sentences() -> None:
    advice = decide(Seen(A100, 320.0, 0.8, 0.03, 0.4, 168), PRICES)
    assert advice.action == "repair"
    assert set(advice.yearly_cost) == set(ACTIONS)
    assert "It fails within 7 days with a probability of 40.0%." in advice.reasons
    assert any("held back for 3.0%" in each for each in advice.reasons)
    assert advice.flips[0].startswith("watch would be cheaper, were ")


def test_without_a_model_of_failures_it_says_whose_number_stands_for_it() -> None:
    advice = decide(Seen("GeForce GTX 970", None, 0.3, 0.0), PRICES)
    assert advice.action == "keep"
    assert any("No model of failures was trained" in each for each in advice.reasons)
    assert any("does not know GeForce GTX 970" in each for each in advice.reasons)
    assert any("nobody measures it" in each for each in advice.reasons)


def test_every_number_of_the_file_has_a_source() -> None:
    document = yaml.safe_load((CONFIG / "economics.yaml").read_text(encoding="utf-8"))

    def numbers(node: object) -> int:
        if not isinstance(node, dict):
            assert not isinstance(node, (int, float)), node
            return 0
        if "value" in node:
            assert node["source"]
            return 1
        return sum(numbers(each) for each in node.values())

    assert numbers(document) > 40
    assert VERSION.startswith(f"{economics.RULES}-")


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("energy.price_per_kwh.value", -0.1, "energy.price_per_kwh.value"),
        ("energy.price_per_kwh", 0.3, "energy.price_per_kwh"),
        ("watch.saves.value", 1.5, "watch.saves.value"),
        ("failure.parts.source", "", "failure.parts.source"),
        ("models.a100.performance.value", 0, "models.a100.performance.value"),
        ("models.a100.successor", "b200", "successor"),
        ("models.other", None, "other"),
        ("currency", "euros", "currency"),
        ("resale", {"value": 1, "source": "ours"}, "resale"),
        ("move.days.value", float("nan"), "move.days.value"),
    ],
)
def test_a_fault_of_the_file_is_named(tmp_path: Path, key: str, value: object, where: str) -> None:
    document = yaml.safe_load((CONFIG / "economics.yaml").read_text(encoding="utf-8"))
    *path, last = key.split(".")
    node = document
    for each in path:
        node = node[each]
    if value is None:
        del node[last]
    else:
        node[last] = value
    (tmp_path / "economics.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(Misconfigured) as fault:
        economics.load(tmp_path)
    assert "economics.yaml" in str(fault.value)
    assert where in str(fault.value)
