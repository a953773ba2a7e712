"""What the feed keeps of what it reads, without Kafka."""

from __future__ import annotations

from dashboard.stores.live import SPARK_SECONDS, SPARK_STEP
from dashboard.stores.live_board import MOST_ALERTS, Board, Record
from support.readings import made_up
from telemetry import topics
from telemetry.messages import AlertChange
from telemetry.pipeline import memory_bytes
from telemetry.reading import Reading, encode
from telemetry.timestamp import SECOND, format_time

NOW = 1_800_000_000 * SECOND


def record(reading: Reading, arrived: int | None = None) -> Record:
    return Record(topics.GPU_METRICS, reading.gpu.encode(), encode(reading), arrived or reading.time)


def alert(number: int) -> Record:
    change = AlertChange(
        gpu="desk:0", host="desk", source="gpuz", mode="live", id=f"a{number}", rule="hot", state="firing",
        severity="warning", time=format_time(NOW + number), message="hot",
    )  # fmt: skip
    return Record(topics.GPU_ALERTS, b"desk:0", change.encode(), NOW)


def test_newest_reading_of_each_gpu_is_known() -> None:
    board = Board()
    board.feed([record(made_up(n, NOW + n * SECOND, gpu=f"desk:{n % 2}")) for n in range(4)], NOW)
    assert [(each.gpu, each.time) for each in board.gpus()] == [
        ("desk:0", NOW + 2 * SECOND),
        ("desk:1", NOW + 3 * SECOND),
    ]
    latest = board.gpu("desk:1")
    assert latest is not None
    assert latest.metrics == made_up(3, NOW).metrics
    assert board.gpu("desk:9") is None


def test_labels_are_those_of_the_newest_reading() -> None:
    board = Board()
    board.feed([record(made_up(n, NOW + n, labels=labels)) for n, labels in enumerate(({"job": "a"}, {}))], NOW)
    assert [each.labels for each in board.gpus()] == [{}]
    board.feed([record(made_up(2, NOW + 2, labels={"rack": "r12"}))], NOW)
    assert [each.labels for each in board.gpus()] == [{"rack": "r12"}]


def test_import_shows_a_gpu_only_while_nothing_is_live() -> None:
    board = Board()
    old = made_up(0, NOW - 10**15, mode="import")
    board.feed([record(old, NOW)], NOW)
    known = board.gpu("desk:0")
    assert known is not None
    assert known.mode == "import"
    board.feed([record(made_up(1, NOW)), record(old, NOW + 1)], NOW)
    known = board.gpu("desk:0")
    assert known is not None
    assert (known.mode, known.time) == ("live", NOW)


def test_sparkline_has_a_value_per_step_and_forgets_what_is_older() -> None:
    board = Board()
    seconds = SPARK_SECONDS + 100
    for n in range(seconds):
        board.feed([record(made_up(n, NOW + n * SECOND))], NOW + n * SECOND)
    line = board.sparkline("desk:0", "gpu_load")
    assert len(line) == SPARK_SECONDS // SPARK_STEP
    last = (NOW // SECOND + seconds - 1) // SPARK_STEP * SPARK_STEP
    assert [point.time // SECOND for point in line] == list(
        range(last - SPARK_SECONDS + SPARK_STEP, last + 1, SPARK_STEP)
    )
    assert [point.value for point in line] == [float((point.time - NOW) // SECOND % 100) for point in line]
    assert board.sparkline("desk:0", "nothing") == []


def test_sparkline_has_a_hole_where_nothing_came() -> None:
    board = Board()
    for n in (0, 1, 2, 300, 301, 10_000):
        board.feed([record(made_up(n, NOW + n * SECOND))], NOW + n * SECOND)
        if n == 301:
            assert [(point.time - NOW) // SECOND for point in board.sparkline("desk:0", "gpu_load")] == [0, 300]
    assert [(point.time - NOW) // SECOND for point in board.sparkline("desk:0", "gpu_load")] == [10_000]


def test_import_has_no_sparkline() -> None:
    board = Board()
    board.feed([record(made_up(0, NOW, mode="import"))], NOW)
    assert board.sparkline("desk:0", "gpu_load") == []


def test_what_is_no_reading_is_nobody() -> None:
    board = Board()
    board.feed(
        [Record(topics.GPU_METRICS, b"desk:0", b"{not json", NOW), Record(topics.GPU_METRICS, None, None, NOW)], NOW
    )
    assert board.gpus() == []
    assert board.gpu("desk:0") is None
    board.feed([record(made_up(1, NOW))], NOW)
    assert [each.gpu for each in board.gpus()] == ["desk:0"]


def test_subscriber_gets_the_newest_of_each_gpu_once() -> None:
    board = Board()
    board.feed([record(made_up(0, NOW))], NOW)
    subscription = board.subscribe()
    assert not subscription.take()
    board.feed([record(made_up(n, NOW + n, gpu=f"desk:{n % 3}")) for n in range(1, 10)], NOW)
    assert {each.gpu: each.time for each in subscription.take().readings} == {
        "desk:0": NOW + 9,
        "desk:1": NOW + 7,
        "desk:2": NOW + 8,
    }
    assert not subscription.take()


def test_subscriber_of_one_gpu_gets_its_readings_alone() -> None:
    board = Board()
    subscription = board.subscribe("desk:1")
    assert not subscription.take()
    board.feed([record(made_up(n, NOW + n, gpu=f"desk:{n % 3}")) for n in range(1, 10)], NOW)
    assert [(each.gpu, each.time) for each in subscription.take().readings] == [("desk:1", NOW + 7)]
    board.feed([record(made_up(11, NOW + 11, gpu="desk:2"))], NOW)
    assert not subscription.take()


def test_slow_subscriber_is_told_how_many_alerts_it_missed() -> None:
    board = Board()
    subscription = board.subscribe()
    board.feed([alert(n) for n in range(3)], NOW)
    assert [each.id for each in subscription.take().alerts] == ["a0", "a1", "a2"]
    board.feed([alert(n) for n in range(MOST_ALERTS + 7)], NOW)
    changes = subscription.take()
    assert (len(changes.alerts), changes.missed) == (MOST_ALERTS, 7)
    assert board.alert_changes()[0].id == f"a{MOST_ALERTS + 6}"


def test_fleet_of_a_thousand_fits_in_little_memory() -> None:
    board = Board()
    metrics = {f"metric_{n}": float(n) for n in range(25)}
    before = memory_bytes()
    for step in range(3):
        time = NOW + step * SPARK_STEP * SECOND
        board.feed([record(made_up(step, time, gpu=f"node-{n}:0", metrics=metrics)) for n in range(1000)], time)
    assert len(board.gpus()) == 1000
    assert len(board.sparkline("node-999:0", "metric_24")) == 3
    # A sparkline takes its room when it begins, however little is in it.
    assert memory_bytes() - before < 60 * 2**20
