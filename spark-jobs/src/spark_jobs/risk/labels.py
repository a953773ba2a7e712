"""What a model of failures is told afterwards: which GPU failed within the horizon. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spark_jobs.risk.features import LOOKS_BACK
from spark_jobs.risk.history import Array, History

DOWN_STEPS = 7
"""A GPU that failed is taken for broken so long where nobody says when it was repaired."""


class Failure(NamedTuple):
    """``at`` and ``until`` in steps, with their fractions, counted as the history's; ``until``: repaired."""

    gpu: str
    kind: str
    at: float
    until: float


class Labels(NamedTuple):
    """All (G, T)."""

    fails: Array
    """1 where the GPU fails within the horizon after the step's end, else 0."""
    counts: Array
    """1 where there is something to predict: the GPU was heard of and is not broken already."""
    earlier: Array
    """Failures up to the end of the step, of the LOOKS_BACK before it."""


def labels(history: History, failures: Sequence[Failure], horizon: int) -> Labels:
    """``horizon`` in steps."""
    place = {gpu: number for number, gpu in enumerate(history.gpus)}
    shape = history.windows.shape
    fails, earlier = np.zeros(shape), np.zeros(shape)
    counts = history.there().astype(np.float64)
    ends = np.arange(history.first, history.first + history.steps) + 1.0
    for failure in failures:
        if (row := place.get(failure.gpu)) is None:
            continue
        fails[row, (ends < failure.at) & (failure.at <= ends + horizon)] = 1.0
        counts[row, (failure.at <= ends) & (ends < failure.until)] = 0.0
        earlier[row] += (failure.at <= ends) & (ends <= failure.at + LOOKS_BACK)
    return Labels(fails, counts, earlier)


def lost(history: History) -> list[Failure]:
    """GPUs that were not heard of for a step while another of their host was, though they were the step before; until
    they are back. A host with one GPU that is silent is switched off, for all that is known."""
    there = history.there()
    hosts = np.unique(np.array(history.hosts), return_inverse=True)[1]
    found: list[Failure] = []
    for host in np.unique(hosts):
        rows = np.flatnonzero(hosts == host)
        is_up = there[rows].any(axis=0)
        for row in rows:
            own = there[row]
            gone = np.flatnonzero(own[:-1] & ~own[1:] & np.asarray(is_up)[1:]) + 1
            for step in gone:
                back = np.flatnonzero(own[step:])
                until = float(history.first + step + back[0]) if len(back) else float("inf")
                found.append(Failure(history.gpus[row], "lost", float(history.first + step) + 0.5, until))
    return found
