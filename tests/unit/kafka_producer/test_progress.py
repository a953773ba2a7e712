"""What was sent is remembered, and who may send."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from kafka_producer import lock
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.position import Position
from kafka_producer.progress import Progress
from kafka_producer.sources.logs.decode import lines_of
from kafka_producer.sources.logs.fingerprint import MOST_ROWS, prefix_hashes
from support.gpuz_logs import header, row
from telemetry.errors import Misconfigured, Rejected

STREAM = Stream("f" * 16, "desk:0", "now")
STATE = PassState(5, 1000, "1", "UTC", "live", 0, None, False)


def hashes_of(content: str, encoding: str = "latin-1") -> list[str]:
    return prefix_hashes(lines_of(io.BytesIO(content.encode(encoding))))


def test_a_pass_is_found_again_by_another_process(tmp_path: Path) -> None:
    Progress(tmp_path).begin(STREAM, STATE, "log.txt", 1)
    Progress(tmp_path).acknowledge(STREAM, 5, Position(42, 3), 77, 2)
    assert Progress(tmp_path).latest(STREAM) == STATE._replace(rows=42, refused=3, last=77)
    Progress(tmp_path).finish(STREAM, 5, 3)
    assert Progress(tmp_path).latest(STREAM) == STATE._replace(rows=42, refused=3, last=77, finished=True)


def test_streams_do_not_share_passes(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.begin(STREAM, STATE, "log.txt", 1)
    assert progress.latest(STREAM._replace(gpu="desk:1")) is None
    assert progress.latest(STREAM._replace(kind="original")) is None


def test_the_newest_pass_counts(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.begin(STREAM, STATE, "log.txt", 1)
    progress.begin(STREAM, STATE._replace(number=6), "log.txt", 2)
    found = progress.latest(STREAM)
    assert found is not None
    assert found.number == 6
    assert [seen.state.number for seen in progress.seen()] == [6]


def keep_as_before(progress: Progress, stream: Stream, number: int) -> None:
    """As versions did that kept every pass."""
    columns = "fingerprint, gpu, kind, pass, anchor, speed, zone, mode, file, updated"
    values = (*stream, number, 1000, "1", "UTC", "live", "log.txt", number)
    progress.connection.execute(f"insert into passes ({columns}) values ({', '.join('?' * len(values))})", values)


def test_passes_that_an_earlier_version_kept_go_when_one_begins(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    other, original = STREAM._replace(gpu="desk:1"), STREAM._replace(kind="original")
    for stream, number in [(STREAM, 3), (STREAM, 4), (STREAM, 5), (other, 2), (original, 0)]:
        keep_as_before(progress, stream, number)
    progress.begin(STREAM, STATE._replace(number=6), "log.txt", 10)
    assert {(seen.stream, seen.state.number) for seen in progress.seen()} == {(STREAM, 6), (other, 2), (original, 0)}


def test_passes_of_a_loop_that_is_not_played_any_more_go_at_the_next_start(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    for stream, number in [(STREAM, 3), (STREAM, 5), (STREAM._replace(gpu="desk:1"), 2)]:
        keep_as_before(progress, stream, number)
    progress.close()
    found = Progress(tmp_path).seen()
    assert [(seen.stream.gpu, seen.state.number) for seen in found] == [("desk:0", 5), ("desk:1", 2)]


def test_a_state_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="STATE_DIR"):
        Progress(tmp_path / "file" / "state")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_log_saved_again_in_another_encoding_is_the_same(encoding: str) -> None:
    log = header("GPU Temperature [°C]") + row(1, 1) + row(2, 2)
    assert hashes_of(log, encoding) == hashes_of(log) == hashes_of(log.replace("\r\n", "\n"))


def test_only_the_first_rows_and_whole_ones_are_hashed() -> None:
    log = header("GPU Load [%]") + "".join(row(second, second) for second in range(MOST_ROWS))
    assert len(hashes_of(log)) == MOST_ROWS
    assert hashes_of(log + row(1500, 1)) == hashes_of(log)
    assert len(hashes_of(header("GPU Load [%]") + row(1, 1) + row(2, 2)[:-5])) == 1


def test_a_log_is_sent_by_one_process_at_a_time(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from kafka_producer import lock; lock.held(pathlib.Path(sys.argv[1]), 'a:0').__enter__()"
    )
    take = [sys.executable, "-c", code, str(tmp_path)]
    with lock.held(tmp_path, "a:0"):
        with pytest.raises(Rejected, match="in_use"), lock.held(tmp_path, "a:0"):
            pass
        assert subprocess.run(take, stderr=subprocess.DEVNULL, check=False).returncode == 1
        with lock.held(tmp_path, "a:1"):
            pass
    assert subprocess.run(take, check=False).returncode == 0
