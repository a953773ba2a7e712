"""Which readings of a log with its original time ``replay`` sends as live: those that ``watch`` would, for ever."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from kafka_producer import dry_run
from kafka_producer.chain import head_of
from kafka_producer.passes import Wish
from kafka_producer.progress import Progress
from kafka_producer.publish import Publisher, Stopped
from kafka_producer.replay import Replay
from kafka_producer.replay_plan import Planned
from kafka_producer.sources.logs.decode import lines_of
from support.gpuz_logs import file_of, header, row, walk
from support.intake_run import Now, Outbox, Run
from telemetry.reading import Reading, decode
from telemetry.timestamp import SECOND

IMPORT = Wish("original", "max", False)
HEADER = header("GPU Load [%]", "GPU Temperature [°C]")
DAY = 24 * 3600
HISTORY = HEADER + "".join(row(n * 60, 1, 50) for n in range(60))
CURRENT = "".join(row(DAY + n * 60, 1, 50) for n in range(180))


class Sent(Outbox):
    """``stop_after`` so many readings the process is killed; what was sent until then is acknowledged."""

    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__()
        self._stop_after = stop_after

    def send(self, topic: str, key: str, value: bytes, done: Callable[[], None]) -> None:
        if len(self.sent) == self._stop_after:
            self.acknowledge()
            raise Stopped
        super().send(topic, key, value, done)

    def flush(self) -> None:
        self.acknowledge()


def planned(content: str, gpu: str = "desk:0", *, is_gpu_given: bool = True) -> Planned:
    file = file_of(content)
    head = head_of(lines_of(io.BytesIO(content.encode("latin-1"))))
    return Planned(Path("made.txt"), file, gpu, None, file.survey(2**62), head, is_gpu_given)


def replayed(directory: Path, content: str, now: int, gpu: str = "desk:0", stop_after: int | None = None) -> list[str]:
    """The mode of each reading."""
    clock, outbox, progress = Now(), Sent(stop_after), Progress(directory / "state")
    clock.time = now
    replay = Replay(IMPORT, progress, cast(Publisher, outbox), clock, lambda *_: None)
    try:
        replay.run([planned(content, gpu)], directory / "state")
    except Stopped:
        replay.save()
    progress.close()
    return modes(outbox.sent)


def modes(readings: list[Reading]) -> list[str]:
    return [reading.mode for reading in readings]


def end_of(content: str) -> int:
    """While its program still writes it."""
    return max(reading.time for reading in walk(content).readings) + 5 * SECOND


MIXED = ["import"] * 60 + ["live"] * 180


def test_history_is_imported_and_the_current_session_is_live(tmp_path: Path) -> None:
    content = HISTORY + CURRENT
    assert replayed(tmp_path, content, end_of(content)) == MIXED


@pytest.mark.parametrize("after", [30, 100])
def test_the_modes_are_the_same_after_a_kill_however_late(tmp_path: Path, after: int) -> None:
    content = HISTORY + CURRENT
    found = replayed(tmp_path, content, end_of(content), stop_after=after)
    assert found + replayed(tmp_path, content, end_of(content) + 30 * DAY * SECOND) == MIXED


def test_a_log_of_long_ago_that_goes_on_is_live_from_there(tmp_path: Path) -> None:
    first = replayed(tmp_path, HISTORY, end_of(HISTORY) + 7200 * SECOND)
    grown = HISTORY + CURRENT
    assert first + replayed(tmp_path, grown, end_of(grown)) == ["import"] * 60 + ["import"] * 120 + ["live"] * 60
    # Of another card, too: they are the same rows.
    assert replayed(tmp_path, grown, end_of(grown), "desk:7") == ["import"] * 60 + ["import"] * 120 + ["live"] * 60


def test_watch_goes_on_with_the_modes_of_replay(tmp_path: Path) -> None:
    content = HISTORY + CURRENT
    found = replayed(tmp_path, content, end_of(content), stop_after=100)
    clock, outbox = Now(), Outbox()
    clock.time = end_of(content)
    run = Run(tmp_path, outbox, clock)
    (run.folder / "log.txt").write_text(content, encoding="latin-1", newline="")
    follower = run.follower()
    while follower.step():
        pass
    assert found + modes(outbox.sent) == MIXED
    run.kill()


def test_what_an_earlier_version_sent_as_live_stays_live(tmp_path: Path) -> None:
    content = HISTORY + CURRENT
    replayed(tmp_path, content, end_of(content), stop_after=30)
    progress = Progress(tmp_path / "state")
    progress.connection.execute("update passes set mode = 'live'")
    progress.connection.execute("update known set live_after = null")
    progress.close()
    assert replayed(tmp_path, content, end_of(content) + 30 * DAY * SECOND) == ["live"] * 210


def test_the_demonstration_is_never_live(tmp_path: Path) -> None:
    content = HISTORY + CURRENT
    assert set(replayed(tmp_path, content, end_of(content), "demo-desk:0")) == {"demo"}


@pytest.mark.parametrize("later", [0, 7200])
def test_a_dry_run_shows_the_modes(later: int) -> None:
    content, out = HISTORY + CURRENT, io.BytesIO()
    dry_run.print_readings([planned(content)], IMPORT, end_of(content) + later * SECOND, out, io.StringIO())
    found = [decode(line, 2**62).mode for line in out.getvalue().splitlines()]
    assert found == (["import"] * 240 if later else MIXED)
