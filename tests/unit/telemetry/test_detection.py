"""What the catalogue tells the anomaly detectors: the real file, and rules that are wrong in one way each."""

from __future__ import annotations

from pathlib import Path

import pytest

from telemetry import catalogue
from telemetry.detection import LOAD_BANDS
from telemetry.errors import Misconfigured

CATALOGUE = Path(__file__).parents[3] / "config" / "metrics.yaml"
FILE = """
units: {celsius: {symbol: C, grafana: celsius, decimals: 1, spellings: [C]}}
kinds: {temperature: Temperatures}
metrics:
  gpu_temperature:
    label: GPU
    description: Temperature of the core.
    kind: temperature
    unit: celsius
    plausible: [-30, 130]
"""


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("fastest_change: {per_second: 0, reason: a good reason}", "fastest_change.per_second"),
        ("fastest_change: {per_second: 3}", "fastest_change.reason"),
        ("stuck_after: {minutes: 11, reason: a good reason}", "stuck_after.minutes"),
        ("level_shift: {least: -1, reason: a good reason}", "level_shift.least"),
        ("level_shift: {most: 1, reason: a good reason}", "level_shift.most"),
        ("usual_at_load: {least_mad: 1, bands: {idle: {median: 4, mad: 1}}, reason: a good reason}", "one entry"),
        ("expected_throttling: [1]", "expected_throttling: only bits of throttling"),
    ],
)  # fmt: skip
def test_rule_that_is_wrong_is_refused_by_name(rule: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.yaml"
    path.write_text(f"{FILE}    {rule}\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match=complaint):
        catalogue.load(path)


def test_prior_rises_with_the_load() -> None:
    for metric in catalogue.load(CATALOGUE):
        if usual := metric.usual_at_load:
            medians = [usual.bands[band].median for band in LOAD_BANDS]
            assert medians == sorted(medians), metric.name
