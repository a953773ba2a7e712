"""How well failures are foretold: alerts within a budget, and how far probabilities can be believed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spark_jobs.risk.history import Array
from spark_jobs.risk.labels import Failure, Labels

EDGES = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of the bins of the reliability table."""


class Alert(NamedTuple):
    """A GPU of which a judge says, at the end of a step, that it will fail within the horizon."""

    row: int
    step: int
    """Places in the arrays."""


class Score(NamedTuple):
    alerts: int
    true: int
    """Alerts after which the GPU failed within the horizon."""
    failures: int
    foretold: int
    """Failures with an alert before them, within the horizon."""
    per_100_gpu_days: float
    """Alerts."""
    by_kind: dict[str, tuple[int, int]]
    """Kind of failure -> foretold, failures."""

    @property
    def precision(self) -> float | None:
        return self.true / self.alerts if self.alerts else None

    @property
    def recall(self) -> float | None:
        return self.foretold / self.failures if self.failures else None


class Bin(NamedTuple):
    """Of the reliability table."""

    above: float
    up_to: float
    samples: int
    mean: float
    """What was said."""
    observed: float
    """What came."""


def alerts(scores: Array, threshold: float, labels: Labels, horizon: int) -> list[Alert]:
    """Where ``scores`` (G, T) reach ``threshold``; within the ``horizon`` (steps) of an alert, more of that GPU is the
    same one."""
    found: list[Alert] = []
    for row, step in np.argwhere((scores >= threshold) & (labels.counts > 0)):
        if not (found and found[-1].row == row and step - found[-1].step < horizon):
            found.append(Alert(int(row), int(step)))
    return found


def threshold(scores: Array, labels: Labels, horizon: int, most: float) -> float:
    """The lowest that gives at most ``most`` alerts; infinite where any gives more."""
    known = np.unique(scores[labels.counts > 0])
    low, high = 0, len(known)
    while low < high:
        middle = (low + high) // 2
        if len(alerts(scores, known[middle], labels, horizon)) <= most:
            high = middle
        else:
            low = middle + 1
    return float(known[low]) if low < len(known) else float("inf")


def score(
    found: Sequence[Alert],
    labels: Labels,
    failures: Sequence[tuple[int, Failure]],
    horizon: int,
    first: int,
    gpu_days: float,
) -> Score:
    """``failures`` (GPU's place, failure) that lie in the time that is judged; ``first``: the number of the first
    step."""
    ends = {each: first + each.step + 1.0 for each in found}
    told: dict[str, list[bool]] = {}
    for row, failure in failures:
        is_told = any(each.row == row and end < failure.at <= end + horizon for each, end in ends.items())
        told.setdefault(failure.kind, []).append(is_told)
    true = sum(bool(labels.fails[each.row, each.step]) for each in found)
    by_kind = {kind: (sum(each), len(each)) for kind, each in sorted(told.items())}
    foretold = sum(each for each, _ in by_kind.values())
    return Score(len(found), true, len(failures), foretold, 100 * len(found) / gpu_days, by_kind)


def brier(probabilities: Array, fails: Array) -> float:
    """The mean squared distance (G. W. Brier 1950); 0 is perfect."""
    return float(np.mean((probabilities - fails) ** 2))


def reliability(probabilities: Array, fails: Array) -> list[Bin]:
    """Bins that have samples."""
    made: list[Bin] = []
    for above, up_to in pairwise(EDGES):
        inside = (probabilities > above) & (probabilities <= up_to) if above else probabilities <= up_to
        if count := int(inside.sum()):
            made.append(Bin(above, up_to, count, float(probabilities[inside].mean()), float(fails[inside].mean())))
    return made
