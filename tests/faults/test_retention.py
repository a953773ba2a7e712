"""The lake is compacted and old readings leave it while the stream writes and the batch reads."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Self

import pytest

from faults.conftest import Record
from support.fake_clock import FakeClock
from support.fault_field import Field
from support.fault_load import Count, Outcome
from support.identities import eventually
from support.platform import Platform, long_log
from telemetry.timestamp import SECOND

pytestmark = pytest.mark.timeout(1800)
SECONDS = 90
ROWS = 3000
FILES = 3
"""That compaction finds, at the least; the load goes on after them."""
DAY = 86_400 * SECOND


class Reader:
    """Reads a GPU's rows again and again, as a batch or a page of the console does."""

    def __init__(self, platform: Platform, gpu: str) -> None:
        self._platform = platform
        self._gpu = gpu
        self._over = Event()
        self._pool = ThreadPoolExecutor(1)
        self.found: list[int] = []
        """How many rows there were, each number that differs from the one before."""

    def __enter__(self) -> Self:
        self._done = self._pool.submit(self._read)
        return self

    def __exit__(self, *_: object) -> None:
        """Raises what reading raised."""
        self._over.set()
        self._done.result()
        self._pool.shutdown()

    def _read(self) -> None:
        while True:
            is_last = self._over.is_set()
            rows = self._platform.rows(self._gpu).total()
            if self.found[-1:] != [rows]:
                self.found.append(rows)
            if is_last:
                return


def test_compaction_and_expiry(field: Field, record: Record) -> None:
    """By a batch whose clock stands a day after the load began: what came before the load is old, and nothing else."""
    gpu = "expired:0"
    field.platform.drop(long_log(field.platform.folder, "expired.txt", 1, ROWS, "2015-06-06 12:00:00"), gpu)
    assert eventually(lambda: field.platform.rows(gpu).total(), lambda found: found >= ROWS) == ROWS
    running = field.load("retention", SECONDS)
    clock = FakeClock(field.platform.folder / "retention-clock")
    clock.stand(running.begin + DAY)
    today = datetime.now(UTC).date()
    # The batch compacts first of all, and there must be files for it: the stream's first appends take their time.
    eventually(lambda: field.platform.files(today), lambda files: files >= FILES)
    with Reader(field.platform, gpu) as reader:
        batch = field.batch("--date", today.isoformat(), LAKE_RETENTION_DAYS="1", **clock.settings)
        said, _ = batch.communicate(timeout=900)
    assert batch.returncode == 0, said
    outcome = field.settled(running, Outcome("retention", "compaction and expiry under load", 0))
    left = field.platform.rows(gpu).total()
    outcome.counts["expired"] = Count(ROWS, ROWS - left, left, 0)
    kept = field.platform.points("gpu-imports", gpu).total()
    outcome.counts["InfluxDB, of the expired"] = Count(ROWS, kept, ROWS - kept, 0)
    record(outcome)
    compacted = re.search(r"compaction=readings dates=\d+ files=(\d+) to=(\d+)", said)
    assert compacted, said
    before, after = map(int, compacted.groups())
    assert before > after > 0
    # Old readings are there, or they are not: nobody who reads meanwhile sees a part.
    assert reader.found == [ROWS, 0]
