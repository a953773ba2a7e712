"""A disk that is full for a while: somebody says so, and all goes on once there is room."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, Running, Sent, at_moments
from support.identities import eventually

pytestmark = pytest.mark.timeout(1800)
SECONDS = 45


FOLDERS = ("kafka", "spark-checkpoints", "influxdb", "hdfs")


def test_full(field: Field, record: Record) -> None:
    def loads() -> Iterator[Sent]:
        for folder in FOLDERS:
            running = field.load(f"full-{folder}", SECONDS)
            at_moments(running, [0.2], partial(_fill, field, folder, running))
            yield Sent(running, Outcome("disk full", folder, 0))

    field.all_settled(loads(), record)


def _fill(field: Field, folder: str, running: Running) -> None:
    def said() -> list[str]:
        _, status = field.platform.status()
        return [each["what"] for each in status["problems"] if each["check"] == "disks"]

    with field.disks[folder].full():
        assert eventually(said, lambda words: any(folder in each for each in words))
        if folder == "kafka":
            # It ends of it, and the load stands still.
            return
        running.until(0.7)
