"""The sink `timescale` on real servers: plain PostgreSQL, and TimescaleDB where it is installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer

from dashboard.audit import rows_of, verdict
from dashboard.stores.loads import Held
from dashboard.stores.loads_postgres import PostgresLoads
from kafka_consumers.sinks.timescale import Timescale
from kafka_consumers.timescale import columns
from kafka_consumers.timescale.store import Store
from kafka_consumers.timescale.upkeep import Upkeep
from kafka_consumers.waiting import Server
from support.engines import Engines, Kafka, PostgreSQL, has_timescale
from support.identities import Row, eventually
from support.influxdb_writer import reading
from support.loop_fakes import Message, message
from support.standing_clock import At
from support.timescale import METRICS, NO_TIMESCALE, ROOT, ask, readings_in, settings_of
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.loads import host_of
from telemetry.reading import Reading, encode
from telemetry.timestamp import SECOND

NOW = SystemClock().now()
DAY = 86_400 * SECOND
HOUR = NOW // (3600 * SECOND) * 3600 * SECOND - 3 * 3600 * SECOND
"""The begin of an hour that is over."""
ORIGIN = reading(0).origin


@pytest.fixture(scope="module", params=["postgres", "timescaledb"])
def server(request: pytest.FixtureRequest, module_engines: Engines) -> PostgreSQL:
    if request.param == "timescaledb" and not has_timescale():
        pytest.skip(NO_TIMESCALE)
    return module_engines.postgres(timescale=request.param == "timescaledb")


@pytest.fixture
def sink(server: PostgreSQL) -> Iterator[Timescale]:
    sink = Timescale(settings_of(server), METRICS, SystemClock())
    start(sink)
    yield sink
    sink.close()


def start(sink: Timescale) -> None:
    """As the command does it: PostgreSQL may end one of two who wait for each other, a job of its own and us."""
    Server("postgres", SystemClock(), Event()).insist(sink.start)


def is_timescale(server: PostgreSQL) -> bool:
    return bool(ask(server, "SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"))


def record(each: Reading, arrived: int = NOW) -> Message:
    return message(each.row, value=encode(each))._replace(timestamp=arrived // 1000)


def write(sink: Timescale, *readings: Reading, arrived: int = NOW) -> list[Any]:
    return sink.write([sink.encode(record(each, arrived)) for each in readings])


def compute(server: PostgreSQL, now: int = NOW) -> None:
    """All aggregates that are due, as PostgreSQL's or our own upkeep does it by the clock."""
    if is_timescale(server):
        for step in columns.STEPS:
            ask(server, f"CALL refresh_continuous_aggregate('{step.table}', '2020-01-01Z', now() - interval '10 s')")
        return
    store = Store(settings_of(server), columns.metrics_of(METRICS), "test")
    Upkeep(store, At(now)).step()
    store.close()


def test_reading_is_there_whole(sink: Timescale, server: PostgreSQL) -> None:
    metrics = {"gpu_load": 41.0, "gpu_temperature": 61.25, "fan9_odd": 7.5, "board_power_draw": 9e99}
    flags, labels = {"gpu_voltage": 'a\\b\t"c"'}, {"rack": "r12", "pod": 'a\\b"c"'}
    one = reading(7, "whole:0", metrics=metrics, flags=flags, model="RTX\t4090", recorded=None, labels=labels)
    assert write(sink, one) == []
    names = 'origin, "row", mode, host, model, gpu_load, gpu_temperature, board_power_draw, more, flags, labels'
    (found,) = ask(server, f"SELECT {names}, extract(epoch FROM time) FROM gpu_metrics WHERE gpu = 'whole:0'")
    told = (flags | {"board_power_draw": "implausible"}, labels)
    assert found[:-1] == (ORIGIN, 7, "live", "whole", "RTX\t4090", 41.0, 61.25, None, {"fan9_odd": 7.5}, *told)
    assert int(found[-1] * SECOND) == one.time
    assert ask(server, "SELECT gpu_load FROM v_latest_gpu_metrics WHERE gpu = 'whole:0'") == [(41.0,)]
    overview = "SELECT gpus, reporting, gpu_temperature_max FROM v_fleet_overview WHERE host = 'whole'"
    assert ask(server, overview) == [(1, 0, 61.25)]


def test_one_row_that_cannot_be_stored_is_refused_alone(sink: Timescale, server: PostgreSQL) -> None:
    bad = reading(3, "alone:0", model="a\0b")
    refusals = write(sink, *(bad if row == 3 else reading(row, "alone:0") for row in range(8)))
    assert [(each.place, each.error.reason) for each in refusals] == [(3, "refused_by_postgres")]
    assert [each.row for each in readings_in(server, "alone:0")] == [0, 1, 2, 4, 5, 6, 7]


def test_imports_and_what_was_old_when_it_came_lie_apart_and_once(sink: Timescale, server: PostgreSQL) -> None:
    old = [reading(row, "old:0", mode="import", time=1_456_000_000_000_000 + row) for row in range(5)]
    late = reading(9, "old:0", time=NOW - 7 * DAY + 6 * 3600 * SECOND)
    assert write(sink, *old, late) == []
    # The same readings again, and the late one from a producer that was restarted: by then it is too old.
    assert write(sink, *old, late) == []
    assert write(sink, late, arrived=NOW + 7 * 3600 * SECOND) == []
    assert [each.row for each in readings_in(server, "old:0", "gpu_imports")] == [0, 1, 2, 3, 4]
    assert [each.row for each in readings_in(server, "old:0")] == [9]
    older = reading(8, "old:0", time=NOW - 30 * DAY)
    assert write(sink, older, older) == []
    assert [each.row for each in readings_in(server, "old:0", "gpu_imports")] == [0, 1, 2, 3, 4, 8]


def test_ids_are_unique_after_replays_and_restarts(server: PostgreSQL) -> None:
    """Live readings and two logs, in other batches from each start of the writer, the whole of them each time."""
    live = [reading(row, f"ids:{row % 3}", time=NOW - DAY + row * SECOND) for row in range(300)]
    logs = [
        reading(
            row, "ids:9", mode="import", origin=f"{log}/0", time=1_456_000_000_000_000 + (1000 * log + row) * SECOND
        )
        for log in range(2)
        for row in range(300)
    ]
    for size in (7, 100, 600):
        sink = Timescale(settings_of(server), METRICS, SystemClock())
        start(sink)
        every = [each for pair in zip(live, logs[:300], logs[300:], strict=True) for each in pair]
        for begin in range(0, len(every), size):
            assert write(sink, *every[begin : begin + size]) == []
        sink.close()
    for table, wanted in (("gpu_metrics", live), ("gpu_imports", logs)):
        found = ask(server, f"SELECT origin, gpu, \"row\", time FROM {table} WHERE host = 'ids'")
        assert len(found) == len({row[:3] for row in found}) == len({(row[1], row[3]) for row in found}) == len(wanted)
        assert {row[:3] for row in found} == {(each.origin, each.gpu, each.row) for each in wanted}


def test_reading_that_lay_in_kafka_past_its_time_is_not_stored(server: PostgreSQL) -> None:
    sink = Timescale(settings_of(server), METRICS, At(NOW + 8 * DAY))
    start(sink)
    assert write(sink, reading(1, "past:0")) == []
    sink.close()
    assert readings_in(server, "past:0") == []


def test_aggregates_are_those_of_the_readings_and_count_late_ones(sink: Timescale, server: PostgreSQL) -> None:
    def load(row: int, value: float) -> Reading:
        return reading(row, "sum:0", time=HOUR + row * SECOND, metrics={"gpu_load": value})

    write(sink, *(load(row, float(row % 100)) for row in range(0, 3600, 10)))
    compute(server)
    query = "SELECT bucket, readings, gpu_load_avg, gpu_load_min, gpu_load_max FROM {} WHERE gpu = 'sum:0' ORDER BY 1"
    minutes, fives, hours = (ask(server, query.format(step.table)) for step in columns.STEPS)
    assert (len(minutes), len(fives), len(hours)) == (60, 12, 1)
    assert minutes[0][1:] == (6, 25.0, 0.0, 50.0)
    assert fives[0][1:] == (30, 45.0, 0.0, 90.0)
    assert hours[0][1:] == (360, 45.0, 0.0, 90.0)
    write(sink, load(5, 99.0))
    compute(server)
    assert [ask(server, query.format(step.table))[0][1] for step in columns.STEPS] == [7, 31, 361]
    assert ask(server, query.format("gpu_metrics_1min"))[0][4] == 99.0


def test_metric_that_the_catalogue_gains_is_a_column_and_costs_no_history(server: PostgreSQL) -> None:
    settings = settings_of(server, postgres_database="gains")
    ask(server, "CREATE DATABASE gains")
    fewer = Catalogue(METRICS.units, METRICS.kinds, {n: m for n, m in METRICS.metrics.items() if n != "gpu_load"})
    seen = []
    for number, catalogue in enumerate((fewer, METRICS, fewer)):
        sink = Timescale(settings, catalogue, SystemClock())
        start(sink)
        write(sink, reading(number, metrics={"gpu_load": 5.0, "gpu_temperature": 60.0}, time=HOUR + number * SECOND))
        sink.close()
        query = "SELECT \"row\", to_jsonb(m)->'gpu_load', more->'gpu_load' FROM gpu_metrics AS m ORDER BY 1"
        seen = ask(server, query, database="gains")
    assert seen == [(0, None, 5.0), (1, 5.0, None), (2, None, 5.0)]
    # What was computed before has no value of it; whether the hour was, is a matter of who came first.
    assert ask(server, "SELECT count(*) FROM gpu_metrics_1h WHERE gpu_load_avg < 0", database="gains") == [(0,)]
    assert ask(server, "SELECT gpu_load FROM v_latest_gpu_metrics", database="gains") == [(None,)]


def test_audit_finds_what_is_missing_and_nothing_twice(sink: Timescale, server: PostgreSQL) -> None:
    host = host_of("counted")
    write(sink, *(reading(row, f"{host}:{gpu}") for gpu in range(2) for row in range(50) if row != 7 or gpu))
    write(sink, reading(1, f"{host}-not:0"))
    held = PostgresLoads(settings_of(server)).held("counted")
    assert held == {f"{host}:0": Held(49, 49, 0, 49), f"{host}:1": Held(50, 50, 0, 49)}
    assert verdict(rows_of(host, 2, 100), held).missing == 1


def test_what_has_expired_leaves_by_itself(server: PostgreSQL) -> None:
    settings = settings_of(server, postgres_database="expires")
    ask(server, "CREATE DATABASE expires")
    sink = Timescale(settings, METRICS, SystemClock())
    start(sink)
    write(sink, *(reading(row, time=HOUR + row * SECOND) for row in range(10)))
    sink.close()
    if is_timescale(server):
        query = (
            "SELECT coalesce(view_name, j.hypertable_name), config->>'drop_after'"
            " FROM timescaledb_information.jobs AS j"
            " LEFT JOIN timescaledb_information.continuous_aggregates"
            " ON materialization_hypertable_name = j.hypertable_name WHERE proc_name = 'policy_retention'"
        )
        kept = dict(ask(server, query, database="expires"))
        assert (kept.pop("gpu_metrics"), set(kept.values())) == ("7 days", {"90 days"})
        assert "gpu_metrics_1h" not in kept
        return
    store = Store(settings, columns.metrics_of(METRICS), "test")
    assert Upkeep(store, At(NOW + 9 * DAY)).step()["partitions"] >= 1
    assert ask(server, "SELECT count(*) FROM gpu_metrics", database="expires") == [(0,)]
    assert ask(server, "SELECT count(*) FROM gpu_metrics_1h", database="expires") == [(1,)]
    Upkeep(store, At(NOW + 99 * DAY)).step()
    left = [ask(server, f"SELECT count(*) FROM {step.table}", database="expires") for step in columns.STEPS]
    assert left == [[(0,)], [(0,)], [(1,)]]
    store.close()


@pytest.mark.parametrize("server", ["timescaledb"], indirect=True)
def test_compressed_readings_take_the_same_and_late_ones(sink: Timescale, server: PostgreSQL) -> None:
    rows = [reading(row, "tight:0", time=HOUR + row * SECOND) for row in range(0, 2000, 2)]
    write(sink, *rows)
    jobs = "SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression'"
    ((job,),) = ask(server, f"{jobs} AND hypertable_name = 'gpu_metrics'")
    ask(server, f"CALL run_job({job})")
    compressed = (
        "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'gpu_metrics' AND is_compressed"
    )
    assert ask(server, compressed)[0][0] >= 1
    write(sink, *rows, *(reading(row, "tight:0", time=HOUR + row * SECOND) for row in range(1, 2000, 2)))
    assert readings_in(server, "tight:0") == [Row(ORIGIN, "tight:0", row) for row in range(2000)]


def test_table_that_somebody_dropped_is_made_again(sink: Timescale, server: PostgreSQL) -> None:
    ask(server, "DROP TABLE gpu_imports")
    one = reading(1, "again:0", mode="import", time=1_456_000_000_000_000)
    with pytest.raises(Unavailable, match="looked at again"):
        write(sink, one)
    assert write(sink, one) == []
    assert len(readings_in(server, "again:0", "gpu_imports")) == 1


def test_server_that_takes_no_writes_is_away(sink: Timescale, server: PostgreSQL) -> None:
    ask(server, "ALTER DATABASE gpustream SET default_transaction_read_only = on")
    fresh = Timescale(settings_of(server), METRICS, SystemClock())
    try:
        with pytest.raises(Unavailable, match="read-only"):
            fresh.start()
    finally:
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user="gpustream", dbname="postgres", autocommit=True,
            password=server.password_file.read_text().strip(),
        ) as connection:  # fmt: skip
            connection.execute("ALTER DATABASE gpustream RESET default_transaction_read_only")
    fresh.start()
    assert write(fresh, reading(1, "standby:0")) == []
    fresh.close()


def test_user_without_rights_and_foreign_table_are_named(server: PostgreSQL) -> None:
    ask(server, "CREATE DATABASE strange")
    ask(server, "CREATE TABLE gpu_metrics (id integer)", database="strange")
    with pytest.raises(Misconfigured, match="not ours"):
        Timescale(settings_of(server, postgres_database="strange"), METRICS, SystemClock()).start()
    password = server.password_file.read_text().strip()
    ask(server, f"CREATE ROLE guest LOGIN PASSWORD '{password}'")
    with pytest.raises(Misconfigured, match="POSTGRES_USER"):
        Timescale(settings_of(server, postgres_user="guest"), METRICS, SystemClock()).start()


@pytest.fixture
def writer(server: PostgreSQL, kafka: Kafka, tmp_path: Path) -> Iterator[Any]:
    """Starts `kafka-consumers timescale` on these servers; ends what a test leaves."""
    running: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "POSTGRES_PORT": str(server.port),
        "POSTGRES_PASSWORD_FILE": str(server.password_file),
        "STATE_DIR": str(tmp_path / "state"),
        "CONFIG_DIR": str(ROOT / "config"),
    }

    def start() -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).with_name("kafka-consumers")), "timescale"]
        running.append(subprocess.Popen(command, env=environment, cwd=tmp_path))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_writer_killed_between_copy_and_commit_stores_each_reading_once(
    sink: Timescale, server: PostgreSQL, kafka: Kafka, writer: Any
) -> None:
    make_topics(kafka)
    gpu = f"killed-{'hyper' if is_timescale(server) else 'plain'}:0"
    first = writer()
    send(kafka, [reading(0, gpu)])
    assert eventually(lambda: len(readings_in(server, gpu)), lambda count: count == 1) == 1
    password = server.password_file.read_text().strip()
    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="gpustream", dbname="gpustream", password=password
    ) as holder:
        # What follows the readings in their transaction waits: between COPY and commit.
        holder.execute("LOCK TABLE gpu_latest IN SHARE ROW EXCLUSIVE MODE")
        send(kafka, [reading(row, gpu) for row in range(1, 300)])
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gpustream-readings'"
            " AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO gpu_latest%'"
        )
        assert eventually(lambda: ask(server, query)[0][0], lambda count: count > 0)
        first.send_signal(signal.SIGKILL)
        first.wait()
    send(kafka, [reading(row, gpu) for row in range(250, 320)])
    writer()
    found = eventually(lambda: readings_in(server, gpu), lambda rows: len(rows) >= 320)
    assert found == [Row(ORIGIN, gpu, row) for row in range(320)]


def make_topics(kafka: Kafka) -> None:
    command = [str(Path(sys.executable).with_name("kafka-producer")), "topics"]
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap}
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)


def send(kafka: Kafka, readings: list[Reading]) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    for each in readings:
        producer.send(topics.GPU_METRICS, key=each.gpu.encode(), value=encode(each))
    producer.close()
