from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dashboard.status.containers import EXPECTED, read
from telemetry.errors import Misconfigured

STARTED = 1_700_000_000.0


def inspected(service: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    state = {"Status": "running", "ExitCode": 0, "StartedAt": "2023-11-14T22:13:20.123456789Z"}
    state["Health"] = {"Status": "healthy"}
    state |= changes.pop("state", {})
    return {
        "Id": f"{service:x<11}{number}" + "0" * 52,
        "RestartCount": 0,
        "Config": {"Labels": {"com.docker.compose.service": service}},
        "State": state,
        **changes,
    }


def states(tmp_path: Path, *more: dict[str, Any], without: str = "") -> dict[str, tuple[str, str, str]]:
    named = {each["Config"]["Labels"]["com.docker.compose.service"] for each in more}
    rest = [inspected(name) for name in EXPECTED if name not in named | {without}]
    stats = [{"ID": inspected("kafka")["Id"][:12], "MemUsage": "300MiB / 640MiB"}]
    file = tmp_path / "said.json"
    file.write_text(json.dumps({"inspect": [*rest, *more], "stats": stats}))
    finding = read(str(file), now=lambda: STARTED + 90).look()
    return {line.label: (line.state, line.text, line.do) for line in finding.lines}


def test_all_is_well(tmp_path: Path) -> None:
    found = states(tmp_path, inspected("topics", state={"Status": "exited"}))
    assert {state for state, _, _ in found.values()} == {"ok"}
    assert found["topics"][1] == "done"
    assert "1 min 30 s" in found["kafka"][1]
    assert "315 MB" in found["kafka"][1]
    assert found["memory"][1] == "315 MB in all"


def test_container_of_a_service_that_may_be_absent_is_found(tmp_path: Path) -> None:
    file = tmp_path / "said.json"
    file.write_text(json.dumps({"inspect": [inspected("grafana", state={"Status": "exited"})], "stats": []}))
    assert read(str(file)).has("grafana")
    assert not read(str(file)).has("kafka")


@pytest.mark.parametrize(
    ("change", "state", "text"),
    [
        ({"state": {"Status": "exited", "ExitCode": 137}}, "bad", "exited, exit status 137"),
        ({"state": {"Status": "restarting", "ExitCode": 1}}, "bad", "restarting"),
        ({"state": {"Health": {"Status": "unhealthy"}}}, "bad", "unhealthy"),
        ({"RestartCount": 2}, "note", "3 starts"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(tmp_path: Path, change: Any, state: str, text: str) -> None:
    found = states(tmp_path, inspected("streaming", **change))["streaming"]
    assert found[0] == state
    assert text in found[1]
    assert ("./start.sh logs streaming" in found[2]) == (state == "bad")


def test_container_that_is_not_there_is_bad(tmp_path: Path) -> None:
    assert states(tmp_path, without="influxdb")["influxdb"] == ("bad", "not there", "./start.sh")


def test_demonstration_may_be_off_and_a_failed_setup_may_not(tmp_path: Path) -> None:
    ended = {"Status": "exited", "ExitCode": 1}
    found = states(tmp_path, inspected("demo", state=ended), inspected("buckets", state=ended))
    assert found["demo"][:2] == ("note", "off (./start.sh demo on)")
    assert found["buckets"][0] == "bad"


@pytest.mark.parametrize("text", ["", "[]", '{"inspect": [{}], "stats": []}', '{"inspect": [1], "stats": []}'])
def test_what_docker_never_says_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "said.json"
    file.write_text(text)
    with pytest.raises(Misconfigured, match="--containers"):
        read(str(file))
