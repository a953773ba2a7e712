"""The nightly batch while its servers are away, and with a setting that cannot be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from unit.spark_jobs.conftest import Absent

ROOT = Path(__file__).parents[3]


def test_names_who_is_away_and_ends_without_a_traceback(absent: Absent, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "spark-jobs" / "batch_analytics.py"), "--date", "2026-11-27"]
    done = subprocess.run(command, env=absent.environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("batch_analytics: found hdfs and kafka away, expected it to answer")


def test_topics_that_cannot_be_are_said_before_anything_is_made(absent: Absent, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    topics = config / "topics.yaml"
    topics.write_text(topics.read_text().replace("retention_hours:", "retention_houres:", 1))
    command = [sys.executable, str(ROOT / "spark-jobs" / "batch_analytics.py"), "--date", "2026-11-27"]
    wrong = {**absent.environment, "CONFIG_DIR": str(config)}
    done = subprocess.run(command, env=wrong, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith(f"batch_analytics: {topics}: ")
    assert "retention_houres" in done.stderr
    assert "Traceback" not in done.stderr
