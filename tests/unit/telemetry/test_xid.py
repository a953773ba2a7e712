"""The table of Xids: complete where the sources are, wrong entries named, overridden by rows of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from telemetry import xid
from telemetry.errors import Misconfigured

ROOT = Path(__file__).parents[3]
DEVASTATING = (48, 74, 79, 95, 119, 120, 140)
"""A health check of DCGM fails on each of them."""
ROW = "{name: Bus lost, action: reboot, severity: critical, subsystem: pcie, sources: {nvidia: RESTART_BM}}"


@pytest.mark.parametrize(
    ("number", "action", "severity"),
    [
        (79, "reboot", "critical"),
        (48, "follow_up", "critical"),
        (95, "reset_gpu", "critical"),
        (119, "reset_gpu", "critical"),
        (94, "restart_app", "warning"),
        (13, "restart_app", "warning"),
        (43, "ignore", "info"),
        (54, "check_power", "critical"),
        (9999, "look_up", "warning"),
    ],
)
def test_what_a_number_means(number: int, action: str, severity: str) -> None:
    row = xid.load(ROOT / "config").of(number)
    assert (row.action, row.severity) == (action, severity)


def test_what_fails_a_health_check_is_critical() -> None:
    table = xid.load(ROOT / "config")
    assert {number: table.of(number).severity for number in DEVASTATING} == dict.fromkeys(DEVASTATING, "critical")


def test_where_the_sources_are_known_to_disagree_the_choice_is_explained() -> None:
    table = xid.load(ROOT / "config")
    assert [number for number in (62, 63, 94, 109) if not table.rows[number].choice] == []


def folder(tmp_path: Path, base: str, own: str | None = None) -> Path:
    (tmp_path / "xid.yaml").write_text(base)
    if own is not None:
        (tmp_path / "xid.local.yaml").write_text(own)
    return tmp_path


def test_own_rows_replace_and_add(tmp_path: Path) -> None:
    own = "xids: {79: {severity: info}, 500: {name: New, action: ignore, severity: info, subsystem: driver}}"
    table = xid.load(folder(tmp_path, f"xids: {{79: {ROW}}}", own))
    assert (table.of(79).severity, table.of(79).action, table.of(79).name) == ("info", "reboot", "Bus lost")
    assert table.of(500).sources == {"local": "decided here"}


FAULTS = [
    ("xids: {79: {name: X}}", None, "xid.yaml: xids.79"),
    (f"xids: {{79: {ROW.replace('reboot', 'pray')}}}", None, "xid.yaml: xids.79: action.*'pray'"),
    (f"xids: {{79: {ROW}}}", "xids: {79: {severity: loud}}", "xid.local.yaml: xids.79: severity.*'loud'"),
    (f"xids: {{79: {ROW}}}", "xids: {79: {colour: red}}", "xid.local.yaml: xids.79: colour.*no such key"),
    (f"xids: {{79: {ROW}, 79: {ROW}}}", None, "79 stands twice"),
    (f"xids: {{x: {ROW}}}", None, "xid.yaml: xids.x"),
    ("xids: {79: {name: Bus, action: reboot, severity: info, subsystem: pcie, sources: {a: b}, choice: c}}", None,
     "two sources"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "own", "complaint"), FAULTS)
def test_faults_are_named(base: str, own: str | None, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=complaint):
        xid.load(folder(tmp_path, base, own))
