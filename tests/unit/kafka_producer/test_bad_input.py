"""What is no log that we know: one line that says what was found, what was expected and what to do; status 2."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.gpuz_logs import REPOSITORY, header, row

GIBIBYTE = 1024**3
MOST_MEMORY = 100_000_000
LOG = (header("GPU Load [%]") + row(1, 50)).encode()
EXPECTED = "expected 'Date , GPU Clock [MHz] , ...' as in a sensor log of GPU-Z: GPU-Z writes one while 'Log to file'"


def zipped() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("log.txt", LOG)
    return raw.getvalue()


FOREIGN = {
    "notes": (b"buy milk\n", "begins 'buy milk'"),
    "afterburner": (
        b"00, 23-11-2026 10:17:08, Hardware monitoring log v1.6 \r\n80, 23-11-2026 10:17:09, 45.000 ,0.000\r\n",
        "MSI Afterburner writes such logs",
    ),
    "nvidia-smi-without-time": (
        b"index, name, temperature.gpu\n0, NVIDIA GeForce RTX 3080, 45\n",
        "nvidia-smi writes such logs, and needs its column timestamp: nvidia-smi --query-gpu=timestamp,index,",
    ),
    "librehardwaremonitor-half": (
        b",/gpu-nvidia/0/temperature/0\n06/16/2023 10:17:08,45\n",
        "begins ',/gpu-nvidia/0/temperature/0'",
    ),
    "any-csv": (b"timestamp,value\n2026-11-23,45\n", "begins 'timestamp,value'"),
    "java": (b"2026-11-23 11:00:00,123 INFO started\n", "begins '2026-11-23 11:00:00,123 INFO started'"),
    "zip": (zipped(), "a ZIP archive: unpack it"),
    "gzip": (gzip.compress(LOG), "a gzip archive: unpack it"),
    "program": (b"\x7fELF\x02\x01\x01\0\0\0\xfe\xfe", "bytes that are no text"),
}


# The kernel counts to a process what its parent held when it was made; ours is large, so a small one stands between.
MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
open(sys.argv[1], "w").write(str(usage.ru_maxrss * 1024))
sys.exit(process.returncode)
"""


def dry_run(path: Path, tmp_path: Path) -> tuple[int, str, int]:
    """(exit status, what stands on stderr, bytes of memory at the most); stdout must stay empty."""
    memory = tmp_path / "memory"
    producer = str(Path(sys.executable).with_name("kafka-producer"))
    command = [sys.executable, "-c", MEASURED, str(memory), producer, "replay", "--dry-run", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr, int(memory.read_text())


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_other_programs_are_named(name: str, tmp_path: Path) -> None:
    content, said = FOREIGN[name]
    path = tmp_path / "file"
    path.write_bytes(content)
    status, error, _ = dry_run(path, tmp_path)
    assert (status, error.count("\n")) == (2, 1)
    assert str(path) in error
    assert said in error
    assert EXPECTED in error
    assert all(f"({program})" in error for program in ("HWiNFO", "LibreHardwareMonitor", "nvidia-smi"))


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.touch()
    status, error, _ = dry_run(path, tmp_path)
    assert (status, error.count("\n")) == (2, 1)
    kinds = "GPU-Z, HWiNFO, LibreHardwareMonitor or nvidia-smi"
    assert f"nothing stands in it, expected a sensor log of {kinds}; GPU-Z writes one while 'Log to file'" in error


def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    # Also root, who may read everything, cannot read the memory of a process at address 0.
    status, error, _ = dry_run(Path("/proc/self/mem"), tmp_path)
    assert (status, error.count("\n")) == (2, 1)
    assert "unreadable: /proc/self/mem: Input/output error" in error


def test_a_line_of_two_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse.txt"
    with path.open("wb") as file:
        file.write(header("GPU Load [%]").encode() + b"x")
        file.truncate(2 * GIBIBYTE)
    status, error, memory = dry_run(path, tmp_path)
    assert (status, "rows=1 readings=0 rejected=1" in error) == (0, True)
    assert memory < MOST_MEMORY
