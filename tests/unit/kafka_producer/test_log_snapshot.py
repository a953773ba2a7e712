"""What became of each log stands in a file that others read, and is told anew where it changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafka_producer import status
from kafka_producer.drop_folder import Signature
from kafka_producer.ledger import File, Ledger
from kafka_producer.log_snapshot import LogSnapshot
from kafka_producer.progress import Progress
from telemetry import log_states
from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND


class Hands:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.time = 1_800_000_000 * SECOND

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * SECOND)


def a_file(name: str, clock: Hands) -> File:
    return File(name, name, Signature(10, 1, 1, 1), "rejected", reason="not_a_log", updated=clock.now())


def test_snapshot_is_what_status_tells(tmp_path: Path) -> None:
    clock, progress = Hands(), Progress(tmp_path)
    ledger, snapshot = Ledger(progress), LogSnapshot(progress, tmp_path, clock)
    ledger.keep("/data", a_file("a.txt", clock))
    snapshot.tend()
    assert log_states.read(tmp_path) == status.lines(progress)
    assert [each.reason for each in log_states.read(tmp_path)] == ["not_a_log"]
    ledger.keep("/data", a_file("b.txt", clock))
    snapshot.tend()
    assert len(log_states.read(tmp_path)) == 1, "once a second is enough"
    clock.sleep(1)
    snapshot.tend()
    assert len(log_states.read(tmp_path)) == 2
    progress.close()


def test_snapshot_is_told_on_after_the_clock_was_set_back(tmp_path: Path) -> None:
    clock, progress = Hands(), Progress(tmp_path)
    ledger, snapshot = Ledger(progress), LogSnapshot(progress, tmp_path, clock)
    snapshot.tend()
    clock.sleep(-7200)
    ledger.keep("/data", a_file("a.txt", clock))
    snapshot.tend()
    assert len(log_states.read(tmp_path)) == 1
    progress.close()


def test_snapshot_is_not_written_while_nothing_changes(tmp_path: Path) -> None:
    clock, progress = Hands(), Progress(tmp_path)
    snapshot = LogSnapshot(progress, tmp_path, clock)
    snapshot.write()
    written = (tmp_path / log_states.NAME).stat().st_ino
    snapshot.write()
    assert (tmp_path / log_states.NAME).stat().st_ino == written
    other = Progress(tmp_path)
    Ledger(other).keep("/data", a_file("a.txt", clock))
    other.close()
    snapshot.write()
    assert len(log_states.read(tmp_path)) == 1, "a replay beside the watch counts, too"
    progress.close()


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"schema": 2, "logs": []}'])
def test_file_that_cannot_be_read_says_so(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / log_states.NAME).write_bytes(content)
    with pytest.raises(Unavailable):
        log_states.read(tmp_path)
