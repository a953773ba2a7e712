"""The lake is compacted and old readings leave it while the stream writes and the batch reads."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from faults.conftest import Record
from support.fake_clock import FakeClock
from support.fault_field import Field
from support.fault_load import Count, Outcome
from support.identities import eventually
from support.platform import long_log
from telemetry.timestamp import SECOND

pytestmark = pytest.mark.timeout(1800)
SECONDS = 60
ROWS = 3000
DAY = 86_400 * SECOND


def test_compaction_and_expiry(field: Field, record: Record) -> None:
    """By a batch whose clock stands a day after the load began: what came before the load is old, and nothing else."""
    gpu = "expired:0"
    field.platform.drop(long_log(field.platform.folder, "expired.txt", 1, ROWS, "2015-06-06 12:00:00"), gpu)
    assert eventually(lambda: field.platform.rows(gpu).total(), lambda found: found >= ROWS) == ROWS
    running = field.load("retention", SECONDS)
    clock = FakeClock(field.platform.folder / "retention-clock")
    clock.stand(running.begin + DAY)
    today = datetime.now(UTC).date()
    batch = field.batch("--date", today.isoformat(), LAKE_RETENTION_DAYS="1", **clock.settings)
    said, _ = batch.communicate(timeout=900)
    assert batch.returncode == 0, said
    outcome = field.settled(running, Outcome("retention", "compaction and expiry under load", 0))
    left = field.platform.rows(gpu).total()
    outcome.counts["expired"] = Count(ROWS, ROWS - left, left, 0)
    kept = field.platform.points("gpu-imports", gpu).total()
    outcome.counts["InfluxDB, of the expired"] = Count(ROWS, kept, ROWS - kept, 0)
    record(outcome)
    assert "compaction=readings" in said
    assert date(2015, 6, 6) < today
