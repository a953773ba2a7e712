"""What .env says of the topic of readings wins over config/topics.yaml; every other topic stays as the file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from telemetry import topics
from telemetry.cli import main
from telemetry.settings import Settings

CONFIG = Path(__file__).parents[3] / "config"


def test_settings_win_over_the_file_for_readings_alone() -> None:
    file = topics.load(CONFIG / "topics.yaml")
    settings = Settings(config_dir=CONFIG, kafka_metrics_partitions=12, kafka_metrics_retention_hours=5)
    wanted = topics.wanted(settings)
    changed = wanted.pop(topics.GPU_METRICS)
    assert (changed.partitions, changed.broker_settings()["retention.ms"]) == (12, "18000000")
    assert wanted == {name: topic for name, topic in file.items() if name != topics.GPU_METRICS}


def test_without_settings_the_file_says_it_all() -> None:
    assert topics.wanted(Settings(config_dir=CONFIG)) == topics.load(CONFIG / "topics.yaml")


def test_list_of_topics_shows_what_holds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KAFKA_METRICS_PARTITIONS", "12")
    monkeypatch.setenv("CONFIG_DIR", str(CONFIG))
    assert main(["topics"]) == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("gpu-metrics ")]
    assert "12 partitions" in line
