"""``kafka-producer replay`` against a real Kafka: each row once by its identity, whatever is killed when."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engines import Kafka
from support.gpuz_logs import row
from support.producer_bench import REPOSITORY, Bench, until, write_log
from telemetry import topics
from telemetry.messages import DeadLetter, PipelineReport


@pytest.fixture
def bench(kafka: Kafka, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(kafka, tmp_path)
    bench.run("topics")
    bench.skip()
    yield bench
    bench.end()


def test_topics_are_made_once_and_brought_up_to_the_file(bench: Bench, tmp_path: Path) -> None:
    assert "as config/topics.yaml and .env say" in bench.run("topics").stdout
    config = tmp_path / "config"
    shutil.copytree(REPOSITORY / "config", config)
    committed = (config / "topics.yaml").read_text()
    bench.environment["CONFIG_DIR"] = str(config)
    (config / "topics.yaml").write_text(committed.replace("retention_hours: 72\n", "retention_hours: 48\n"))
    assert bench.run("topics").stdout == "gpu-pipeline: retention.ms 259200000 -> 172800000\n"
    assert "as config/topics.yaml and .env say" in bench.run("topics").stdout
    (config / "topics.yaml").write_text(committed)
    bench.run("topics")


def test_a_log_arrives_whole_and_once(bench: Bench, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.txt", 500)
    assert "rows=500" in bench.run("replay", log, "--gpu", "whole:0").stderr
    assert "already sent in full" in bench.run("replay", log, "--gpu", "whole:0").stderr
    copy = shutil.copy(log, tmp_path / "copy.txt")
    assert "already sent in full" in bench.run("replay", copy, "--gpu", "whole:0").stderr
    readings = bench.readings("whole:0")
    assert len(readings) == 500
    assert [reading.row for reading in readings] == list(range(500))
    assert bench.times("whole:0") == bench.expected(log, "whole:0")


def test_a_log_that_grew_is_sent_from_where_it_ended(bench: Bench, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.txt", 300)
    bench.run("replay", log, "--gpu", "grown:0")
    write_log(log, 400)
    assert "rows=100 " in bench.run("replay", log, "--gpu", "grown:0").stderr
    assert [reading.row for reading in bench.readings("grown:0")] == list(range(400))


def a_log(path: Path, same: int, end: int, salt: int, start: int = 0) -> Path:
    """Rows up to ``same`` that all of these logs have; the others begin at the second ``start``."""
    write_log(path, same)
    if end:
        with path.open("a", encoding="latin-1", newline="") as file:
            file.writelines(row(start + n, n % 100, 40 + n % 50, 100 + salt, 1500) for n in range(same, end))
    return path


@pytest.mark.parametrize("calls", ["one", "two"])
@pytest.mark.parametrize("same", [30, 1500])
def test_logs_that_begin_alike_are_two(bench: Bench, tmp_path: Path, same: int, calls: str) -> None:
    """Idle twins: all rows of both count, as they do for ``watch``."""
    bench.name_host()
    first = a_log(tmp_path / f"{bench.host}-a.txt", same, same + 170, 1)
    second = a_log(tmp_path / f"{bench.host}-b.txt", same, same + 270, 2)
    third = a_log(tmp_path / f"{bench.host}-c.txt", same, same + 20, 3)
    if calls == "one":
        bench.run("replay", first, second, third)
    else:
        for each in (first, second, third):
            assert "already sent" not in bench.run("replay", each).stderr
    for log, index in ((first, 0), (second, 1), (third, 2)):
        gpu = f"{bench.host}:{index}"
        count = len(log.read_bytes().splitlines()) - 1
        assert [reading.row for reading in bench.readings(gpu)] == list(range(count))
        expected = bench.expected(log, gpu)
        assert {key[1:]: time for key, time in bench.times(gpu).items()} == {
            key[1:]: time for key, time in expected.items()
        }
        copy = shutil.copy(log, tmp_path / "copy.txt")
        assert f"already sent in full: file={copy} gpu={gpu}" in bench.run("replay", copy).stderr
    assert len({reading.origin for n in range(3) for reading in bench.readings(f"{bench.host}:{n}")}) == 3


def test_logs_that_begin_alike_are_two_as_of_now(bench: Bench, tmp_path: Path) -> None:
    first = a_log(tmp_path / "a.txt", 30, 200, 4)
    process = bench.start("replay", first, "--gpu", "alike-now:0", "--speed", "50")
    until(lambda: len(bench.readings("alike-now:0")) > 40)
    process.kill()
    process.wait()
    bench.run("replay", a_log(tmp_path / "b.txt", 30, 200, 5), "--gpu", "alike-now:0", "--speed", "50")
    found = [reading for reading in bench.readings("alike-now:0") if reading.metrics["board_power_draw"] != 104]
    of_second = [reading.row for reading in found if reading.origin != bench.readings("alike-now:0")[0].origin]
    assert of_second == list(range(200))


@pytest.mark.parametrize("is_given", [False, True], ids=["known", "given"])
@pytest.mark.parametrize("is_killed", [False, True], ids=["whole", "killed"])
def test_a_log_that_was_cut_and_goes_on_adds_what_is_new(
    bench: Bench, tmp_path: Path, is_killed: bool, is_given: bool
) -> None:
    """What both have counts once, also where the first was not sent to its end; the card stays the same."""
    bench.name_host()
    gpu, salt = f"{bench.host}:0", 10 + 2 * is_killed + is_given
    more = ("--gpu", gpu) if is_given else ()
    log = write_log(tmp_path / f"{bench.host}.txt", 60_000 if is_killed else 1500, salt)
    if is_killed:
        process = bench.start("replay", str(log), *more)
        until(lambda: len(bench.readings(gpu)) > 0)
        process.kill()
        process.wait()
        sent = len(bench.times(gpu))
        assert sent < 60_000
    cut = 59_000 if is_killed else 1400
    if not is_killed:
        bench.run("replay", log, *more)
    write_log(log, cut, salt)
    with log.open("a", encoding="latin-1", newline="") as file:
        file.writelines(row(70_000 + n, n % 100, 40 + n % 50, 300, 1500) for n in range(100))
    bench.run("replay", log, *more)
    times = bench.times(gpu)
    assert len(times) == len({min(each) for each in times.values()})
    assert len(times) == (59_100 if is_killed else 1600)
    assert "already sent in full" in bench.run("replay", log, *more).stderr
    with log.open("a", encoding="latin-1", newline="") as file:
        file.write(row(80_000, 1, 40, 300, 1500))
    assert "rows=1 " in bench.run("replay", log, *more).stderr


def test_bad_lines_become_dead_letters_with_their_place(bench: Bench, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.txt", 3)
    with log.open("ab") as file:
        file.write(b"this is no row\r\n")
    bench.run("replay", log, "--gpu", "dead:0")
    letters = [DeadLetter.decode(raw) for raw in bench.values(topics.GPU_DEAD_LETTERS)]
    (letter,) = [letter for letter in letters if letter.payload() == b"this is no row\r"]
    assert letter.reason == "not_a_row"
    assert letter.origin.offset == log.read_bytes().index(b"this")


def test_the_pipeline_hears_of_it(bench: Bench, tmp_path: Path) -> None:
    bench.run("replay", write_log(tmp_path / "log.txt", 3), "--gpu", "heard:0", "--name", "heard")
    reports = [PipelineReport.decode(raw) for raw in bench.values(topics.GPU_PIPELINE)]
    assert [report.sent for report in reports if report.process == "heard"][-1] == 3


@pytest.mark.parametrize("options", [["--time", "original"], ["--time", "now"], ["--speed", "3000"]], ids=" ".join)
def test_kill_9_in_the_middle_loses_nothing(bench: Bench, tmp_path: Path, options: list[str]) -> None:
    gpu = f"killed-{options[1]}:0"
    log = write_log(tmp_path / "log.txt", 60_000, salt=len(gpu))
    arguments = ["replay", str(log), "--gpu", gpu, *options]
    for _ in range(3):
        before = bench.records(topics.GPU_METRICS)
        process = bench.start(*arguments)
        until(lambda before=before: bench.records(topics.GPU_METRICS) > before)  # type: ignore[misc]
        assert process.poll() is None
        process.kill()
        process.wait()
    bench.run(*arguments)
    times = bench.times(gpu)
    assert sorted(number for _, _, number in times) == list(range(60_000))
    assert {len(found) for found in times.values()} == {1}
    if "original" in options:
        assert times == bench.expected(log, gpu)


def test_rows_acknowledged_but_not_saved_are_sent_again_as_they_were(bench: Bench, tmp_path: Path) -> None:
    """The state after a kill exactly between acknowledgement and saved progress: an older copy of what was saved."""
    log = write_log(tmp_path / "log.txt", 1500)
    arguments = ("replay", log, "--gpu", "between:0", "--speed", "100")
    process = bench.start(*arguments)
    until(lambda: len(bench.readings("between:0")) > 100)
    assert process.poll() is None
    process.kill()
    process.wait()
    older = shutil.copytree(bench.state, tmp_path / "older")
    bench.run(*arguments)
    assert len(bench.times("between:0")) == 1500
    shutil.rmtree(bench.state)
    shutil.copytree(older, bench.state)
    before = len(bench.readings("between:0"))
    bench.run(*arguments)
    assert len(bench.readings("between:0")) > before
    times = bench.times("between:0")
    assert len(times) == 1500
    assert {len(found) for found in times.values()} == {1}


def test_a_loop_begins_again_and_ends_when_asked(bench: Bench, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.txt", 20)
    process = bench.start("replay", log, "--gpu", "demo-loop:0", "--speed", "100", "--loop")
    until(lambda: len({reading.origin for reading in bench.readings("demo-loop:0")}) > 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    readings = bench.readings("demo-loop:0")
    times = [reading.time for reading in readings]
    assert times == sorted(set(times))
    assert {reading.mode for reading in readings} == {"demo"}


def test_two_processes_do_not_send_one_log(bench: Bench, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.txt", 100)
    first = bench.start("replay", log, "--gpu", "twice:0", "--speed", "1")
    until(lambda: bool(bench.readings("twice:0")))
    second = bench.start("replay", log, "--gpu", "twice:0", "--speed", "1")
    _, said = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "another process" in said
    first.send_signal(signal.SIGINT)
    assert first.wait(30) == 130


def test_kafka_may_be_away_at_the_start_and_in_the_middle(own_kafka: Kafka, tmp_path: Path) -> None:
    bench = Bench(own_kafka, tmp_path)
    bench.run("topics")
    log = write_log(tmp_path / "log.txt", 600)
    own_kafka.kill()
    process = bench.start("replay", log, "--gpu", "away:0", "--speed", "60")
    assert process.stderr is not None
    assert any("waiting for Kafka" in line for line in process.stderr)
    own_kafka.start()
    until(lambda: len(bench.readings("away:0")) > 50)
    own_kafka.kill()
    assert any("waiting for Kafka" in line for line in process.stderr)
    own_kafka.start()
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert len(bench.readings("away:0")) == len(bench.times("away:0")) == 600
