"""Every named scenario of the simulated fleet, through the rules for GPUs: these alerts fire, and no other.

Prometheus' own rule engine (promtool) sees the pages as it would have scraped them, so that an alert that waits ten
minutes costs none; tests/e2e/test_observability.py has the same with servers and a clock.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from kafka_producer.simulate.fleet.scenarios import SCENARIOS
from kafka_producer.sources.dcgm.fields import Generation
from support.console import ROOT
from support.scenario_series import Firing, of_scenario, say

RULES = ROOT / "dashboard" / "prometheus" / "gpu-rules.yaml"
ALL = tuple(f"demo-node-{node}:{gpu}" for node in (1, 2) for gpu in range(8))


class Story(NamedTuple):
    minutes: int
    alerts: dict[str, tuple[str, ...]]
    """Alert -> whose: GPUs, a host, or the job of a target."""


STORIES = {
    "healthy": Story(30, {}),
    "fan-failing": Story(15, {"GpuTemperatureWarning": ("demo-node-2:3",)}),
    # What wears out in silence is below every limit for hours: docs/anomalies.md is about that.
    "silent-degradation": Story(90, {"GpuPcieWidth": ("demo-node-2:5",), "GpuPcieReplays": ("demo-node-2:5",)}),
    "memory-failing": Story(
        20,
        dict.fromkeys(
            (
                "GpuEccCorrectedMany", "GpuEccUncorrectedVolatileCritical", "GpuRecoveryActionWarning",
                "GpuRowRemapPendingWarning", "GpuXidFollowUp",
            ),
            ("demo-node-1:2",),
        ),
    ),
    "gpu-lost": Story(10, {"GpuMissing": ("demo-node-1:4",)}),
    "node-lost": Story(10, {"GpuExporterDown": ("fleet-demo-node-2",), "GpuNodeSilent": ("demo-node-2",)}),
    "mock": Story(10, {"GpuTemperatureWarning": ALL, "GpuEccUncorrectedVolatileCritical": ALL}),
}  # fmt: skip
"""Scenario -> what must fire within so many minutes. docs/prometheus.md has the same table."""


def test_there_is_a_story_of_every_scenario() -> None:
    assert STORIES.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("name", STORIES)
def test_a_scenario_raises_what_it_should_and_no_other(name: str, tmp_path: Path) -> None:
    assert against(name, "3", tmp_path) == ""


@pytest.mark.parametrize("name", ["memory-failing", "mock"])
def test_by_the_names_of_dcgm_4_6_it_does_the_same(name: str, tmp_path: Path) -> None:
    assert against(name, "4.6", tmp_path) == ""


def test_what_is_missing_or_too_much_is_told(tmp_path: Path) -> None:
    """Else a table of anything would pass."""
    series = of_scenario("gpu-lost", 600, "3")
    right = ("GpuMissing", "demo-node-1:4")
    missing: Firing = frozenset()
    for wrong in (missing, frozenset({right, ("GpuMissing", "demo-node-1:5")})):
        assert "FAILED" in say(RULES, series, 600, wrong, tmp_path)


def test_the_documentation_has_the_same_table() -> None:
    text = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([0-9]+) min \| (.*) \|$", text, re.MULTILINE)
    told = {name: (int(minutes), set(re.findall(r"`(Gpu\w+)`", alerts))) for name, minutes, alerts in rows}
    assert told == {name: (story.minutes, set(story.alerts)) for name, story in STORIES.items()}


def against(name: str, names: Generation, folder: Path) -> str:
    story = STORIES[name]
    expected: Firing = frozenset((alert, of) for alert, whose in story.alerts.items() for of in whose)
    seconds = 60 * story.minutes
    return say(RULES, of_scenario(name, seconds, names), seconds, expected, folder)
