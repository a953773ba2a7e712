"""A file that grows gives the readings of the whole log, however it grows and however often we begin anew."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path

import pytest

from kafka_producer.compared import Parted
from kafka_producer.examine import Examined, Refused
from kafka_producer.follow import Follower, OtherContent
from kafka_producer.intake import Undecided
from support.gpuz_logs import header, row, walk
from support.intake_run import Now, Outbox, Run
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

HEADER = header("GPU Load [%]", "GPU Temperature [°C]").encode("latin-1")
ROWS = [row(n, n % 100, 40 + n % 7).encode() for n in range(60)]
MIXED = [HEADER, *ROWS[:20], b"rubbish\r\n", b"more rubbish\r\n", *ROWS[20:40], HEADER, *ROWS[40:], b"the end\r\n"]


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def run(tmp_path: Path, outbox: Outbox) -> Run:
    return Run(tmp_path, outbox, Now())


def read(follower: Follower) -> None:
    while follower.step():
        pass


def identities(readings: list[Reading]) -> list[tuple[str, str, int, int]]:
    return [(reading.origin, reading.gpu, reading.row, reading.time) for reading in readings]


@pytest.mark.parametrize("seed", range(40))
def test_any_growth_and_any_kill_give_the_same_readings(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    content = b"".join(MIXED)
    directory, outbox, clock = tmp_path, Outbox(), Now()
    run = Run(directory, outbox, clock)
    log = run.folder / "log.txt"
    written = len(HEADER) + len(ROWS[0])
    log.write_bytes(content[:written])
    follower = run.follower()
    while written < len(content):
        grown = chance.randint(1, 700)
        with log.open("ab") as file:
            file.write(content[written : written + grown])
        written = min(len(content), written + grown)
        read(follower)
        outbox.acknowledge(chance.choice([None, 0, 1, 2, 5]))
        if chance.random() < 0.5:
            run.intake.save()
        if chance.random() < 0.2:
            run.kill()
            outbox._unacknowledged.clear()
            run = Run(directory, outbox, clock)
            follower = run.follower()
    read(follower)
    outbox.acknowledge()
    run.intake.save()
    run.kill()
    whole = walk(content)
    found = {(reading.row, reading.time): dict(reading.metrics) for reading in outbox.sent}
    assert found == {(reading.row, reading.time): dict(reading.metrics) for reading in whole.readings}
    assert len({(origin, gpu) for origin, gpu, _, _ in identities(outbox.sent)}) == 1
    assert set(outbox.letters) == {line.raw for line in whole.rejected}
    again = Run(directory, after := Outbox(), clock)
    read(again.follower())
    assert (after.sent, after.letters) == ([], [])
    again.kill()


def test_without_a_kill_nothing_is_sent_twice(run: Run, outbox: Outbox) -> None:
    log = run.folder / "log.txt"
    log.write_bytes(b"".join(MIXED[:5]))
    follower = run.follower()
    read(follower)
    for line in MIXED[5:]:
        with log.open("ab") as file:
            file.write(line)
        read(follower)
    assert max(Counter(identities(outbox.sent)).values()) == 1
    assert len(outbox.sent) == 60
    assert len(outbox.letters) == 3


def test_an_unfinished_line_waits_and_is_taken_at_the_end_where_it_is_whole(run: Run, outbox: Outbox) -> None:
    log = run.folder / "log.txt"
    log.write_bytes(b"".join([HEADER, *ROWS[:2], ROWS[2].rstrip()]))
    follower = run.follower()
    read(follower)
    assert len(outbox.sent) == 2
    follower.end()
    assert len(outbox.sent) == 3
    with log.open("ab") as file:
        file.write(b"\r\n" + ROWS[3])
    outbox.acknowledge()
    run.intake.close(follower)
    again = run.follower()
    read(again)
    assert [reading.row for reading in outbox.sent] == [0, 1, 2, 3]


SMI = b"timestamp, index, temperature.gpu, power.draw [W]\n"
SMI_ROWS = [f"2023/06/16 10:17:{n:02}.000, 0, {40 + n}, 1{n:02}.30 W\n".encode() for n in range(4)]
LIBRE = b',/gpu-nvidia/0/temperature/0,/gpu-nvidia/0/load/0\r\nTime,"GPU Core","GPU Core"\r\n'
LIBRE_ROWS = [f"06/05/2023 10:17:0{n},55,6{n}.25\r\n".encode() for n in range(4)]
LAST_CELL_EMPTY = HEADER.rstrip(b",\r\n") + b", Board Power Draw [W] ,\r\n"
WIDER_ROWS = [row(n, n, 40 + n, 180 + n).encode() for n in range(4)]
CUT = {
    "nvidia-smi": (SMI, SMI_ROWS, len("2.30 W\n")),
    "nvidia-smi, all but the line feed": (SMI, SMI_ROWS, 1),
    "librehardwaremonitor": (LIBRE, LIBRE_ROWS, len("25\r\n")),
    "a log of GPU-Z without its closing commas": (
        HEADER.replace(b" ,\r\n", b"\r\n"), [line.replace(b"   ,\r\n", b"\r\n") for line in ROWS[:4]], len("1\r\n"),
    ),
    "gpuz, before its last cell": (LAST_CELL_EMPTY, WIDER_ROWS, len(f"{180:>12}   ,\r\n")),
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_half_a_number_is_no_reading_and_its_row_is_sent_once_it_is_whole(name: str, run: Run, outbox: Outbox) -> None:
    head, rows, missing = CUT[name]
    content = b"".join([head, *rows])
    log = run.folder / "log.txt"
    log.write_bytes(content[:-missing])
    follower = run.follower()
    read(follower)
    follower.end()
    assert [reading.row for reading in outbox.sent] == [0, 1, 2]
    assert len(outbox.letters) == 1
    outbox.acknowledge()
    run.intake.close(follower)
    log.write_bytes(content)
    read(run.follower())
    whole = walk(content)
    assert whole.reasons == []
    assert [(each.row, dict(each.metrics)) for each in outbox.sent] == [
        (each.row, dict(each.metrics)) for each in whole.readings
    ]
    assert len(outbox.letters) == 1


def test_the_last_line_of_a_log_that_cannot_grow_is_taken_as_it_is(run: Run, outbox: Outbox) -> None:
    with gzip.open(run.folder / "log.txt", "wb") as file:
        file.write(b"".join([SMI, *SMI_ROWS]).rstrip())
    follower = run.follower()
    read(follower)
    follower.end()
    assert [reading.row for reading in outbox.sent] == [0, 1, 2, 3]


def test_other_content_in_the_same_file_is_noticed(run: Run) -> None:
    log = run.folder / "log.txt"
    log.write_bytes(b"".join([HEADER, *ROWS[:5]]))
    follower = run.follower()
    read(follower)
    log.write_bytes(b"".join([HEADER, *ROWS[10:30]]))
    with pytest.raises(OtherContent):
        follower.step()


def test_two_logs_that_part_are_two(run: Run, outbox: Outbox) -> None:
    """At the same time they are two cards, and all rows of both count."""
    (run.folder / "a.txt").write_bytes(b"".join([HEADER, *ROWS[:30]]))
    read(run.follower("a.txt"))
    (run.folder / "b.txt").write_bytes(b"".join([HEADER, *ROWS[:10], *(row(n, 7, 7).encode() for n in range(10, 30))]))
    follower = run.follower("b.txt")
    with pytest.raises(Parted) as parted:
        read(follower)
    assert (parted.value.line, parted.value.row) == (10, 10)
    outbox.sent.clear()
    read(run.follower("b.txt", (follower.log.stream.fingerprint, parted.value)))
    assert [(reading.gpu, reading.row) for reading in outbox.sent] == [("local:1", n) for n in range(30)]
    outbox.sent.clear()
    read(run.follower("b.txt"))
    read(run.follower("a.txt"))
    assert outbox.sent == []


def test_a_log_that_was_cut_and_goes_on_later_keeps_its_card(run: Run, outbox: Outbox) -> None:
    log = run.folder / "log.txt"
    log.write_bytes(b"".join([HEADER, *ROWS[:30]]))
    read(run.follower())
    log.write_bytes(b"".join([HEADER, *ROWS[:10], *ROWS[40:50]]))
    follower = run.follower()
    with pytest.raises(Parted) as parted:
        read(follower)
    # After a kill nobody would look for the first ten any more: they must be safe.
    with pytest.raises(Undecided):
        run.follower(parted=(follower.log.stream.fingerprint, parted.value))
    outbox.acknowledge()
    outbox.sent.clear()
    read(run.follower(parted=(follower.log.stream.fingerprint, parted.value)))
    assert [(reading.gpu, reading.row) for reading in outbox.sent] == [("local:0", n) for n in range(10, 20)]


def test_a_log_that_was_cut_far_down_is_the_same_whenever_it_is_looked_at(tmp_path: Path, outbox: Outbox) -> None:
    """Also where it was known when it had but a few rows: it began as both do."""
    run = Run(tmp_path, outbox, clock := Now())
    log = run.folder / "log.txt"
    rows = [row(n, n % 100, 40 + n % 7).encode() for n in range(1300)]
    log.write_bytes(b"".join([HEADER, *rows[:30]]))
    follower = run.follower()
    read(follower)
    log.write_bytes(b"".join([HEADER, *rows[:1200]]))
    read(follower)
    outbox.acknowledge()
    for end in (1250, 1300, 1300):
        log.write_bytes(b"".join([HEADER, *rows[:1100], *rows[1220:end]]))
        follower = run.follower()
        with pytest.raises(Parted) as parted:
            read(follower)
        run.intake.close(follower)
        follower = run.follower(parted=(follower.log.stream.fingerprint, parted.value))
        read(follower)
        outbox.acknowledge()
        run.intake.close(follower)
        run.kill()
        run = Run(tmp_path, outbox, clock)
    assert len({reading.time for reading in outbox.sent}) == len(outbox.sent) == 1200 + 80


def test_rows_without_a_header_take_the_one_that_stood_there(run: Run) -> None:
    (run.folder / "log.txt").write_bytes(b"".join(ROWS[:5]))
    refused = run.examine()
    assert isinstance(refused, Refused)
    assert refused.error.reason == "no_header"
    found = run.examine(header=HEADER.decode("latin-1"))
    assert isinstance(found, Examined)
    assert found.lines == 5


def test_a_log_with_a_long_history_is_live_from_its_current_session_on(tmp_path: Path, outbox: Outbox) -> None:
    clock = Now()
    run = Run(tmp_path, outbox, clock)
    hours = [0, 24, 25, 26]  # after ten o'clock on the day of ``row``; the last three follow each other closely
    content = HEADER + b"".join(row(hour * 3600 - 1800 + n * 60, 1, 50).encode() for hour in hours for n in range(60))
    (run.folder / "log.txt").write_bytes(content)
    newest = max(reading.time for reading in walk(content).readings)
    clock.time = newest + 5 * SECOND
    read(run.follower())
    assert [reading.mode for reading in outbox.sent] == ["import"] * 60 + ["live"] * 180
