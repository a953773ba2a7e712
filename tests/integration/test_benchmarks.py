"""Each benchmark, small: it runs on this code, and finds on the topic what was sent. How fast is not judged here."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("dry_run.py", ["--rows", "2000", "--runs", "1"]),
        ("replay.py", ["--rows", "2000", "--runs", "1"]),
        ("query_latency.py", ["--rate", "100", "--seconds", "3"]),
        ("influxdb.py", ["--readings", "5000", "--runs", "1", "--ours-alone"]),
        ("lake.py", ["--readings", "4000", "--batch", "1000", "--runs", "1"]),
        ("lake_bytes.py", ["--rows", "2000", "--simulated-alone"]),
        ("batch.py", ["--readings", "20000", "--runs", "1"]),
        ("first_minutes.py", ["--rows", "600", "--seconds", "5", "--history", "0"]),
        ("console.py", ["--gpus", "50", "--clients", "5", "--streams", "20", "--seconds", "3"]),
        ("dcgm_page.py", ["--pages", "2"]),
        ("fleet_scrape.py", ["--nodes", "5", "--interval", "1", "--polls", "3"]),
        ("postgres_writes.py", ["--readings", "1000", "--runs", "1"]),
        ("health_engine.py", ["--gpus", "16", "--minutes", "1"]),
        ("encode_lines.py", ["--readings", "500"]),
        ("alert_latency.py", ["--gpus", "50", "--seconds", "20"]),
    ],
)
def test_small(program: str, arguments: list[str]) -> None:
    run = [sys.executable, str(ROOT / "benchmarks" / program), *arguments]
    with subprocess.Popen(run, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True) as process:
        try:
            printed, said = process.communicate()
        except BaseException:
            # Cut off: what it has started must not go on beside the other tests.
            process.send_signal(signal.SIGINT)
            raise
    assert process.returncode == 0, printed + said
    print(printed)


def test_run_knows_its_benchmarks() -> None:
    done = subprocess.run([ROOT / "benchmarks" / "run", "faster"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "expected one of: dry-run replay query-latency influxdb" in done.stderr
