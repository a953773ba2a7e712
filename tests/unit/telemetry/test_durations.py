"""Quantiles of durations that are not kept."""

from __future__ import annotations

import re
from random import Random
from statistics import quantiles

import pytest

from telemetry.durations import Durations


def test_quantiles_are_those_of_all_durations_within_two_per_cent() -> None:
    random = Random(7)
    all_of_them = [random.lognormvariate(-5, 1.5) for _ in range(20_000)]
    durations = Durations()
    for each in all_of_them:
        durations.add(each)
    exact = quantiles(all_of_them, n=100)
    for share in (0.5, 0.95, 0.99):
        assert durations.quantile(share) == pytest.approx(exact[round(share * 100) - 1], rel=0.04)
    assert durations.count == len(all_of_them)


def test_ends_and_what_took_no_time_at_all() -> None:
    durations = Durations()
    with pytest.raises(ValueError, match="no durations"):
        durations.quantile(0.5)
    assert durations.words() == "none yet"
    durations.add(0.0)
    durations.add(2.0)
    assert durations.quantile(0) < 0.001
    assert durations.quantile(1) == pytest.approx(2.0, rel=0.02)
    assert durations.words().startswith("p50 ")
    assert re.search(r"p99 (1,9[6-9]\d|2,0[0-4]\d) ms$", durations.words()), durations.words()
