"""The stream's process while its servers are not there yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.identities import eventually
from telemetry.heartbeat import age
from unit.spark_jobs.conftest import Absent

ROOT = Path(__file__).parents[3]


def test_waits_for_its_servers_says_for_whom_and_stops_when_told(absent: Absent, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "spark-jobs" / "streaming_processor.py")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=absent.environment, cwd=tmp_path, stderr=log)
    try:
        found = eventually(lambda: age(tmp_path / "state", "streaming"), lambda seconds: seconds is not None, 60)
        assert found is not None
    finally:
        process.terminate()
    assert process.wait(60) == 0
    # Spark has begun meanwhile, and its JVM says things of its own.
    lines = [line for line in (tmp_path / "log").read_text().splitlines() if " streaming " in line]
    assert [line.split(" WARNING streaming ")[1].split(" error=")[0] for line in lines] == [
        f"away server=kafka address={absent.kafka}",
        f"away server=hdfs address={absent.hdfs}",
    ]


def test_address_that_is_none_is_said_and_the_supervisor_told(absent: Absent, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "spark-jobs" / "streaming_processor.py")]
    wrong = {**absent.environment, "HDFS_URL": "", "HDFS_RPC_PORT": "80200"}
    done = subprocess.run(command, env=wrong, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith("streaming_processor: settings: HDFS_URL: found hdfs://127.0.0.1:80200; expected ")
    assert len(done.stderr.splitlines()) == 1
