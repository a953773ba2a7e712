"""scripts/start/collect.sh: whether live GPUs are read, by COLLECT and by what the driver finds."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
set -eEuo pipefail
fail() { echo "FAIL $*"; exit 3; }
source scripts/start/collect.sh
if collect_is_wanted; then echo yes; else echo no; fi
"""


@pytest.mark.parametrize(
    ("setting", "found", "answer"),
    [
        (None, 0, "yes"),
        (None, 1, "yes"),  # there are some, and they do not answer yet
        (None, 2, "no"),
        (None, 124, "no"),
        ("", 0, "yes"),
        ("auto", 0, "yes"),
        ("auto", 2, "no"),
        ("on", 2, "yes"),
        ("off", 0, "no"),
        ("maybe", 0, "FAIL COLLECT maybe auto, on or off set it in .env"),
    ],
)
def test_live_gpus_are_read_where_there_are_any(setting: str | None, found: int, answer: str, tmp_path: Path) -> None:
    producer = tmp_path / "bin" / "kafka-producer"
    producer.parent.mkdir()
    producer.write_text(f'#!/bin/sh\n[ "$*" = "collect --list" ] || exit 9\necho noise\nexit {found}\n')
    producer.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "VENV": str(tmp_path)} | ({} if setting is None else {"COLLECT": setting})
    done = subprocess.run(
        ["bash", "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == answer
