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
