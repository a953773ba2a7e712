"""A model of failures against a later time than it was learned from, beside two simpler ways. Pure but for the fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spark_jobs.risk import training
from spark_jobs.risk.features import FEATURES, features
from spark_jobs.risk.history import Array, History
from spark_jobs.risk.labels import Failure, Labels, labels
from spark_jobs.risk.model import HorizonModel
from spark_jobs.risk.score import Bin, Score, alerts, brier, reliability, score, threshold

MODEL, RULES, NO = "model", "threshold rules", "always no"


class Row(NamedTuple):
    """One way at one budget. ``budget``: alerts per 100 GPUs and day that were allowed; None: the way knows none."""

    way: str
    budget: float | None
    score: Score


class Trial(NamedTuple):
    horizon_hours: int
    model: HorizonModel
    """Learned from the earlier part alone."""
    learned: tuple[int, int]
    """Samples, and GPUs that failed after one."""
    judged: int
    """Samples of the later part."""
    base_rate: float
    """Of these, the share after which the GPU failed within the horizon."""
    rows: list[Row]
    briers: dict[str, float]
    bins: list[Bin]

    def document(self) -> dict[str, Any]:
        """For the model's own document."""
        return {
            "samples": self.judged,
            "base_rate": self.base_rate,
            "brier": self.briers,
            "ways": [
                {"way": row.way, "budget": row.budget, "precision": row.score.precision, "recall": row.score.recall}
                | {"alerts": row.score.alerts, "failures": row.score.failures}
                | {"alerts_per_100_gpu_days": row.score.per_100_gpu_days}
                for row in self.rows
            ],
            "reliability": [each._asdict() for each in self.bins],
        }


class Plan(NamedTuple):
    """Times in steps."""

    horizon: int
    horizon_hours: int
    step_hours: float
    learned_share: float
    """The earlier share of the time is learned from, the later is judged."""
    budgets: tuple[float, ...]


def trial(history: History, failures: Sequence[Failure], plan: Plan, broken: Array) -> Trial:
    """``broken``: (G, T), 1 where a rule of the catalogue is broken. Raises training.TooFew."""
    split = history.first + round(plan.learned_share * history.steps)
    last = history.first + history.steps
    told = labels(history, failures, plan.horizon)
    made = features(history, told.earlier)
    given = training.samples(made, told, history.first, history.first, split - plan.horizon)
    fitted = training.trained(given, plan.horizon, plan.horizon_hours)
    probabilities = fitted.probabilities(made)
    # What sets the thresholds: the part on which the model was calibrated, which gave it no weights.
    begin, end = int(given.steps.min()), int(given.steps.max())
    calibrated = begin + round((1 - training.CALIBRATED_WITH) * (end - begin))
    tuned = _between(told, history.first, calibrated, split - plan.horizon)
    judged = _between(told, history.first, split, last - plan.horizon)
    if not judged.counts.any():
        raise training.TooFew("no GPU was heard of in the later part of the time")
    known = _foreseeable(history, failures, judged, plan.horizon)
    gpu_days = float(judged.counts.sum()) * plan.step_hours / 24
    tuned_days = float(tuned.counts.sum()) * plan.step_hours / 24

    def at(scores: Array, limit: float) -> Score:
        found = alerts(scores, limit, judged, plan.horizon)
        return score(found, judged, known, plan.horizon, history.first, gpu_days)

    by_rules = at(broken, 1.0)
    rules_when_tuned = len(alerts(broken, 1.0, tuned, plan.horizon)) / tuned_days * 100
    rows = [
        Row(MODEL, budget, at(probabilities, threshold(probabilities, tuned, plan.horizon, budget * tuned_days / 100)))
        for budget in sorted({*plan.budgets, round(rules_when_tuned, 1)} - {0.0})
    ]
    rows += [Row(RULES, None, by_rules), Row(NO, None, at(np.zeros(broken.shape), 1.0))]
    said, came = probabilities[judged.counts > 0], judged.fails[judged.counts > 0]
    base = float(given.fails.mean())
    briers = {
        MODEL: brier(said, came),
        RULES: brier(broken[judged.counts > 0], came),
        NO: brier(np.zeros(came.shape), came),
        "the share that failed before, of all alike": brier(np.full(came.shape, base), came),
    }
    counted = (len(given.fails), training.failing(given))
    return Trial(
        plan.horizon_hours, fitted, counted, len(came), float(came.mean()), rows, briers, reliability(said, came)
    )


def for_use(history: History, failures: Sequence[Failure], plan: Plan, tried: Trial) -> HorizonModel:
    """Learned in the same way from all of the time, with the evaluation of ``tried``."""
    told = labels(history, failures, plan.horizon)
    made = features(history, told.earlier)
    end = history.first + history.steps - plan.horizon
    given = training.samples(made, told, history.first, history.first, end)
    fitted = training.trained(given, plan.horizon, plan.horizon_hours)
    return fitted.model_copy(update={"evaluation": tried.document()})


def weights(fitted: HorizonModel) -> list[tuple[str, float, float]]:
    """(what it is, weight, what it adds to the logarithm of the odds per unit), the heaviest first."""
    named = [(each.name.replace("_", " "), fitted.weights[each.name]) for each in FEATURES]
    rows = [(name, each.weight, each.weight / each.scale) for name, each in named]
    return sorted(rows, key=lambda row: -abs(row[1]))


def _between(told: Labels, first: int, begin: int, end: int) -> Labels:
    counts = told.counts.copy()
    counts[:, : max(0, begin - first)] = 0
    counts[:, max(0, end - first) :] = 0
    return told._replace(counts=counts)


def _foreseeable(
    history: History, failures: Sequence[Failure], judged: Labels, horizon: int
) -> list[tuple[int, Failure]]:
    """(GPU's place, failure): those with a judged sample within the horizon before them. A GPU that was broken already
    has none. Whether anything was to be seen of it does not matter."""
    place = {gpu: number for number, gpu in enumerate(history.gpus)}
    ends = np.arange(history.first, history.first + history.steps) + 1.0
    found: list[tuple[int, Failure]] = []
    for failure in failures:
        row = place.get(failure.gpu)
        if row is None:
            continue
        before = (ends < failure.at) & (failure.at <= ends + horizon)
        if judged.counts[row, before].any():
            found.append((row, failure))
    return found
