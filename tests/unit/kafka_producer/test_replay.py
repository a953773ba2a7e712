"""A replay: what it remembers of a pass while that is played, and a log that goes away meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from kafka_producer.pace import Speed
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.passes import Wish
from kafka_producer.position import Position
from kafka_producer.progress import Progress
from kafka_producer.publish import Publisher
from kafka_producer.replay import Replay, _Acknowledged
from kafka_producer.replay_options import ReplayOptions
from kafka_producer.replay_plan import plan
from kafka_producer.source_config import Sources
from support.gpuz_logs import CATALOGUE, NOW, header, row
from support.intake_run import Now, Outbox
from telemetry.errors import Rejected
from telemetry.timestamp import SECOND

LOG = header("GPU Load [%]") + "".join(row(second, second) for second in range(20))
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


class Flushed(Outbox):
    """Whose log goes away with the last reading of a pass."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def flush(self) -> bool:
        self.acknowledge()
        self._log.unlink(missing_ok=True)
        return True


class Playing(Now):
    """A clock that goes on while it is waited for."""

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * SECOND)


@pytest.mark.parametrize("speed", ["max", 60.0])
def test_a_log_that_is_moved_away_while_it_is_played_is_named(tmp_path: Path, speed: Speed) -> None:
    log, clock, progress = tmp_path / "log.txt", Playing(), Progress(tmp_path / "state")
    log.write_text(LOG, encoding="latin-1", newline="")
    options = ReplayOptions((log,), speed, "now", True, None, "desk:0", False, "replay")
    planned = plan(options, Sources(), CATALOGUE, ZoneInfo("UTC"), NOW)
    outbox = Flushed(log)
    replay = Replay(Wish("now", speed, True), progress, cast(Publisher, outbox), clock, lambda *_: None)
    with pytest.raises(Rejected, match=r"unreadable: .*log\.txt: No such file or directory: put it back"):
        replay.run(planned, tmp_path / "state")
    assert len(outbox.sent) == 20
