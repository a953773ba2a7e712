"""``simulate fleet`` as people type it: its options, and the files that it writes."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path

import pytest

from kafka_producer.main import main
from kafka_producer.simulate.fleet import table
from kafka_producer.simulate.fleet.faults import KINDS, Fault, parse
from kafka_producer.simulate.fleet.models import MODELS
from kafka_producer.simulate.fleet.scenarios import SCENARIOS
from kafka_producer.source_config import load
from spark_jobs.evaluation.labels import labels
from spark_jobs.evaluation.series_file import readings
from support.gpuz_logs import REPOSITORY
from telemetry import catalogue

CATALOGUE = catalogue.load(REPOSITORY / "config" / "metrics.yaml")


def test_a_fault_is_written_as_it_is_read() -> None:
    assert parse("fan:node-2:3@120") == Fault("fan", "demo-node-2", 3, 120.0)
    assert parse("paste:demo-node-1:0@5m+2m") == Fault("paste", "demo-node-1", 0, 300.0, 420.0)
    assert parse("node:node-1@0") == Fault("node", "demo-node-1", None, 0.0)
    for kind, each in KINDS.items():
        parse(f"{kind}:node-1{':0' if each.of_gpu else ''}@1")


@pytest.mark.parametrize(
    "text", ["", "fan", "fan:node-2@1", "node:node-2:1@1", "fire:node-1:0@1", "fan:node-1:0@soon", "fan:node-1:0@1+0"]
)
def test_a_fault_that_is_none_is_said(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "fleet", "--to", "sources", "--fault", text])
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_files_of_a_fleet_are_what_the_evaluation_reads(tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("fleet.csv", "labels.csv", "truth.csv")]
    command = shlex.split("simulate fleet --to csv --duration 10m --interval 30s --scenario fan-failing --rates 1e6")
    assert main([*command, "--out", str(names[0]), "--labels", str(names[1]), "--truth", str(names[2])]) == 0
    found = readings(names[0], CATALOGUE)
    assert len(found) <= 20 * 16
    assert {each.gpu.partition(":")[0] for each in found} == {"demo-node-1", "demo-node-2"}
    assert {(each.gpu, each.kind) for each in labels(names[1])} == {
        ("demo-node-2:3", "limit"),
        ("demo-node-2:3", "throttle"),
    }
    with names[2].open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == table.TRUTH
    assert ["demo-node-2:3", "fan", "2026-01-15T00:02:00.000Z", "", ""] in rows
    assert len(rows) > 2


def test_sources_are_a_config_of_collect(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    assert main(["simulate", "fleet", "--to", "sources", "--nodes", "5", "--interval", "2s", "--out", str(file)]) == 0
    rules = load(file).collect
    assert [(len(rule.targets), rule.interval, rule.labels["rack"]) for rule in rules] == [
        (4, "2000ms", "r1"),
        (1, "2000ms", "r2"),
    ]
    assert rules[1].targets == ("http://127.0.0.1:9400/node-5/metrics",)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--to", "csv"], "--duration"),
        (["--labels", "x.csv"], "--duration"),
        (["--to", "sources", "--out", "/no/such/folder/x"], "--out"),
    ],
)
def test_choices_that_do_not_go_together_are_said(
    options: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "fleet", *options]) == 2
    assert found in capsys.readouterr().err


def test_the_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "fleet", "--list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in [*SCENARIOS, *MODELS, *KINDS])
