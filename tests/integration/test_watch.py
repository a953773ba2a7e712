"""``kafka-producer watch`` against a real Kafka: each row once, whatever happens to files and process."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.engines import Kafka
from support.gpuz_logs import header
from support.producer_bench import COLUMNS, PRODUCER, REPOSITORY, Bench, until
from telemetry import topics
from telemetry.messages import DeadLetter, FileOrigin, PipelineReport
from telemetry.reading import Reading

FIRST = datetime(2023, 6, 16, 10)
REAL_LOGS = REPOSITORY.parent / "shared" / "gpuz" / "logs"


def rows(begin: int, end: int, salt: int = 0, first: datetime = FIRST) -> bytes:
    """Rows ``begin`` to ``end`` of a log; ``salt`` makes it another one of the same time."""
    return "".join(
        f"{first + timedelta(seconds=n):%Y-%m-%d %H:%M:%S} ,{n % 100:>12}   ,{40 + n % 50:>12}   ,{100 + salt:>12}   ,"
        f"{1500:>12}   ,\r\n"
        for n in range(begin, end)
    ).encode()


def a_log(end: int, salt: int = 0, first: datetime = FIRST) -> bytes:
    return header(*COLUMNS).encode("latin-1") + rows(0, end, salt, first)


def recently(seconds: int) -> datetime:
    """A log that begins so long ago."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(seconds=seconds)


class Folder(Bench):
    """A drop folder and the process that watches it. ``host`` is this test's alone, so tests can share the topics."""

    def __init__(self, kafka: Kafka, directory: Path) -> None:
        super().__init__(kafka, directory)
        self.path = directory / "drop"
        self.path.mkdir()
        self.host = f"h{random.randrange(10**9)}"
        self.said = directory / "watch.log"
        self._process: subprocess.Popen[bytes] | None = None

    def gpu(self, index: int | str = 0) -> str:
        return f"{self.host}:{index}"

    def place(self, name: str, index: int | str = 0) -> Path:
        """A path below the folder that names the GPU."""
        path = self.path / self.host / str(index) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def watch(self, *more: Path) -> subprocess.Popen[bytes]:
        command = [PRODUCER, "watch", str(self.path), *map(str, more)]
        with self.said.open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment, stderr=log)
        return self._process

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, self.words
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        super().end()

    @property
    def words(self) -> str:
        return self.said.read_text()

    def until_said(self, *words: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not all(word in self.words for word in words):
            assert time.monotonic() < deadline, self.words
            assert self._process is None or self._process.poll() is None, self.words
            time.sleep(0.05)

    def of_host(self) -> list[Reading]:
        return [reading for gpu in (0, 1, 2) for reading in self.readings(self.gpu(gpu))]

    def letters(self, name: str) -> list[DeadLetter]:
        """Of files: what consumers of other tests could not use lies on the same topic."""
        letters = [DeadLetter.decode(raw) for raw in self.values(topics.GPU_DEAD_LETTERS)]
        of_files = [letter for letter in letters if isinstance(letter.origin, FileOrigin)]
        return [letter for letter in of_files if letter.origin.file.endswith(name)]  # type: ignore[union-attr]


@pytest.fixture
def folder(kafka: Kafka, tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(kafka, tmp_path)
    folder.run("topics")
    folder.skip()
    yield folder
    folder.end()


def each_once(readings: list[Reading], count: int) -> bool:
    """Sent once each: also without de-duplication."""
    return sorted(reading.row for reading in readings) == list(range(count))


def test_two_folders_are_one_drop_folder(folder: Folder, tmp_path: Path) -> None:
    """The same name in both is another file; the same log in both counts once; the second may come to be later."""
    uploads = tmp_path / "uploads"
    folder.watch(uploads)
    folder.until_said("waiting for the folder", str(uploads))
    folder.place("log.txt").write_bytes(a_log(500))
    theirs = uploads / folder.host / "1" / "log.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(a_log(300, salt=7))
    folder.until_said("rows=500 new=500", "rows=300 new=300")
    shutil.copy(folder.place("log.txt"), uploads / "copy.txt")
    folder.until_said("nothing new in file=copy.txt")
    with theirs.open("ab") as log:
        log.write(rows(300, 350, salt=7))
    until(lambda: len(folder.readings(folder.gpu(1))) >= 350)
    folder.kill()
    folder.watch(uploads)
    until(lambda: folder.words.count("watching") == 2)
    assert folder.stop() == 0
    assert each_once(folder.readings(folder.gpu(0)), 500)
    assert each_once(folder.readings(folder.gpu(1)), 350)


def test_a_finished_log_is_imported_once_across_restarts(folder: Folder) -> None:
    log = folder.place("log.txt")
    folder.watch()
    folder.until_said("watching")
    log.write_bytes(a_log(500))
    folder.until_said("rows=500 new=500")
    assert folder.stop() == 0
    folder.watch()
    until(lambda: folder.words.count("watching") == 2)
    shutil.copy(log, folder.place("copy.txt"))
    folder.until_said("nothing new in file=" + str(folder.place("copy.txt").relative_to(folder.path)))
    readings = folder.readings(folder.gpu())
    assert each_once(readings, 500)
    assert {reading.mode for reading in readings} == {"import"}
    assert folder.times(folder.gpu()) == folder.expected(log, folder.gpu())


def test_a_growing_log_is_followed_live(folder: Folder) -> None:
    log, first = folder.place("live.txt"), recently(30)
    log.write_bytes(a_log(3, 0, first))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 3)
    row = rows(3, 4, 0, first)
    with log.open("ab", buffering=0) as file:
        file.write(row[:-20])
        began = time.monotonic()
        until(lambda: time.monotonic() - began > 2.5 and len(folder.readings(folder.gpu())) == 3)
        file.write(row[-20:])
        until(lambda: len(folder.readings(folder.gpu())) == 4)
        for n in range(4, 8):
            file.write(rows(n, n + 1, 0, first))
            until(lambda n=n: len(folder.readings(folder.gpu())) == n + 1)  # type: ignore[misc]
    readings = folder.readings(folder.gpu())
    assert each_once(readings, 8)
    assert {reading.mode for reading in readings} == {"live"}


def test_an_old_log_that_goes_on_is_live_from_there(folder: Folder) -> None:
    log, first = folder.place("old.txt"), recently(10)
    log.write_bytes(a_log(50))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 50)
    with log.open("ab") as file:
        file.write(header(*COLUMNS).encode("latin-1") + rows(0, 5, 0, first))
    until(lambda: len(folder.readings(folder.gpu())) == 55)
    folder.kill()
    folder.watch()
    with log.open("ab") as file:
        file.write(rows(5, 9, 0, first))
    until(lambda: len(folder.times(folder.gpu())) == 59)
    modes = {(reading.row, reading.mode) for reading in folder.readings(folder.gpu())}
    assert modes == {(n, "import" if n < 50 else "live") for n in range(59)}


def test_names_and_folders_do_not_matter(folder: Folder) -> None:
    log, first = folder.place("a.txt"), recently(200)
    log.write_bytes(a_log(100, 0, first))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 100)
    log = log.rename(folder.place("b.txt"))
    with log.open("ab") as file:
        file.write(rows(100, 110, 0, first))
    until(lambda: len(folder.readings(folder.gpu())) == 110)
    log = log.rename(folder.place("c.txt", index=7))
    with log.open("ab") as file:
        file.write(rows(110, 120, 0, first))
    until(lambda: len(folder.readings(folder.gpu())) == 120)
    # Copies: as long, shorter, and longer.
    shutil.copy(log, folder.place("copy.txt"))
    folder.place("shorter.txt").write_bytes(a_log(40, 0, first))
    folder.place("longer.txt").write_bytes(a_log(150, 0, first))
    until(lambda: len(folder.readings(folder.gpu())) == 150)
    with log.open("ab") as file:
        file.write(rows(120, 160, 0, first))
    until(lambda: len(folder.readings(folder.gpu())) == 160)
    assert each_once(folder.readings(folder.gpu()), 160)
    assert folder.readings(folder.gpu(7)) == []


@pytest.mark.parametrize("how", ["replaced", "emptied", "rotated"])
def test_a_log_that_follows_at_the_same_place_is_of_the_same_card(folder: Folder, how: str) -> None:
    log, first = folder.place("log.txt"), recently(300)
    log.write_bytes(a_log(100, 0, first))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 100)
    following = a_log(50, 1, first + timedelta(seconds=100))
    if how == "replaced":
        other = folder.path / ".other"
        other.write_bytes(following)
        other.rename(log)
    elif how == "emptied":
        log.write_bytes(following)
    else:
        rotated = log.rename(log.with_name("log.1.txt"))
        with rotated.open("ab") as file:
            file.write(rows(100, 101, 0, first))
        following = a_log(50, 1, first + timedelta(seconds=101))
        log.write_bytes(following)
    count = 151 if how == "rotated" else 150
    until(lambda: len(folder.readings(folder.gpu())) == count)
    readings = folder.readings(folder.gpu())
    assert len({reading.time for reading in readings}) == count
    assert len(folder.times(folder.gpu())) == count
    assert folder.of_host() == readings


def test_a_truncated_log_that_goes_on_adds_what_is_new(folder: Folder) -> None:
    log, first = folder.place("log.txt"), recently(3000)
    log.write_bytes(a_log(1500, 0, first))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 1500)
    os.truncate(log, len(a_log(1200, 0, first)))
    with log.open("ab") as file:
        file.write(rows(1500, 1600, 3, first))
    until(lambda: len(folder.readings(folder.gpu())) == 1600)
    with log.open("ab") as file:
        file.write(rows(1600, 1650, 3, first))
    until(lambda: len(folder.readings(folder.gpu())) == 1650)
    folder.stop()
    folder.watch()
    shutil.copy(log, folder.place("copy.txt"))
    folder.until_said("nothing new in file=" + str(folder.place("copy.txt").relative_to(folder.path)))
    readings = folder.of_host()
    assert len(readings) == len({reading.time for reading in readings}) == 1650
    assert {reading.gpu for reading in readings} == {folder.gpu()}


def test_a_hole_where_the_log_was_emptied_under_gpuz(folder: Folder) -> None:
    """GPU-Z writes on at its old place: NULs, then rows without a header."""
    log, first = folder.place("log.txt"), recently(300)
    log.write_bytes(a_log(100, 0, first))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 100)
    end = log.stat().st_size
    os.truncate(log, 0)
    with log.open("r+b") as file:
        file.seek(end)
        file.write(rows(100, 130, 0, first))
    until(lambda: len(folder.readings(folder.gpu())) == 130)
    readings = folder.readings(folder.gpu())
    assert len({reading.time for reading in readings}) == 130
    assert {reading.flags.get("*") for reading in readings[100:]} == {"assumed_layout"}


def test_logs_of_one_time_are_of_different_cards_for_ever(folder: Folder) -> None:
    """Also where their first rows are the same: idle twins."""
    same = a_log(30)
    folder.place("a.txt").write_bytes(same + rows(30, 200, 1))
    folder.watch()
    folder.until_said("rows=200 new=200")
    folder.place("b.txt").write_bytes(same + rows(30, 200, 2))
    folder.until_said("is taken for another card, gpu=" + folder.gpu(1))
    until(lambda: len(folder.readings(folder.gpu(1))) == 200)
    folder.stop()
    folder.place("a.txt").unlink()
    folder.place("b.txt").rename(folder.place("c.txt"))
    folder.watch()
    folder.until_said("nothing new in file=" + str(folder.place("c.txt").relative_to(folder.path)))
    assert each_once(folder.readings(folder.gpu(0)), 200)
    assert each_once(folder.readings(folder.gpu(1)), 200)
    said = folder.run("replay", folder.place("c.txt")).stderr
    assert f"gpu={folder.gpu(1)} rows=200: nothing to do" in said
    assert each_once(folder.of_host()[200:], 200)
    (folder.place("d.txt")).write_bytes(a_log(100, 5, FIRST + timedelta(days=1)))
    until(lambda: len(folder.readings(folder.gpu(0))) == 300)


@pytest.mark.parametrize("first", ["replay", "watch"])
def test_replay_and_watch_know_of_each_other(folder: Folder, first: str) -> None:
    log = folder.path.parent / "sent.txt"
    log.write_bytes(a_log(300))
    (config := folder.path.parent / "config").mkdir()
    for path in Path(folder.environment["CONFIG_DIR"]).glob("*.yaml"):
        shutil.copy(path, config)
    rule = f'{{pattern: "sent*.txt", gpu: "{folder.gpu()}"}}'
    (config / "sources.yaml").write_text(f"logs: [{rule}]\n")
    folder.environment["CONFIG_DIR"] = str(config)
    if first == "replay":
        folder.run("replay", log)
        folder.watch()
        shutil.copy(log, folder.path / "renamed.txt")
        folder.until_said("nothing new")
    else:
        folder.watch()
        shutil.copy(log, folder.path / "sent once.txt")
        folder.until_said("rows=300 new=300")
        other = log.rename(log.with_name("nobody knows.txt"))
        assert "already sent in full" in folder.run("replay", other).stderr
    assert each_once(folder.of_host(), 300)


def test_archives_are_opened(folder: Folder) -> None:
    with zipfile.ZipFile(folder.place("two.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("monday.txt", a_log(300))
        archive.writestr("tuesday.txt", a_log(200, 1, FIRST + timedelta(days=1)))
        archive.writestr("__MACOSX/._monday.txt", b"litter")
        archive.writestr("notes.txt", b"buy milk\n")
    with gzip.open(folder.place("wednesday.txt.gz"), "wb") as file:
        file.write(a_log(100, 2, FIRST + timedelta(days=2)))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 600)
    folder.until_said("two.zip/monday.txt", "rejected file=" + f"{folder.host}/0/two.zip/notes.txt: not_a_log")
    folder.place("unpacked.txt").write_bytes(a_log(300))
    folder.until_said("nothing new in file=" + f"{folder.host}/0/unpacked.txt")
    assert len(folder.times(folder.gpu())) == len(folder.readings(folder.gpu())) == 600
    assert sorted(path.name for path in folder.path.rglob("*") if path.is_file()) == [
        "two.zip",
        "unpacked.txt",
        "wednesday.txt.gz",
    ]


def test_what_is_no_log_is_reported_once_and_holds_nothing_up(folder: Folder) -> None:
    name = f"{folder.host}-"
    bad = {
        "notes.txt": b"buy milk\n",
        "empty.txt": b"",
        "hwinfo.csv": b"Date,Time,CPU [C]\n1.1.2026,10:00:00,5\n",
        "no-header.txt": rows(0, 5),
        "long.txt": b"x" * 10_000_000,
        "cut.zip": b"PK\x03\x04 and no more",
        "cut.gz": gzip.compress(a_log(1000))[:500],
    }
    for end, content in bad.items():
        (folder.path / (name + end)).write_bytes(content)
    (folder.path / (name + "folder.txt")).mkdir()
    os.mkfifo(folder.path / (name + "pipe.txt"))
    (folder.path / (name + "unreadable.txt")).symlink_to("/proc/self/mem")
    for ignored in ("README.md", ".hidden.txt", "half.part", "samples/demo.txt"):
        (folder.path / ignored).parent.mkdir(exist_ok=True)
        (folder.path / ignored).write_bytes(a_log(3))
    folder.watch()
    folder.place("good.txt").write_bytes(a_log(10))
    until(lambda: len(folder.readings(folder.gpu())) == 10)
    reasons = {
        "notes.txt": "not_a_log",
        "empty.txt": "empty",
        "hwinfo.csv": "not_a_log",
        "no-header.txt": "no_header",
        "long.txt": "not_a_log",
        "cut.zip": "damaged_archive",
        "cut.gz": "damaged_archive",
        "folder.txt": "not_a_log",
        "pipe.txt": "not_a_log",
        "unreadable.txt": "unreadable",
    }
    folder.until_said(*(f"rejected file={name}{end}: {reason}" for end, reason in reasons.items()))
    folder.stop()
    folder.watch()
    folder.place("again.txt").write_bytes(a_log(10, 1, FIRST + timedelta(days=1)))
    until(lambda: len(folder.readings(folder.gpu())) == 20)
    letters = folder.letters("")
    of_ours = [letter for letter in letters if letter.origin.file.startswith(name)]  # type: ignore[union-attr]
    found = {letter.origin.file.removeprefix(name): letter.reason for letter in of_ours}  # type: ignore[union-attr]
    assert found == reasons
    assert len(of_ours) == len(reasons)
    (long,) = [letter for letter in of_ours if letter.length == 10_000_000]
    assert long.payload() == b"x" * 65536
    assert folder.words.count("rejected file=") == len(reasons)
    assert "README" not in folder.words
    assert folder.readings("local:0") == []


def test_kill_9_at_any_moment_changes_nothing(folder: Folder) -> None:
    """An import, a live log and an archive at once; killed at moments that a seed picks."""
    chance, first = random.Random(20261124), recently(600)
    big, live, packed = folder.place("big.txt"), folder.place("live.txt", 1), folder.place("packed.zip", 2)
    big.write_bytes(a_log(30_000))
    live.write_bytes(a_log(10, 0, first))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("packed.txt", a_log(8_000, 1))
    with big.open("ab") as file:
        file.write(b"this is no row\r\n" + rows(30_000, 30_100))
    written = 10
    for _ in range(6):
        before = folder.records(topics.GPU_METRICS)
        folder.watch()
        until(lambda before=before: folder.records(topics.GPU_METRICS) > before)  # type: ignore[misc]
        until_killed = time.monotonic() + chance.random() * 0.5
        while time.monotonic() < until_killed:
            with live.open("ab") as file:
                file.write(rows(written, written + 1, 0, first))
            written += 1
            time.sleep(0.02)
        folder.kill()
        with live.open("ab") as file:
            file.write(rows(written, written + 1, 0, first))
        written += 1
    folder.watch()
    counts = {folder.gpu(0): 30_100, folder.gpu(1): written, folder.gpu(2): 8_000}
    until(lambda: {gpu: len(folder.times(gpu)) for gpu in counts} == counts, 120)
    for gpu, count in counts.items():
        times = folder.times(gpu)
        assert sorted(row for _, _, row in times) == list(range(count))
        assert len({origin for origin, _, _ in times}) == 1
        assert {len(found) for found in times.values()} == {1}
        assert len({min(found) for found in times.values()}) == count
    assert folder.times(folder.gpu(0)) == folder.expected(big, folder.gpu(0))
    letters = folder.letters(f"{folder.host}/0/big.txt")
    assert {(letter.reason, letter.payload()) for letter in letters} == {("not_a_row", b"this is no row\r")}


def test_many_logs_at_once_do_not_starve_a_live_one(folder: Folder) -> None:
    first, rows_each = recently(100), 5_000
    for n in range(100):
        folder.place(f"{n:03}.txt").write_bytes(a_log(600, n, FIRST + timedelta(hours=n)))
    dropped = 60_000
    live = folder.place("999.txt", 1)
    live.write_bytes(a_log(3, 0, first))
    process = folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) > 0)
    most, salt = 0, 200

    def followed(count: int) -> bool:
        """Was the live log read so far? Until it was, there is always more to import: a starved log would never be."""
        nonlocal dropped, salt
        while dropped - len(folder.readings(folder.gpu())) < 4 * rows_each:
            folder.place(f"more-{salt}.txt").write_bytes(a_log(rows_each, 0, FIRST + timedelta(days=salt)))
            dropped, salt = dropped + rows_each, salt + 1
        return len(folder.readings(folder.gpu(1))) == count

    for n in range(3, 6):
        with live.open("ab") as file:
            file.write(rows(n, n + 1, 0, first))
        until(lambda n=n: followed(n + 1))  # type: ignore[misc]
        most = max(most, len(list(Path(f"/proc/{process.pid}/fd").iterdir())))
    until(lambda: len(folder.times(folder.gpu())) == dropped, 120)
    assert most < 300
    report = [PipelineReport.decode(raw) for raw in folder.values(topics.GPU_PIPELINE)][-1]
    assert report.process == "watch"
    assert report.memory_bytes < 200 * 1024**2
    assert folder.stop() == 0


def test_kafka_may_be_away(own_kafka: Kafka, tmp_path: Path) -> None:
    folder = Folder(own_kafka, tmp_path)
    folder.run("topics")
    own_kafka.kill()
    try:
        folder.place("log.txt").write_bytes(a_log(300))
        folder.watch()
        folder.until_said("waiting for Kafka")
        assert folder.stop() == 0
        own_kafka.start()
        folder.watch()
        until(lambda: len(folder.readings(folder.gpu())) == 300)
        own_kafka.kill()
        folder.place("later.txt").write_bytes(a_log(300, 1, FIRST + timedelta(days=1)))
        until(lambda: folder.words.count("waiting for Kafka") == 2)
        beat = folder.state / "watch.heartbeat"
        before = beat.stat().st_mtime
        until(lambda: beat.stat().st_mtime > before)
        own_kafka.start()
        until(lambda: len(folder.readings(folder.gpu())) == 600)
        assert len(folder.times(folder.gpu())) == 600
        assert folder.stop() == 0
    finally:
        folder.end()


def test_it_ends_when_asked_and_only_one_runs(folder: Folder) -> None:
    folder.place("big.txt").write_bytes(a_log(40_000))
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) > 0)
    second = subprocess.run(
        [PRODUCER, "watch", str(folder.path)], env=folder.environment, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert "another process watches" in second.stderr
    assert folder.stop() == 0
    sent = len(folder.readings(folder.gpu()))
    assert 0 < sent < 40_000
    assert f"{sent:,}" in folder.run("status").stdout
    folder.watch()
    until(lambda: len(folder.readings(folder.gpu())) == 40_000)
    folder.until_said("rows=40000")
    assert "done" in folder.run("status").stdout


def test_the_session_card_is_said_with_links_to_the_time_of_the_log(folder: Folder) -> None:
    folder.place("log.txt").write_bytes(a_log(600))
    folder.watch()
    begin = int(FIRST.replace(tzinfo=UTC).timestamp()) * 1000
    folder.until_said(
        f"http://127.0.0.1:8000/gpu/{folder.gpu()}?from={begin}&to={begin + 599_000}",
        f"http://127.0.0.1:3000/d/gpustream-overview?from={begin}&to={begin + 599_000}",
        f"&var-gpu={folder.gpu()}&var-bucket=gpu-imports",
        f"card file=log.txt: GPU {folder.gpu()}",
        "10 min of readings",
    )


@pytest.mark.skipif(not REAL_LOGS.is_dir(), reason="../shared/gpuz/logs is not beside the checkout")
def test_real_logs_arrive_as_the_dry_run_tells_them(folder: Folder) -> None:
    logs = sorted(path for path in REAL_LOGS.iterdir() if path.suffix in {".txt", ".csv"})
    for index, log in enumerate(logs):
        shutil.copy(log, folder.place(log.name, index))
    folder.watch()
    expected = [folder.expected(log, folder.gpu(index)) for index, log in enumerate(logs)]
    for index, wanted in enumerate(expected):
        until(lambda index=index, wanted=wanted: len(folder.times(folder.gpu(index))) >= len(wanted))  # type: ignore[misc]
        assert folder.times(folder.gpu(index)) == wanted, logs[index]
        assert len(folder.readings(folder.gpu(index))) == len(wanted)
    assert sum(map(len, expected)) > 1000


HWINFO = (
    'Date,Time,"CPU Package [°C]","GPU Clock [MHz]","GPU Core Load [%]","GPU Temperature [°C]","GPU Clock [MHz]",'
    '"GPU Core Load [%]",\r\n'
)


def hwinfo_rows(begin: int, end: int) -> bytes:
    moments = ((n, FIRST + timedelta(seconds=n)) for n in range(begin, end))
    lines = (f"{at.day}.{at.month}.{at:%Y,%H:%M:%S}.000,55,{600 + n},3,61,{2000 + n},98,\r\n" for n, at in moments)
    return "".join(lines).encode()


def test_a_log_of_two_cards_that_grows_counts_each_row_of_each_card_once(folder: Folder) -> None:
    """Killed in the middle, copied, and ended by the two lines that HWiNFO writes last."""
    log = folder.path / folder.host / "sensors.csv"
    log.parent.mkdir()
    log.write_bytes(HWINFO.encode("latin-1") + hwinfo_rows(0, 400))
    folder.watch()
    until(lambda: len(folder.of_host()) >= 200)
    folder.kill()
    with log.open("ab") as file:
        file.write(
            hwinfo_rows(400, 500) + HWINFO.encode("latin-1") + b',,"CPU [#0]: X","GPU [#0]: Y",,"GPU [#1]: Z",,\r\n'
        )
    shutil.copy(log, folder.path / "copy.csv")
    folder.watch()
    folder.until_said("nothing new in file=", "rows=1000 new=")
    until(lambda: len({(each.gpu, each.row) for each in folder.of_host()}) == 1000)
    identities = {(each.origin, each.gpu, each.row): each for each in folder.of_host()}
    assert len(identities) == 1000
    for card, clock in ((0, 600), (1, 2000)):
        of_card = sorted((each for each in identities.values() if each.gpu == folder.gpu(card)), key=lambda e: e.row)
        assert [each.row for each in of_card] == list(range(card, 1000, 2))
        assert [each.metrics["gpu_clock"] for each in of_card] == [clock + n for n in range(500)]
        assert {each.source for each in of_card} == {"hwinfo"}
    assert folder.letters("sensors.csv") == []


def test_rows_of_nvidia_smi_go_to_the_cards_that_they_name(folder: Folder) -> None:
    rows_of_two = (
        f"{FIRST + timedelta(seconds=n):%Y/%m/%d %H:%M:%S}.{5 * card:03d}, {card}, {40 + n % 9}, [N/A]\n"
        for n in range(300)
        for card in (0, 2)
    )
    log = folder.path / folder.host / "smi.csv"
    log.parent.mkdir()
    log.write_text("timestamp, index, temperature.gpu, fan.speed [%]\n" + "".join(rows_of_two))
    folder.watch()
    until(lambda: len(folder.of_host()) == 600)
    assert {each.gpu for each in folder.of_host()} == {folder.gpu(0), folder.gpu(2)}
    assert each_once(folder.of_host(), 600)
    # A log of GPU-Z of the same time is of none of these two.
    folder.place("gpuz.txt", 2).write_bytes(a_log(100))
    folder.until_said(f"gpuz.txt is taken for another card, gpu={folder.gpu(3)}")
