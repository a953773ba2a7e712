"""History and export against a real InfluxDB: every reading is there, a peak survives, files equal the readings."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import requests
from pyarrow import parquet

from dashboard.app import create_app
from dashboard.stores.cards_history import HistoryCards
from dashboard.stores.history import Row, Span
from dashboard.stores.history_influxdb import PIECE, InfluxDBHistory
from dashboard.stores.live_board import Board
from dashboard.stores.logs_file import LogsFile
from kafka_consumers.buckets import set_up
from kafka_consumers.sinks.points import Point, of_anomaly, of_reading, of_window
from support.console import Console, absent_stores
from support.engines import InfluxDB
from support.readings import made_up
from telemetry import log_states
from telemetry.errors import Rejected
from telemetry.messages import Aggregate, Anomaly, Window
from telemetry.reading import Reading, encode
from telemetry.timestamp import SECOND, format_time, parse_time

NOW = time.time_ns() // 1000
LONG_AGO = parse_time("2021-05-16T00:00:00Z")
LIVE, OLD, WINDOWED = "api-live:0", "api-old:0", "api-windowed:1"


def readings(gpu: str, count: int, begin: int, mode: str = "live") -> list[Reading]:
    return [made_up(n, begin + n * SECOND, gpu=gpu, host=gpu.split(":")[0], mode=mode) for n in range(count)]


def write(influxdb: InfluxDB, points: Iterable[Point]) -> None:
    buckets: dict[str, list[bytes]] = {}
    for point in points:
        buckets.setdefault(point.bucket, []).append(point.line)
    for bucket, lines in buckets.items():
        answer = requests.post(
            f"{influxdb.url}/api/v2/write",
            params={"org": influxdb.org, "bucket": bucket, "precision": "us"},
            data=b"\n".join(lines),
            headers={"Authorization": f"Token {influxdb.token}"},
            timeout=60,
        )
        assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module")
def console(influxdb: InfluxDB, tmp_path_factory: pytest.TempPathFactory) -> Console:
    run_dir = tmp_path_factory.mktemp("history")
    console = Console(run_dir, influxdb_url=influxdb.url, influxdb_token=influxdb.token)
    list(set_up(console.settings))
    old = readings(OLD, PIECE + 500, LONG_AGO, "import")
    # One reading far above all others, and one without its temperature.
    old[12_345] = old[12_345]._replace(metrics={**old[12_345].metrics, "gpu_temperature": 120.0})
    old[500] = old[500]._replace(metrics={"gpu_load": 1.0})
    windows = [
        Window(
            gpu=WINDOWED, host="api-windowed", source="gpuz", mode="live", readings=30,
            start=format_time(LONG_AGO + n * 30 * SECOND), end=format_time(LONG_AGO + (n + 1) * 30 * SECOND),
            metrics={"gpu_temperature": Aggregate(avg=50.0, min=40.0, max=60.0 + n, count=30)},
        )
        for n in range(3)
    ]  # fmt: skip
    found = [
        Anomaly(
            gpu=LIVE, host="api-live", source="gpuz", mode="live", id=f"x{n}", metric="gpu_temperature", kind="spike",
            severity="warning", value=99.0, limit=None, start=format_time(NOW - n * SECOND), sentence='A "spike".',
        )
        for n in range(3)
    ]  # fmt: skip
    write(influxdb, (of_reading(encode(each), NOW) for each in [*old, *readings(LIVE, 300, NOW - 300 * SECOND)]))
    write(influxdb, (of_window(each.encode(), NOW) for each in windows))
    write(influxdb, (of_anomaly(each.encode(), NOW) for each in found))
    stores = absent_stores()
    history = InfluxDBHistory(console.settings, stores.catalogue)
    log = log_states.LogState(
        "api-old/0/a log.txt", "/data", OLD, "import", 60, 60, 1, 1, "done", None, "", format_time(NOW),
        format_time(LONG_AGO), format_time(LONG_AGO + 59 * SECOND),
    )  # fmt: skip
    rejected = replace(log, file="bad.txt", gpu=None, state="rejected", reason="not_a_log", begin=None, end=None)
    log_states.write(console.settings.state_dir, log_states.document([log, rejected]))
    logs = LogsFile(console.settings)
    cards = HistoryCards(console.settings, stores.catalogue, history, Board(), logs)
    stores = replace(stores, history=history, logs=logs, cards=cards)
    console.app = create_app(console.settings, stores)
    return console


@pytest.fixture
def history(console: Console) -> InfluxDBHistory:
    assert console.app is not None
    found = console.app.state.stores.history
    assert isinstance(found, InfluxDBHistory)
    return found


def all_of(history: InfluxDBHistory, gpu: str, span: Span) -> list[Row]:
    return [row for piece in history.readings(gpu, span) for row in piece]


WHOLE = Span(LONG_AGO, LONG_AGO + 86_400 * SECOND)


def test_gpus_are_known_with_their_time_and_metrics(history: InfluxDBHistory) -> None:
    known = {each.gpu: each for each in history.gpus()}
    assert known[OLD].modes == {"import"}
    assert (known[OLD].first, known[OLD].last) == (LONG_AGO, LONG_AGO + (PIECE + 499) * SECOND)
    assert known[OLD].metrics == ("board_power_draw", "gpu_load", "gpu_temperature")
    assert known[LIVE].modes == {"live"}
    assert (known[LIVE].host, known[LIVE].source) == ("api-live", "gpuz")


def test_every_reading_comes_back_once_and_in_order(history: InfluxDBHistory) -> None:
    rows = all_of(history, OLD, WHOLE)
    assert [row.row for row in rows] == list(range(PIECE + 500))
    assert [row.time for row in rows] == [LONG_AGO + n * SECOND for n in range(PIECE + 500)]
    assert rows[500].metrics == {"gpu_load": 1.0}
    assert rows[7].metrics == made_up(7, 0).metrics


def test_span_leaves_its_end_out(history: InfluxDBHistory) -> None:
    span = Span(LONG_AGO + 10 * SECOND, LONG_AGO + 20 * SECOND)
    assert [row.row for row in all_of(history, OLD, span)] == list(range(10, 20))
    assert all_of(history, "nobody:0", WHOLE) == []


def test_short_series_is_every_reading(history: InfluxDBHistory) -> None:
    span = Span(LONG_AGO, LONG_AGO + 60 * SECOND)
    (series,) = history.series(OLD, ["gpu_load"], span)
    assert series.step == 0
    assert [point.average for point in series.points] == [float(n) for n in range(60)]


@pytest.mark.parametrize("limit", [2000, 100, 2])
def test_long_series_keeps_its_peak_and_its_limit(history: InfluxDBHistory, limit: int) -> None:
    load, temperature = history.series(OLD, ["gpu_load", "gpu_temperature"], WHOLE, limit=limit)
    assert 1 <= len(load.points) <= limit
    assert max(point.high for point in temperature.points) == 120.0
    assert min(point.low for point in load.points) == 0.0
    assert all(point.low <= point.average <= point.high for point in [*load.points, *temperature.points])
    assert [point.time for point in load.points] == sorted(point.time for point in load.points)


def test_step_is_as_wanted_while_the_limit_allows(history: InfluxDBHistory) -> None:
    span = Span(LONG_AGO, LONG_AGO + 600 * SECOND)
    (series,) = history.series(OLD, ["gpu_load"], span, step=60 * SECOND)
    assert (series.step, len(series.points)) == (60 * SECOND, 10)
    assert series.points[0] == (LONG_AGO, 0.0, 29.5, 59.0)


def test_bit_mask_has_no_average(history: InfluxDBHistory, influxdb: InfluxDB) -> None:
    masks = [
        made_up(n, LONG_AGO + n * SECOND, gpu="api-mask:0", host="api-mask", mode="import",
                metrics={"perfcap_reason": float(1 + 15 * (n % 2))})
        for n in range(100)
    ]  # fmt: skip
    write(influxdb, (of_reading(encode(each), NOW) for each in masks))
    (series,) = history.series("api-mask:0", ["perfcap_reason"], Span(LONG_AGO, LONG_AGO + 100 * SECOND), limit=5)
    assert {point.average for point in series.points} == {16.0}


def test_series_of_weeks_comes_from_windows(history: InfluxDBHistory) -> None:
    span = Span(LONG_AGO - 30 * 86_400 * SECOND, LONG_AGO + 30 * 86_400 * SECOND)
    (series,) = history.series(WINDOWED, ["gpu_temperature"], span)
    assert series.source == "windows"
    assert [point[1:] for point in series.points] == [(40.0, 50.0, 62.0)]
    (fallback,) = history.series(OLD, ["gpu_temperature"], span)
    assert fallback.source == "readings", "windows that nobody made yet must not hide the readings"
    assert max(point.high for point in fallback.points) == 120.0


def test_windows_and_anomalies(history: InfluxDBHistory) -> None:
    rows = history.windows(WINDOWED, WHOLE)
    assert [(row.metric, row.average, row.low, row.high, row.readings) for row in rows] == [
        ("gpu_temperature", 50.0, 40.0, 60.0 + n, 30) for n in range(3)
    ]
    assert history.windows(WINDOWED, WHOLE, ["gpu_load"]) == []
    span = Span(NOW - 3600 * SECOND, NOW + SECOND)
    found = history.anomalies(span, gpu=LIVE)
    assert [each.id for each in found] == ["x0", "x1", "x2"]
    assert (found[0].sentence, found[0].value, found[0].limit, found[0].end) == ('A "spike".', 99.0, None, None)
    assert len(history.anomalies(span, gpu=LIVE, limit=2)) == 2


def test_recent_readings_are_the_last_ones(history: InfluxDBHistory) -> None:
    assert [row.row for row in history.recent(OLD, 5)] == [PIECE + 499 - n for n in range(5)]
    assert len(history.recent(LIVE, 1000)) == 300
    assert history.recent("nobody:0") == []


@pytest.mark.parametrize(
    ("gpu", "metrics", "span"),
    [
        ('x") |> drop() //:0', ["gpu_load"], WHOLE),
        (OLD, ['gpu_load" or true'], WHOLE),
        (OLD, ["gpu_load"], Span(5, 5)),
        (OLD, ["gpu_load"] * 201, WHOLE),
    ],
)
def test_what_is_no_name_never_reaches_the_server(
    history: InfluxDBHistory, gpu: str, metrics: list[str], span: Span
) -> None:
    with pytest.raises(Rejected):
        history.series(gpu, metrics, span)


def test_csv_equals_the_readings(console: Console, history: InfluxDBHistory) -> None:
    answer = console.get(
        f"/api/v1/gpus/{OLD}/export", **{"from": format_time(WHOLE.begin), "to": format_time(WHOLE.end)}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="api-old-0_2021-05-16T000000.csv"' in answer.headers["content-disposition"]
    found = list(csv.DictReader(io.StringIO(answer.text)))
    rows = all_of(history, OLD, WHOLE)
    assert [(parse_time(each["time"]), int(each["row"])) for each in found] == [(row.time, row.row) for row in rows]
    names = ("board_power_draw", "gpu_load", "gpu_temperature")
    assert [{name: float(each[name]) for name in names if each[name]} for each in found] == [
        row.metrics for row in rows
    ]
    assert {(each["gpu"], each["host"], each["source"]) for each in found} == {(OLD, "api-old", "gpuz")}


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_columns_equal_the_readings(console: Console, history: InfluxDBHistory, kind: str) -> None:
    query = {"from": format_time(WHOLE.begin), "to": format_time(WHOLE.end), "format": kind}
    content = console.get(f"/api/v1/gpus/{OLD}/export", **query).content
    table = parquet.read_table(io.BytesIO(content)) if kind == "parquet" else pa.ipc.open_stream(content).read_all()
    rows = all_of(history, OLD, WHOLE)
    assert table["time"].cast(pa.int64()).to_pylist() == [row.time for row in rows]
    assert table["row"].to_pylist() == [row.row for row in rows]
    for metric in ("board_power_draw", "gpu_load", "gpu_temperature"):
        assert table[metric].to_pylist() == [row.metrics.get(metric) for row in rows]
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"


def test_export_of_nothing_is_told_by_its_status(console: Console) -> None:
    assert console.get("/api/v1/gpus/nobody:0/export").status_code == 404


def test_endpoints_tell_what_the_history_knows(console: Console) -> None:
    span = {"from": format_time(LONG_AGO), "to": format_time(LONG_AGO + 60 * SECOND)}
    series = console.get(f"/api/v1/gpus/{OLD}/metrics", metric="gpu_temperature", **span).json()
    assert [(each["metric"], each["unit"], len(each["points"])) for each in series] == [("gpu_temperature", "°C", 60)]
    assert series[0]["points"][3] == {"time": format_time(LONG_AGO + 3 * SECOND), "min": 43.0, "avg": 43.0, "max": 43.0}
    assert console.get("/api/v1/gpus/nobody:0/metrics", **span).status_code == 404
    newest = console.get("/api/v1/nodes/api-old/metrics", limit=2).json()
    assert [each["timestamp"] for each in newest] == [format_time(LONG_AGO + (PIECE + n) * SECOND) for n in (499, 498)]
    assert newest[0]["gpu_index"] == "0"
    assert console.get("/api/v1/nodes/nobody/metrics").status_code == 404
    assert [each["max"] for each in console.get("/api/v1/windows", gpu=WINDOWED, **span).json()] == [60.0, 61.0]
    assert len(console.get("/api/v1/anomalies", gpu=LIVE).json()) == 3


def test_card_of_a_span_and_of_a_log(console: Console) -> None:
    span = {"from": format_time(LONG_AGO), "to": format_time(LONG_AGO + 60 * SECOND)}
    of_span = console.get("/api/v1/cards", gpu=OLD, **span)
    assert of_span.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in of_span.headers["content-security-policy"]
    assert f"GPU {OLD}" in of_span.text
    assert "60 rows" in of_span.text
    of_log = console.get("/api/v1/cards/log", file="api-old/0/a log.txt")
    assert "<title>a log.txt: GPU" in of_log.text
    assert "60 rows" in of_log.text
    for answer in (
        console.get("/api/v1/cards", gpu="nobody:0", **span),
        console.get("/api/v1/cards/log", file="bad.txt"),
        console.get("/api/v1/cards/log", file="unknown.txt"),
    ):
        assert answer.status_code == 404
    long = {"from": "2000-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    assert console.get("/api/v1/cards", gpu=OLD, **long).json()["reason"] == "bad_span"


def test_logs_are_those_that_the_producer_told_of(console: Console, tmp_path: Path) -> None:
    found = console.get("/api/v1/logs").json()
    assert [(each["file"], each["state"], each["reason"]) for each in found] == [
        ("api-old/0/a log.txt", "done", None),
        ("bad.txt", "rejected", "not_a_log"),
    ]
    assert (found[0]["begin"], found[0]["rows_sent"]) == (format_time(LONG_AGO), 60)


def test_server_that_is_away_is_named(tmp_path: Path) -> None:
    console = Console(tmp_path, influxdb_url="http://127.0.0.1:1", influxdb_token="x" * 30)
    stores = absent_stores()
    stores = replace(stores, history=InfluxDBHistory(console.settings, stores.catalogue))
    console.app = create_app(console.settings, stores)
    for path in ("/api/v1/anomalies", "/api/v1/gpus/h:0/metrics", "/api/v1/gpus/h:0/export"):
        answer = console.get(path)
        assert (answer.status_code, answer.json()["store"]) == (503, "InfluxDB")
        assert int(answer.headers["retry-after"]) >= 1
