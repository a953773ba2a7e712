"""config/health.yaml: what is wrong in it is named with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kafka_consumers.health import config
from kafka_consumers.main import main
from support.health import CATALOGUE, ROOT
from telemetry.errors import Misconfigured

FILE = ROOT / "config" / "health.yaml"


def test_every_finding_says_who_its_numbers_are_from() -> None:
    file = config.load(FILE, CATALOGUE).file
    assert all(look.why for component in file.components.values() for look in component.findings.values())
    assert all(rule.event.why for rule in file.events.counters.values() if rule.event is not None)


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def made(document: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for key in way:
            document = document[key]
        document[last] = value

    return made


WRONG = {
    "a metric that is none": (change("components/thermals/findings/margin/metric", "margin"), "findings.margin"),
    "a bit that is none": (change("components/throttling/findings/perfcap_reason/points", {3: 1}), "bits of perfcap"),
    "a counter that is none": (change("components/memory/findings/corrected/counter", "ecc"), "corrected.counter"),
    "a band that is none": (change("components/throttling/findings/slower_than_usual/bands", ["busy"]), "bands"),
    "a kind that is none": (change("components/power/findings/supply/kinds", ["volts"]), "supply.kinds"),
    "a ramp that is none": (change("components/events/findings/recovery_action/to", 0), "recovery_action"),
    "a finding of no kind": (change("components/power/findings/supply/look", "guess"), "power.findings.supply"),
    "a duration without a unit": (change("carry", 5), "carry"),
    "a key that is none": (change("weights", {}), "weights"),
    "a mask that is none": (change("events/throttle/metrics", ["gpu_load"]), "events.throttle.metrics"),
    "an event that is none": (change("events/lost/event", {"kind": "lost", "number": 0, "why": "ours"}), "lost.event"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_fault_is_named(name: str, tmp_path: Path) -> None:
    make, place = WRONG[name]
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    make(document)
    path = tmp_path / "health.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(Misconfigured, match=place.replace(".", r"\.")):
        config.load(path, CATALOGUE)


def test_check_says_that_all_is_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CONFIG_DIR", str(ROOT / "config"))
    assert main(["health", "--check"]) == 0
    assert capsys.readouterr().out.startswith("ok: 7 components of the health score, ")
