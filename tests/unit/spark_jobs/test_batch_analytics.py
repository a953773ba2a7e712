"""The nightly batch while its servers are away."""

from __future__ import annotations

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
