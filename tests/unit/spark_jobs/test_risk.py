"""The model of failures: what its features say of a made-up fleet, what it is told, how it is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spark_jobs.risk.digests import COLUMNS, WHOLE
from spark_jobs.risk.features import FEATURES, LOOKS_BACK, NAMES, P, W, features, sentence
from spark_jobs.risk.history import Array, History, history
from spark_jobs.risk.labels import Failure, labels, lost
from spark_jobs.risk.model import Model, model
from spark_jobs.risk.score import alerts, brier, reliability, score, threshold
from spark_jobs.risk.series import failures, series
from spark_jobs.risk.tables import text
from spark_jobs.risk.training import TooFew, samples, trained
from spark_jobs.risk.trial import MODEL, NO, RULES, Plan, trial
from telemetry import catalogue
from telemetry.errors import Misconfigured

CATALOGUE = catalogue.load(Path(__file__).parents[3] / "config" / "metrics.yaml")
FIRST = 20_000


def digests(gpus: int, steps: int, **changed: Array) -> pd.DataFrame:
    """A fleet of 8 a host: `changed` are values (gpus, steps) by metric; a NaN of `windows`: the GPU is away."""
    windows = changed.pop("windows", np.full((gpus, steps), 100.0))
    values = {
        "gpu_temperature": np.full((gpus, steps), 60.0),
        "ecc_corrected_volatile": np.zeros((gpus, steps)),
    } | changed
    rows: list[dict[str, Any]] = []
    for gpu, step in np.ndindex(gpus, steps):
        if np.isnan(windows[gpu, step]):
            continue
        host = f"node-{gpu // 8}"
        who = {"gpu": f"{host}:{gpu % 8}", "host": host, "source": "dcgm", "mode": "live", "step": FIRST + step}
        about = {"windows": int(windows[gpu, step]), "seen": (FIRST + step + 1) * 86_400_000_000}
        for metric, given in {WHOLE: windows, **values}.items():
            value = float(given[gpu, step])
            band = "full" if metric == "gpu_temperature" else WHOLE
            numbers: dict[str, float] = {"avg": value, "low": value, "high": value}
            numbers["held"] = value if metric == "clocks_event_reasons" else float("nan")
            rows.append(who | about | {"metric": metric, "band": band} | numbers)
    return pd.DataFrame(rows)[list(COLUMNS)]


def feature(of: History, name: str, **given: Array) -> Array:
    return features(of, **given)[:, :, NAMES.index(name)]


def test_every_feature_is_nothing_where_nothing_changes_or_is_known() -> None:
    made = features(history(digests(4, 50), {}))
    assert made.shape == (4, 50, len(FEATURES))
    assert np.allclose(made, 0)


def test_temperature_is_compared_with_its_own_past_and_with_its_peers() -> None:
    temperature = np.full((4, 60), 60.0) + np.arange(4.0)[:, None]
    temperature[2, 50:] += 5
    known = history(digests(4, 60, gpu_temperature=temperature), {})
    rise = feature(known, "temperature_rise")
    assert np.allclose(rise[2, 50:57], 5)
    assert np.allclose(np.delete(rise, 2, axis=0), 0)
    assert np.allclose(feature(known, "temperature_climb")[2, 50:57], [5, 5, 5, 0, 0, 0, 0])
    # The peers' median is 61.5 before and 61 after: the GPU 2 was half a degree above it.
    assert feature(known, "temperature_over_peers")[2, 50] == pytest.approx(62 + 5 - 62 + 0.5 - 1, abs=0.6)
    # After the past has moved up to it, it is as always.
    assert np.allclose(rise[2, 50:].max(), 5)


def test_a_fleet_that_gets_hotter_together_is_no_reason_beside_peers() -> None:
    temperature = np.full((4, 60), 60.0)
    temperature[:, 50:] += 5
    known = history(digests(4, 60, gpu_temperature=temperature), {})
    assert np.allclose(feature(known, "temperature_over_peers"), 0)
    assert np.allclose(feature(known, "temperature_rise")[:, 50], 5)


def test_counters_that_begin_anew_have_not_grown() -> None:
    errors = np.tile(np.array([0.0, 3, 3, 10, 2, 2]), (4, 1))
    known = history(digests(4, 6, ecc_corrected_volatile=errors), {})
    grown = np.expm1(feature(known, "corrected")[0])
    assert np.allclose(grown, [0, 3, 0, 7, 0, 0])
    assert np.expm1(feature(known, "corrected_week")[0, -1]) == pytest.approx(10)


def test_lanes_gaps_and_throttling() -> None:
    width, windows = np.full((4, 10), 16.0), np.full((4, 10), 100.0)
    width[1, 5:], windows[2, 5:] = 4.0, 40.0
    held = np.zeros((4, 10))
    held[3, 9] = 0.7
    known = history(digests(4, 10, pcie_width=width, windows=windows, clocks_event_reasons=held), {})
    assert np.allclose(feature(known, "width_loss")[1], [0] * 5 + [0.75] * 5)
    assert np.allclose(feature(known, "gaps")[2], [0] * 5 + [0.6] * 5)
    assert feature(known, "held_share")[3, 9] == pytest.approx(0.1)
    assert sentence(FEATURES[NAMES.index("width_loss")], 0.75) == "its PCIe link has lost 75% of its lanes"


def test_labels_look_ahead_by_the_horizon_and_a_broken_gpu_is_nothing_to_predict() -> None:
    known = history(digests(2, 20), {})
    told = labels(known, [Failure("node-0:1", "xid", FIRST + 10.5, FIRST + 15.0)], 3)
    assert np.flatnonzero(told.fails[1]).tolist() == [7, 8, 9]
    assert np.flatnonzero(told.counts[1] == 0).tolist() == [10, 11, 12, 13]
    assert np.flatnonzero(told.earlier[1]).tolist() == list(range(10, 20))
    assert told.fails[0].sum() == 0
    assert told.counts[0].all()


def test_a_gpu_that_falls_silent_beside_others_is_lost_and_a_host_that_does_is_not() -> None:
    windows = np.full((16, 10), 100.0)
    windows[3, 4:7] = np.nan
    windows[8:, 5:] = np.nan
    found = lost(history(digests(16, 10, windows=windows), {}))
    assert found == [Failure("node-0:3", "lost", FIRST + 4.5, FIRST + 7.0)]


def _sick(gpus: int = 96, steps: int = 120) -> tuple[History, list[Failure]]:
    """Every fourth GPU gets hotter for three steps and fails; every eighth fails out of the blue."""
    chance = np.random.default_rng(3)
    temperature = 60 + chance.normal(0, 0.4, (gpus, steps))
    found = []
    for gpu in range(0, gpus, 4):
        for at in range(40 + gpu % 7, steps, 31):
            temperature[gpu, at - 3 : at] += [3, 5, 7]
            found.append(Failure(f"node-{gpu // 8}:{gpu % 8}", "seen coming", FIRST + at + 0.5, FIRST + at + 2.0))
    for gpu in range(1, gpus, 8):
        at = int(chance.integers(50, steps))
        found.append(Failure(f"node-{gpu // 8}:{gpu % 8}", "out of the blue", FIRST + at + 0.5, FIRST + at + 2.0))
    return history(digests(gpus, steps, gpu_temperature=temperature), {}), found


@pytest.fixture(scope="module")
def sick() -> tuple[History, list[Failure]]:
    return _sick()


PLAN = Plan(horizon=2, horizon_hours=48, step_hours=24.0, learned_share=0.6, budgets=(1.0,))


def test_what_shows_itself_is_foretold_and_what_does_not_is_missed(sick: tuple[History, list[Failure]]) -> None:
    known, failures_ = sick
    tried = trial(known, failures_, PLAN, np.zeros(known.windows.shape))
    ours = next(row.score for row in tried.rows if row.way == MODEL and row.budget == 1.0)
    told, happened = ours.by_kind["seen coming"]
    assert happened > 15
    assert told / happened > 0.8
    # There was nothing to be seen of them: a model that foretells them has looked into the future.
    assert ours.by_kind["out of the blue"][0] <= 1
    assert ours.precision is not None
    assert ours.precision > 10 * tried.base_rate
    assert tried.briers[MODEL] < tried.briers[NO]
    shown = text(tried)
    assert "| out of the blue |" in shown
    assert "Where the model loses" in shown


def test_a_model_that_loses_to_the_rules_is_said_to_lose(sick: tuple[History, list[Failure]]) -> None:
    known, failures_ = sick
    oracle = labels(known, failures_, PLAN.horizon).fails
    tried = trial(known, failures_, PLAN, oracle)
    rules = next(row.score for row in tried.rows if row.way == RULES)
    assert rules.recall == 1.0
    assert f"threshold rules foretell {rules.foretold} of {rules.failures}" in text(tried)


def test_nothing_of_the_later_time_is_learned_from(sick: tuple[History, list[Failure]]) -> None:
    known, failures_ = sick
    split = known.first + round(PLAN.learned_share * known.steps)
    earlier = [each for each in failures_ if each.at < split]
    zeros = np.zeros(known.windows.shape)
    with_all, without = (trial(known, given, PLAN, zeros) for given in (failures_, earlier))
    assert with_all.model.weights == without.model.weights
    assert with_all.model.calibration == without.model.calibration


def test_with_few_failures_nothing_is_learned(sick: tuple[History, list[Failure]]) -> None:
    known, failures_ = sick
    told = labels(known, failures_[:3], 2)
    given = samples(features(known), told, known.first, known.first, known.first + known.steps)
    with pytest.raises(TooFew, match="1 GPUs that failed within 48 h, at least 20"):
        trained(given, 2, 48)


def test_the_document_says_the_same_when_it_is_read_again(sick: tuple[History, list[Failure]]) -> None:
    known, failures_ = sick
    fitted = trial(known, failures_, PLAN, np.zeros(known.windows.shape)).model
    made = model("2026-11-27T00:00:00.000Z", "96 GPUs", 24.0, [fitted])
    assert made.version.startswith("2026-11-27-")
    again = Model.parse(made.text(), "here")
    assert again == made
    hot = np.zeros(len(NAMES))
    hot[NAMES.index("temperature_rise")] = 7.0
    calm, alarmed = again.horizons[0].probabilities(np.stack([np.zeros(len(NAMES)), hot]))
    assert calm < 0.1 < alarmed
    assert again.horizons[0].reasons(hot) == ["7.0 °C hotter at its load than in its own past"]
    assert again.horizons[0].reasons(np.zeros(len(NAMES))) == []
    with pytest.raises(Misconfigured, match="here"):
        Model.parse(made.text().replace('"temperature_rise"', '"unheard_of"'), "here")


def test_alerts_within_the_horizon_are_one_and_the_threshold_keeps_the_budget() -> None:
    told = labels(history(digests(1, 12), {}), [Failure("node-0:0", "xid", FIRST + 8.5, FIRST + 30.0)], 3)
    scores = np.array([[0, 0.9, 0.9, 0.9, 0.9, 0, 0.2, 0.8, 0, 0.9, 0, 0]])
    found = alerts(scores, 0.5, told, 3)
    # At 8 it is broken: what is said after that is no prediction.
    assert [each.step for each in found] == [1, 4, 7]
    assert threshold(scores, told, 3, 3) <= 0.8 < threshold(scores, told, 3, 2)
    assert threshold(scores, told, 3, 0) == float("inf")
    made = score(found, told, [(0, Failure("node-0:0", "xid", FIRST + 8.5, FIRST + 30.0))], 3, FIRST, 10.0)
    assert (made.alerts, made.true, made.foretold, made.failures) == (3, 1, 1, 1)
    assert made.per_100_gpu_days == 30


def test_brier_and_reliability_by_hand() -> None:
    said, came = np.array([0.0, 0.0, 0.3, 0.4, 0.9]), np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    assert brier(said, came) == pytest.approx((0.09 + 0.36 + 0.01) / 5)
    bins = [(each.above, each.samples, each.mean, each.observed) for each in reliability(said, came)]
    assert bins == [(0.0, 2, 0.0, 0.0), (0.2, 2, pytest.approx(0.35), 0.5), (0.5, 1, 0.9, 1.0)]


def test_a_series_in_csv_becomes_digests_and_its_truth_failures(tmp_path: Path) -> None:
    table, truth = tmp_path / "fleet.csv", tmp_path / "truth.csv"
    table.write_text(
        "time,gpu,model,gpu_load,gpu_temperature,clocks_event_reasons,pcie_replays\n"
        "2026-01-15T00:01:00.000Z,node-1:0,A100,95,60,0,1\n"
        "2026-01-15T00:02:00.000Z,node-1:0,A100,97,97,36,4\n"
        "2026-01-15T00:06:00.000Z,node-1:0,A100,5,,1,4\n",
        encoding="utf-8",
    )
    told = series(table, CATALOGUE, 300)
    assert told.models == {"node-1:0": "A100"}
    hot = told.digests[told.digests.metric == "gpu_temperature"]
    assert hot[["band", "windows", "avg", "high"]].values.tolist() == [["full", 2, 78.5, 97]]
    masks = told.digests[told.digests.metric == "clocks_event_reasons"]
    assert masks["held"].tolist() == [0.5, 0.0]
    known = history(told.digests, told.models)
    assert known.steps == 2
    assert (told.rules.step - known.first).tolist() == [0]
    truth.write_text(
        "gpu,fault,begin,end,xid\nnode-1:0,ecc,2026-01-15T00:01:00.000Z,,48\n"
        "node-1,node,2026-01-15T00:01:00.000Z,,\n"
        "node-1:0,paste,2026-01-15T00:01:00.000Z,2026-01-15T00:30:00.000Z,\n",
        encoding="utf-8",
    )
    # The paste is new before it has done its harm.
    (found,) = failures(truth, 300, {"ecc": 600, "paste": 3600})
    assert (found.gpu, found.kind) == ("node-1:0", "ecc")
    assert found.at - known.first == pytest.approx(660 / 300)
    with pytest.raises(Misconfigured, match="--harm"):
        failures(truth, 300, {"rust": 600})
    worse = tmp_path / "worse.csv"
    worse.write_text("time,gpu,model,gpu_load\n2026-01-15T00:01:00Z,node-1:0,A100,much\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="gpu_load"):
        series(worse, CATALOGUE, 300)
    with pytest.raises(Misconfigured, match="gpu,fault,begin,end,xid"):
        failures(table, 300, {})


def test_the_past_lies_before_the_present() -> None:
    assert LOOKS_BACK == W + P
