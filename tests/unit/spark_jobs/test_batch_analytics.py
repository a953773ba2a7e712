"""The nightly batch while its servers are away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.engines import free_ports

ROOT = Path(__file__).parents[3]


def test_names_who_is_away_and_ends_without_a_traceback(tmp_path: Path) -> None:
    kafka, hdfs = free_ports(2)
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka}",
        "HDFS_URL": f"hdfs://127.0.0.1:{hdfs}",
        "GPUSTREAM_RUN_DIR": str(tmp_path),
        "CONFIG_DIR": str(ROOT / "config"),
    }
    command = [sys.executable, str(ROOT / "spark-jobs" / "batch_analytics.py"), "--date", "2026-11-27"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("batch_analytics: found hdfs and kafka away, expected it to answer")
