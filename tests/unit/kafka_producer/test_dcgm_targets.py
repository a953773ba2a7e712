"""Pages of sources.yaml as targets of Prometheus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kafka_producer.main import main

RULES = """
collect:
  - {source: nvml}
  - {source: dcgm, targets: [node-1, "https://node-2:9500/gpu?part=a"], labels: {rack: r12, cluster: a, job: train}}
  - {source: dcgm, targets: ["http://me:secret@node-3:9400/metrics"]}
"""


def written(folder: Path, rules: str) -> list[dict[str, object]]:
    config, file = folder / "sources.yaml", folder / "dcgm.json"
    config.write_text(rules, encoding="utf-8")
    assert main(["collect", "--config", str(config), "--prometheus", str(file)]) == 0
    found: list[dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_each_page_is_a_target_with_what_its_rule_says_of_it(tmp_path: Path) -> None:
    first, second = written(tmp_path, RULES)
    assert first == {
        "targets": ["node-1:9400"],
        "labels": {
            "rack": "r12",
            "instance": "node-1:9400",
            "__scheme__": "http",
            "__metrics_path__": "/metrics",
        },
    }
    assert second == {
        "targets": ["node-2:9500"],
        "labels": {
            "rack": "r12",
            "instance": "node-2:9500/gpu",
            "__scheme__": "https",
            "__metrics_path__": "/gpu",
            "__param_part": "a",
        },
    }


def test_a_page_with_a_password_is_named_and_its_password_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, RULES)
    said = capsys.readouterr().err
    assert "node-3:9400 is no target" in said
    assert "secret" not in said
    assert "secret" not in (tmp_path / "dcgm.json").read_text(encoding="utf-8")


def test_without_a_page_there_is_no_target(tmp_path: Path) -> None:
    assert written(tmp_path, "collect: []") == []


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sources.yaml").write_text("collect: []", encoding="utf-8")
    words = ["collect", "--config", str(tmp_path / "sources.yaml"), "--prometheus", str(tmp_path / "no" / "x.json")]
    assert main(words) == 2
    assert "--prometheus" in capsys.readouterr().err
