"""All dashboards and the alert rules as the files that Grafana reads: written, or compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import (
    compare,
    detail,
    fleet,
    gpu_promql,
    health,
    infrastructure,
    nightly,
    overview,
    pipeline,
    rules,
    services,
)
from dashboard.grafana.alert_file import LimitRules
from telemetry.catalogue import Catalogue

MAKERS: tuple[Callable[[Catalogue], Dashboard], ...] = (
    overview.make,
    detail.make,
    compare.make,
    pipeline.make,
    nightly.make,
    fleet.make,
    health.make,
)
OF_PROMETHEUS: tuple[Callable[[Catalogue], Dashboard], ...] = (infrastructure.make, services.make, gpu_promql.make)
"""In a folder of their own: without the profile `observability` there is no Prometheus to ask."""

RULES = "provisioning/alerting/rules.json"


def make(catalogue: Catalogue, alerts: LimitRules) -> dict[str, str]:
    """Path below dashboard/grafana/ -> JSON."""
    pages = {str(page.uid): page for page in (maker(catalogue) for maker in MAKERS)}
    made = {f"dashboards/{uid}.json": text(page) for uid, page in pages.items()}
    made |= {f"prometheus/{page.uid}.json": text(page) for page in (maker(catalogue) for maker in OF_PROMETHEUS)}
    return made | {RULES: rules.make(catalogue, alerts, pages)}


def text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(files: dict[str, str], folder: Path) -> None:
    for name in _present(folder) - files.keys():
        (folder / name).unlink()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def stale(files: dict[str, str], folder: Path) -> list[str]:
    """Names of files that are missing, too many or not what the catalogue says."""
    there = {name: (folder / name).read_text(encoding="utf-8") for name in _present(folder)}
    return sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))


def _present(folder: Path) -> set[str]:
    """What was generated is JSON; what was written by hand in the same folders is YAML."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*.json")}
