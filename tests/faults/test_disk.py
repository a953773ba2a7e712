"""A disk that is full for a while: somebody says so, and all goes on once there is room."""

from __future__ import annotations

import re
from functools import partial

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, Sent, at_moments
from support.identities import eventually

pytestmark = pytest.mark.timeout(1800)
SECONDS = 30
ERRORS = {
    "kafka": ("kafka", "no space left on device"),
    "spark-checkpoints": ("streaming", "no space left on device"),
    "influxdb": ("influxdb", "no space left on device"),
    # No room for a block, or none for its own log, which makes it take nothing more (safe mode): whichever comes first.
    "hdfs": ("namenode", "could only be written to 0 of|below the configured reserved amount"),
}
"""Folder -> who writes there, and what its log says of a disk that is full."""
HELD = 300
"""Seconds: a stream that begins anew takes its time until it writes."""


def test_full(field: Field, record: Record) -> None:
    field.all_settled([partial(_filled, field, folder) for folder in ERRORS], record)


def _filled(field: Field, folder: str) -> Sent:
    running = field.load(f"full-{folder}", SECONDS)
    at_moments(running, [0.2], partial(_fill, field, folder))
    return Sent(running, Outcome("disk full", folder, 0))


def _fill(field: Field, folder: str) -> None:
    def named() -> list[str]:
        _, status = field.platform.status()
        return [each["what"] for each in status["problems"] if each["check"] == "disks"]

    name, words = ERRORS[folder]
    log = field.platform.run_dir / "logs" / f"{name}.log"
    begin = log.stat().st_size

    def said() -> str:
        # Kafka's log is begun anew where it ended of this.
        text = log.read_bytes()
        return text[begin if len(text) >= begin else 0 :].decode(errors="replace").lower()

    with field.disks[folder].full():
        # Whoever writes there has met it, and the status tells the user which disk it is.
        assert eventually(said, lambda text: bool(re.search(words, text)), HELD), f"{name} never said: {words}"
        assert eventually(named, lambda problems: any(folder in each for each in problems), HELD)
