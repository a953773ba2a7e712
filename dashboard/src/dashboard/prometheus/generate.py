"""The files of dashboard/prometheus: written, or compared."""

from __future__ import annotations

from pathlib import Path

from dashboard.grafana.alert_file import LimitRules
from dashboard.prometheus import gpu_rules, platform_rules, rule
from telemetry.catalogue import Catalogue
from telemetry.xid import XidTable


def make(catalogue: Catalogue, alerts: LimitRules, xids: XidTable, runbook: str) -> dict[str, str]:
    """Name below dashboard/prometheus/ -> text."""
    return {
        "gpu-rules.yaml": rule.text(gpu_rules.groups(catalogue, alerts, xids), runbook),
        "platform-rules.yaml": rule.text(platform_rules.groups(), runbook),
    }


def write(files: dict[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def stale(files: dict[str, str], folder: Path) -> list[str]:
    """Names of files that are missing or not what the catalogue says."""
    return sorted(name for name, content in files.items() if _read(folder / name) != content)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
