"""Passes: resumed with their anchor, or begun anew."""

from __future__ import annotations

import io
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kafka_producer import passes
from kafka_producer.chain import head_of
from kafka_producer.ledger import Ledger
from kafka_producer.pass_state import Stream
from kafka_producer.passes import Wish
from kafka_producer.position import Position
from kafka_producer.progress import Progress
from kafka_producer.replay_options import ReplayOptions
from kafka_producer.replay_plan import Planned, plan
from kafka_producer.source_config import Sources
from kafka_producer.sources.logs.decode import lines_of
from kafka_producer.sources.logs.log import SensorLog
from kafka_producer.stream_choice import StreamChoice
from support.gpuz_logs import CATALOGUE, NOW, file_of, header, row
from telemetry.errors import Rejected
from telemetry.timestamp import SECOND

LOG = header("GPU Load [%]") + "".join(row(second, second) for second in range(60))
LIVE = Wish("now", 1.0, False)
IMPORT = Wish("original", "max", False)


def planned(zone: str = "UTC", gpu: str = "desk:0", content: str = LOG) -> Planned:
    file = file_of(content, zone)
    head = head_of(lines_of(io.BytesIO(content.encode())))
    return Planned(Path("made.txt"), file, gpu, None, file.survey(NOW), head)


def stream_of(log: Planned, wish: Wish, progress: Progress, now: int) -> Stream:
    return StreamChoice(wish, progress, Ledger(progress), lambda *_: None).of(log, now).stream


def times(log: Planned, wish: Wish, progress: Progress, now: int) -> dict[tuple[str, int], int]:
    stream = stream_of(log, wish, progress, now)
    state = passes.current(log, stream, wish, progress, now)
    source = SensorLog(log.file, passes.run_of(log, stream, state, now), lambda line: None)
    return {(reading.origin, reading.row): reading.time for reading in source.readings()}


def test_a_name_that_is_not_utf_8_is_written_so_that_it_can_be_stored(tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.txt"))
    path.write_text(LOG, encoding="latin-1", newline="")
    (log,) = plan(options(path), Sources(), CATALOGUE, ZoneInfo("UTC"), NOW)
    progress = Progress(tmp_path / "state")
    stream = stream_of(log, LIVE, progress, NOW)
    passes.current(log, stream, LIVE, progress, NOW)
    assert [seen.file for seen in progress.seen()] == [f"{tmp_path}/caf\\xe9.txt"]


def options(path: Path) -> ReplayOptions:
    return ReplayOptions((path,), 1.0, "now", False, None, None, False, "replay")


@pytest.mark.parametrize("wish", [LIVE, IMPORT, Wish("now", "max", False), Wish("now", 60.0, True)])
def test_an_interrupted_pass_gives_the_same_times_later(wish: Wish, tmp_path: Path) -> None:
    first = times(planned(), wish, Progress(tmp_path), NOW)
    assert times(planned(), wish, Progress(tmp_path), NOW + 3600 * SECOND) == first


def test_readings_as_of_now_begin_now() -> None:
    state = passes.new(planned(), LIVE, None, NOW)
    assert (state.anchor, state.mode) == (NOW, "live")


def test_at_full_speed_the_last_reading_is_now(tmp_path: Path) -> None:
    found = times(planned(), Wish("now", "max", False), Progress(tmp_path), NOW)
    assert max(found.values()) == NOW
    assert min(found.values()) == NOW - 59 * SECOND


def test_a_log_that_grew_since_keeps_its_shift(tmp_path: Path) -> None:
    wish = Wish("now", "max", False)
    first = times(planned(), wish, Progress(tmp_path), NOW)
    grown = times(planned(content=LOG + row(100, 1)), wish, Progress(tmp_path), NOW + 50 * SECOND)
    assert first.items() < grown.items()


def test_an_old_log_is_an_import_for_ever(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    stream = stream_of(planned(), IMPORT, progress, NOW)
    assert passes.current(planned(), stream, IMPORT, progress, NOW).mode == "import"


def test_the_demonstration_is_known_by_its_host() -> None:
    assert passes.new(planned(gpu="demo-desk:0"), LIVE, None, NOW).mode == "demo"


def test_a_finished_replay_as_of_now_begins_again(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    first = times(planned(), LIVE, progress, NOW)
    stream = stream_of(planned(), LIVE, progress, NOW)
    progress.finish(stream, passes.current(planned(), stream, LIVE, progress, NOW).number, NOW)
    again = times(planned(), LIVE, progress, NOW + 100 * SECOND)
    assert not first.keys() & again.keys()


def test_another_speed_begins_another_pass(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    first = times(planned(), LIVE, progress, NOW)
    assert not first.keys() & times(planned(), Wish("now", 2.0, False), progress, NOW).keys()


def test_the_same_readings_never_get_times_of_another_zone(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    times(planned(), IMPORT, progress, NOW)
    with pytest.raises(Rejected, match="Europe/Berlin"):
        times(planned(zone="Europe/Berlin"), IMPORT, progress, NOW)
    assert times(planned(zone="Europe/Berlin", gpu="desk:1"), IMPORT, progress, NOW)


@pytest.mark.parametrize("speed", ["max", 1.0, 60.0])
def test_passes_of_a_loop_never_overlap(speed: float, tmp_path: Path) -> None:
    wish, progress, log, now = Wish("now", speed, True), Progress(tmp_path), planned(), NOW
    stream = stream_of(log, LIVE, progress, NOW)
    last = 0
    for _ in range(3):
        found = times(log, wish, progress, now)
        assert min(found.values()) > last
        last = max(found.values())
        state = passes.current(log, stream, wish, progress, now)
        progress.acknowledge(stream, state.number, Position(60, 0), last, now)
        progress.finish(stream, state.number, now)
        before = progress.latest(stream)
        progress.begin(stream, passes.new(log, wish, before, now), "made.txt", now)


def test_zone_of_the_log_is_kept(tmp_path: Path) -> None:
    log = planned(zone="Asia/Tokyo")
    assert log.file.zone == ZoneInfo("Asia/Tokyo")
    assert passes.new(log, LIVE, None, NOW).zone == "Asia/Tokyo"
