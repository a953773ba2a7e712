"""The dashboards that Grafana is given are the repository's, but for how often they refresh."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "dashboard" / "grafana" / "dashboards"


def written(run_dir: Path, **settings: str) -> dict[str, object]:
    subprocess.run(
        ["bash", "-euc", "source scripts/start/dashboards.sh; write_dashboards"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "RUN_DIR": str(run_dir)} | settings,
        check=True,
    )
    files = (run_dir / "grafana" / "dashboards").iterdir()
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}


def committed(refresh: str) -> dict[str, object]:
    pages = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in COMMITTED.glob("*.json")}
    usual = {name: page for name, page in pages.items() if page["refresh"] == "10s"}
    assert len(usual) >= 4
    return pages | {name: page | {"refresh": refresh} for name, page in usual.items()}


@pytest.mark.parametrize("refresh", ["10s", "1m", "2h"])
def test_refresh_is_what_is_set(tmp_path: Path, refresh: str) -> None:
    assert written(tmp_path, GRAFANA_REFRESH=refresh) == committed(refresh)


def test_second_writing_brings_what_is_there_to_the_settings(tmp_path: Path) -> None:
    assert written(tmp_path) == committed("10s")
    (tmp_path / "grafana" / "dashboards" / "of-an-older-version.json").write_text("{}")
    assert written(tmp_path, GRAFANA_REFRESH="30s") == committed("30s")


def provisioned(run_dir: Path, prometheus: str) -> tuple[set[str], set[str], str]:
    """(files of provisioning, dashboards of Prometheus, whether a Grafana that runs must start again)."""
    words = f"write_dashboards {prometheus}; write_provisioning {prometheus}; echo $provisioning_is_new"
    done = subprocess.run(
        ["bash", "-euc", f"source scripts/start/dashboards.sh; {words}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "RUN_DIR": str(run_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    folder = run_dir / "grafana" / "provisioning"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return files, {path.name for path in (run_dir / "grafana" / "prometheus").iterdir()}, done.stdout.strip()


def test_those_of_prometheus_are_there_only_where_it_runs(tmp_path: Path) -> None:
    own = {path.name for path in (COMMITTED.parent / "prometheus").glob("*.json")}
    assert len(own) == 3
    usual = COMMITTED.parent / "provisioning"
    always = {str(path.relative_to(usual)) for path in usual.rglob("*") if path.is_file()}
    source, folder = "datasources/prometheus.yaml", "dashboards/prometheus.yaml"

    assert provisioned(tmp_path, "no") == (always | {source}, set(), "yes")
    assert "deleteDatasources" in (tmp_path / "grafana" / "provisioning" / source).read_text(encoding="utf-8")
    assert provisioned(tmp_path, "no") == (always | {source}, set(), "no")

    assert provisioned(tmp_path, "yes") == (always | {source, folder}, own, "yes")
    assert "gpustream-prometheus" in (tmp_path / "grafana" / "provisioning" / source).read_text(encoding="utf-8")
    assert provisioned(tmp_path, "yes")[2] == "no"

    assert provisioned(tmp_path, "no") == (always | {source}, set(), "yes")
