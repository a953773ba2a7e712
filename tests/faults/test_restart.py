"""Everything is asked to stop under load, and started again."""

from __future__ import annotations

import pytest

from faults.conftest import Record
from support.fault_field import Field, Outcome, Running, at_moments

pytestmark = pytest.mark.timeout(1800)
SECONDS = 60


def test_stop_and_start(field: Field, record: Record) -> None:
    """The load goes on meanwhile: it waits for Kafka as any producer does."""
    running = Running(field, "restart", SECONDS)

    def harm() -> None:
        field.platform.start_sh("stop")
        field.platform.start_sh()

    at_moments(running, [0.4], harm)
    record(field.settled(running, Outcome("stop and start", "everything", 0)))
