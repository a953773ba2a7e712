"""What a replay remembers of a pass while it is played."""

from __future__ import annotations

from pathlib import Path

from kafka_producer.pass_state import PassState, Stream
from kafka_producer.position import Position
from kafka_producer.progress import Progress
from kafka_producer.replay import _Acknowledged
from support.intake_run import Now
from telemetry.timestamp import SECOND

STREAM = Stream("f" * 16, "desk:0", "now")
STATE = PassState(5, 1000, "1", "UTC", "live", 0, None, False)


def test_progress_is_saved_on_after_the_clock_was_set_back(tmp_path: Path) -> None:
    progress, clock = Progress(tmp_path), Now()
    progress.begin(STREAM, STATE, "log.txt", clock.now())
    acknowledged = _Acknowledged(progress, STREAM, STATE, clock)
    clock.time -= 2 * 3600 * SECOND
    acknowledged(Position(10, 0), 77)
    found = progress.latest(STREAM)
    assert found is not None
    assert (found.rows, found.last) == (10, 77)
