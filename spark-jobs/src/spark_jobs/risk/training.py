"""Features and labels -> a model, and its evaluation on a later time. The only place that knows scikit-learn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spark_jobs.risk.features import NAMES
from spark_jobs.risk.history import Array
from spark_jobs.risk.labels import Labels
from spark_jobs.risk.model import Calibration, HorizonModel, Weight

LEAST_FAILURES = 20
"""GPUs that fail after a sample of the time that is learned from: with fewer, any weight is chance."""
CALIBRATED_WITH = 0.25
"""The last share of the time that is learned from is kept for the calibration."""
STRENGTH = 0.1
"""scikit-learn's C: the smaller, the more the weights are held near 0."""


class TooFew(Exception):
    """There is too little to learn from; the text says what was found."""


class Samples(NamedTuple):
    """Of one horizon, N samples."""

    features: Array
    """(N, features)."""
    fails: Array
    steps: npt.NDArray[np.int64]
    gpus: npt.NDArray[np.int64]
    """Places of GPUs."""


def samples(features: Array, labels: Labels, first: int, begin: int, end: int) -> Samples:
    """Those of the steps ``begin`` up to, not with, ``end``; ``first`` is the number of the first step of all."""
    chosen = labels.counts > 0
    chosen[:, : max(0, begin - first)] = False
    chosen[:, max(0, end - first) :] = False
    gpus, steps = np.nonzero(chosen)
    return Samples(features[gpus, steps], labels.fails[gpus, steps], steps + first, gpus)


def failing(given: Samples) -> int:
    """GPUs that fail after one of the samples."""
    return len(set(given.gpus[given.fails > 0].tolist()))


def trained(given: Samples, horizon: int, horizon_hours: int) -> HorizonModel:
    """Weights from the earlier part of ``given``, calibration from the last; ``horizon`` in steps lies between, so that
    no label of the first looks into the second. Raises TooFew."""
    if (found := failing(given)) < LEAST_FAILURES:
        raise TooFew(f"{found} GPUs that failed within {horizon_hours} h, at least {LEAST_FAILURES} are needed")
    from sklearn.linear_model import LogisticRegression

    begin, end = int(given.steps.min()), int(given.steps.max())
    cut = begin + round((1 - CALIBRATED_WITH) * (end - begin))
    early, late = given.steps < cut - horizon, given.steps >= cut
    counts = [int(given.fails[part].sum()) for part in (early, late)]
    if not all(counts):
        raise TooFew(f"no failure in one part of the time: {counts[0]} samples before one, then {counts[1]}")
    mean = given.features[early].mean(axis=0)
    deviation = given.features[early].std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit(
        (given.features[early] - mean) / scale, given.fails[early]
    )
    odds = fitted.decision_function((given.features[late] - mean) / scale)
    # Of hardly any penalty: two numbers of many samples. A slope below 0 would turn the order round.
    platt = LogisticRegression(C=1e6, max_iter=1000).fit(odds[:, None], given.fails[late])
    slope = max(float(platt.coef_[0, 0]), 0.0)
    return HorizonModel(
        horizon_hours=horizon_hours,
        intercept=float(fitted.intercept_[0]),
        weights={
            name: Weight(weight=float(weight), mean=float(center), scale=float(width))
            for name, weight, center, width in zip(NAMES, fitted.coef_[0], mean, scale, strict=True)
        },
        calibration=Calibration(slope=slope, intercept=float(platt.intercept_[0])),
        samples=len(given.fails),
        failures=found,
        evaluation={},
    )
