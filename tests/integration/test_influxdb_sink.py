"""Kafka -> InfluxDB by the real command: what arrives, and what becomes of what cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kafka_consumers.sinks import line_protocol
from support.engines import Engines
from support.identities import Point, eventually
from support.influxdb_writer import BEGIN, NOW, Stage, expected, reading
from telemetry import topics
from telemetry.messages import Aggregate, AlertChange, Anomaly, GpuEvent, ReportRow, Window
from telemetry.reading import encode

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One writer for all tests of this file: what one of them sends must not stop it for the next."""
    directory = tmp_path_factory.mktemp("influxdb-sink")
    with Engines(directory / "engines") as engines, Stage(engines.kafka(), engines.influxdb(), directory) as stage:
        stage.set_up()
        writer = stage.start()
        yield stage
        assert writer.poll() is None, stage.log(writer)
        assert stage.stop(writer) == 0
        assert "Traceback" not in stage.log(writer)


def test_readings_of_many_gpus_arrive_whole(stage: Stage) -> None:
    gpus = [f"whole-{number}:0" for number in range(6)]
    stage.send(reading(row, gpu) for row in range(500) for gpu in gpus)
    for gpu in gpus:
        assert stage.points_soon(500, gpu) == expected(range(500), gpu)


def test_reading_sent_twice_is_there_once(stage: Stage) -> None:
    stage.send(reading(row, "twice:0") for row in [*range(50), *range(50), 50])
    assert stage.points_soon(51, "twice:0") == expected(range(51), "twice:0")


def test_reading_whose_sensors_all_failed_exists(stage: Stage) -> None:
    stage.send([reading(1, "blind:0", metrics={}, flags={"*": "failed_read"})])
    assert stage.points_soon(1, "blind:0") == expected([1], "blind:0")


def test_imports_go_to_their_own_bucket(stage: Stage) -> None:
    old = reading(1, "old:0", mode="import", time=1_456_000_000_000_000)
    stage.send([old])
    assert stage.points_soon(1, "old:0", "gpu-imports") == Counter([Point("old:0", old.time, 1)])
    assert not stage.points("old:0")


def test_every_malformed_message_is_a_dead_letter_and_the_line_goes_on(stage: Stage) -> None:
    raw = encode(reading(1, "bad:0"))
    malformed = [
        ("not_json", b"{broken"),
        ("not_json", b"[1, 2]"),
        ("not_json", b"\xff\xfe\x00"),
        ("not_json", raw.replace(b"61.5", b"NaN")),
        ("empty", b""),
        ("wrong_type", raw.replace(b"61.5", b'"NaN"')),
        ("wrong_type", raw.replace(b"61.5", b"null")),
        ("wrong_type", raw.replace(b'"row":1', b'"row":"1"')),
        ("bad_value", raw.replace(b"61.5", b"1e301")),
        ("bad_value", raw.replace(b'"gpu_temperature"', b'"GPU Temperature"')),
        ("bad_value", raw.replace(b'"gpu":"bad:0"', b'"gpu":"../etc"')),
        ("bad_value", encode(reading(2, "bad:0", time=-62_000_000_000_000_000))),
        ("missing_field", b'{"schema":1}'),
        ("unknown_schema", raw.replace(b'"schema":1', b'"schema":9')),
        ("future_time", encode(reading(3, "bad:0", time=NOW + 7_300_000_000))),
        ("too_large", b"x" * 5_000_000),
        ("too_large", raw[:-1] + b" " * 5_000_000 + b"}"),
    ]
    good = [("bad:0", encode(reading(row, "bad:0"))) for row in range(10, 30)]
    poison = [("bad:0", value) for _, value in malformed]
    placed = stage.send_raw([*good[:10], *poison, *good[10:]])[10:-10]
    assert stage.points_soon(20, "bad:0") == expected(range(10, 30), "bad:0")
    letters = stage.letters_soon(placed)
    for (reason, value), origin in zip(malformed, placed, strict=True):
        letter = letters[origin.partition, origin.offset]
        assert (letter.reason, letter.length) == (reason, len(value))
        assert letter.payload() == value[: 64 * 1024]
        assert letter.rejected_by == "influxdb-writer"


def test_points_older_than_the_retention_are_dead_letters_and_their_neighbours_arrive(stage: Stage) -> None:
    """They lie in one request, every second line: InfluxDB answers 422 to all of it."""
    rows = range(200)
    old = {row: reading(row, "aged:0", time=NOW - 400 * DAY + row) for row in rows if row % 2}
    sent = [old.get(row, reading(row, "aged:0")) for row in rows]
    placed = stage.send_raw(("aged:0", encode(each)) for each in sent)
    assert stage.points_soon(100, "aged:0") == expected(range(0, 200, 2), "aged:0")
    letters = stage.letters_soon([placed[row] for row in old])
    assert Counter(letter.reason for letter in letters.values()) == {"outside_retention": 100}
    assert {letter.payload() for letter in letters.values()} == {encode(each) for each in old.values()}


def test_field_of_another_type_does_not_take_other_readings_with_it(stage: Stage) -> None:
    """A stranger wrote a text where our readings have a number, in the time (shard) of our readings."""
    stage.write("gpu-metrics", b'gpu_metrics,gpu=stranger clashing="text" %d' % BEGIN)
    rows = range(100)
    clashing = {
        row: reading(row, "clash:0", metrics={"gpu_load": 1.0, "clashing": 2.0}) for row in rows if row % 3 == 0
    }
    placed = stage.send_raw(("clash:0", encode(clashing.get(row, reading(row, "clash:0")))) for row in rows)
    good = set(rows) - set(clashing)
    assert stage.points_soon(len(good), "clash:0") == expected(good, "clash:0")
    letters = stage.letters_soon([placed[row] for row in clashing])
    assert Counter(letter.reason for letter in letters.values()) == {"field_type_conflict": len(clashing)}
    assert all("clashing" in letter.detail for letter in letters.values())


def test_metric_that_is_named_like_our_columns_is_kept(stage: Stage) -> None:
    stage.send([reading(1, "columns:0", metrics={"row": 1.5, "time": 2.5, "gpu": 3.5})])
    assert stage.points_soon(1, "columns:0") == expected([1], "columns:0")
    answer = stage.query(
        'from(bucket: "gpu-metrics") |> range(start: -30d) |> filter(fn: (r) => r.gpu == "columns:0")'
        ' |> keep(columns: ["_field", "_value"]) |> filter(fn: (r) => r._field =~ /_value$/)'
    )
    assert {"row_value", "time_value", "gpu_value"} <= set(answer.replace("\r\n", ",").split(","))


NASTY = ["two words", "a,b=c", 'say "hi"', "back\\slash", "x\\,y", "x\\ y", "\\", "Ümläut 温度 🔥", "#no comment", "'"]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_host_can_be_found_again(stage: Stage, name: str) -> None:
    gpu = f"nasty-{NASTY.index(name)}:0"
    stage.send([reading(1, gpu, host=name, source=name)])
    stage.points_soon(1, gpu)
    kept = name if not name.endswith("\\") else name[:-1] + "/"
    quoted = kept.replace("\\", "\\\\").replace('"', '\\"')
    found = stage.query(
        f'from(bucket: "gpu-metrics") |> range(start: -30d) |> filter(fn: (r) => r.gpu == "{gpu}" and '
        f'r.host == "{quoted}" and r.source == "{quoted}" and r._field == "row") |> keep(columns: ["_value"])'
    )
    assert ",1\r\n" in found


@pytest.mark.parametrize("text", [*NASTY, "line\nbreak", "tab\tand\rreturn"])
def test_nasty_text_is_kept_as_it_is(stage: Stage, text: str) -> None:
    place = [*NASTY, "line\nbreak", "tab\tand\rreturn"].index(text)
    stage.write("gpu-history", line_protocol.line("texts", {"place": str(place)}, {"text": text}, BEGIN))
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    found = stage.query(
        f'from(bucket: "gpu-history") |> range(start: -30d) |> filter(fn: (r) => r._measurement == "texts" and '
        f'r.place == "{place}" and r._value == "{quoted}") |> keep(columns: ["place"])'
    )
    assert f",{place}\r\n" in found


def test_every_other_topic_reaches_its_measurement(stage: Stage) -> None:
    start = "2026-11-23T10:00:00.000Z"
    of_gpu = {"gpu": "all:0", "host": "all", "source": "gpuz", "mode": "live"}
    messages = {
        topics.GPU_WINDOWS: Window(
            **of_gpu, start=start, end=start, readings=3, metrics={"gpu_load": Aggregate(avg=5, min=1, max=9, count=3)}
        ),
        topics.GPU_ANOMALIES: Anomaly(
            **of_gpu, id="1", metric="gpu_load", kind="limit", severity="info", start=start, sentence="It is."
        ),
        topics.GPU_ALERTS: AlertChange(
            **of_gpu, id="1", rule="hot", state="firing", severity="info", time=start, message="hot"
        ),
        topics.GPU_REPORTS: ReportRow(
            report="daily_statistics", date="2026-11-23", day_start=start, gpu="all:0", host="all", demo=False,
            metric="gpu_load", values={"avg": 5.0},
        ),
        topics.GPU_EVENTS: GpuEvent(
            id="1", kind="xid", number=79, host="all", device="0000:3b:00", gpu="all:0", source="xid", mode="live",
            name="off the bus", action="reboot", severity="critical", text="gone", first=start, last=start, count=1,
        ),
    }  # fmt: skip
    for topic, message in messages.items():
        stage.send_raw([("all:0", message.encode())], topic)
    flux = (
        'from(bucket: "gpu-history") |> range(start: 2020-01-01T00:00:00Z) |> filter(fn: (r) => r.gpu == "all:0")'
        ' |> group(columns: ["_measurement"]) |> count() |> keep(columns: ["_measurement"])'
    )
    wanted = {"gpu_windows", "gpu_anomalies", "gpu_alerts", "gpu_daily", "gpu_events"}
    answer = eventually(lambda: set(stage.query(flux).replace("\r\n", ",").split(",")), wanted.issubset)
    assert wanted <= answer


def test_writer_says_of_itself_what_it_did(stage: Stage) -> None:
    flux = (
        'from(bucket: "gpu-metrics") |> range(start: -30d) |> filter(fn: (r) => r._measurement == "pipeline" and '
        'r.process == "influxdb-writer") |> last() |> keep(columns: ["_field"])'
    )
    wanted = {"received", "sent", "rejected", "lag", "latency_seconds", "memory_bytes", "starts"}
    answer = eventually(lambda: set(stage.query(flux).replace("\r\n", ",").split(",")), wanted.issubset)
    assert wanted <= answer


def test_stdout_prints_what_is_there(stage: Stage, tmp_path: Path) -> None:
    stage.send(reading(row, "printed:0") for row in range(3))
    done = stage.command("stdout", "--from-beginning", "--limit", "3")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert done.stdout.startswith("gpu-metrics/")


def test_writer_says_how_large_influxdb_is_and_how_long_it_takes_to_answer(stage: Stage) -> None:
    fields = ("influxdb_bytes", "influxdb_query_seconds")
    flux = (
        'from(bucket: "gpu-metrics") |> range(start: -1h) |> filter(fn: (r) => r._measurement == "pipeline" and '
        f'r.process == "influxdb-writer" and r._field =~ /^({"|".join(fields)})$/ and r._value > 0.0)'
    )
    # Each question is a query of which it tells the next time.
    found = eventually(lambda: stage.query(flux), lambda answer: all(field in answer for field in fields))
    assert all(field in found for field in fields)
