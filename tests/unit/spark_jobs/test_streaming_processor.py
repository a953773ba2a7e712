"""The stream's process while its servers are not there yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.engines import free_ports
from support.identities import eventually
from telemetry.heartbeat import age

ROOT = Path(__file__).parents[3]


def test_waits_for_its_servers_says_for_whom_and_stops_when_told(tmp_path: Path) -> None:
    kafka, hdfs = free_ports(2)
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka}",
        "HDFS_URL": f"hdfs://127.0.0.1:{hdfs}",
        "GPUSTREAM_RUN_DIR": str(tmp_path),
        "CONFIG_DIR": str(ROOT / "config"),
    }
    command = [sys.executable, str(ROOT / "spark-jobs" / "streaming_processor.py")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=log)
    try:
        found = eventually(lambda: age(tmp_path / "state", "streaming"), lambda seconds: seconds is not None, 60)
        assert found is not None
    finally:
        process.terminate()
    assert process.wait(60) == 0
    # Spark has begun meanwhile, and its JVM says things of its own.
    lines = [line for line in (tmp_path / "log").read_text().splitlines() if " streaming " in line]
    assert [line.split(" WARNING streaming ")[1].split(" error=")[0] for line in lines] == [
        f"away server=kafka address=127.0.0.1:{kafka}",
        f"away server=hdfs address=127.0.0.1:{hdfs}",
    ]
