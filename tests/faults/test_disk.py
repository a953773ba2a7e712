"""A disk that is full for a while: somebody says so, and all goes on once there is room."""

from __future__ import annotations

import pytest

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Outcome, at_moments
from support.identities import eventually

pytestmark = pytest.mark.timeout(1800)
SECONDS = 45


@pytest.mark.parametrize("folder", ["kafka", "spark-checkpoints", "influxdb", "hdfs"])
def test_full(field: Field, record: Record, folder: str) -> None:
    running = field.load(f"full-{folder}", SECONDS)

    def said() -> list[str]:
        _, status = field.platform.status()
        return [each["what"] for each in status["problems"] if each["check"] == "disks"]

    def harm() -> None:
        with field.disks[folder].full():
            assert eventually(said, lambda words: any(folder in each for each in words))
            if folder == "kafka":
                # It ends of it, and the load stands still.
                return
            running.until(0.7)

    at_moments(running, [0.2], harm)
    record(field.settled(running, Outcome("disk full", folder, 0)))
