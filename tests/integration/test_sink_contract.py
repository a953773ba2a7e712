"""What sink.py promises, asked of every sink. A new sink joins by a line in SINKS."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kafka_consumers.sink import Sink
from kafka_consumers.sinks.influxdb import InfluxDB
from kafka_consumers.sinks.influxdb_api import InfluxApi
from kafka_consumers.sinks.stdout import Stdout
from kafka_consumers.sinks.timescale import Timescale
from support.engines import ORG, Engines, PostgreSQL, has_timescale
from support.identities import eventually
from support.influxdb_writer import Stage as Influx
from support.influxdb_writer import reading
from support.loop_fakes import P0, Message, message
from support.timescale import METRICS, NO_TIMESCALE, readings_in, settings_of
from telemetry import topics
from telemetry.clock import SystemClock
from telemetry.errors import Rejected, Unavailable
from telemetry.reading import encode


@dataclass
class Case:
    """A sink and how to count what it holds of a GPU."""

    sink: Sink[Any]
    held: Callable[[str], int]
    stop: Callable[[], None] | None
    """Takes the store away; None for a sink that has no server."""
    start: Callable[[], None] = lambda: None
    idempotent: bool = True


class Stage(NamedTuple):
    """The stores."""

    influx: Influx
    postgres: PostgreSQL
    timescaledb: PostgreSQL | None


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("sink-contract")
    with Engines(directory / "engines") as engines, Influx(engines.kafka(), engines.influxdb(), directory) as influx:
        influx.set_up()
        yield Stage(influx, engines.postgres(), engines.postgres(timescale=True) if has_timescale() else None)


def influxdb(stage: Stage, _directory: Path) -> Case:
    api = InfluxApi(stage.influx.influxdb.url, ORG, stage.influx.influxdb.token, timeout_seconds=5)
    return Case(
        InfluxDB(api, SystemClock()),
        lambda gpu: stage.influx.points(gpu).total(),
        stage.influx.influxdb.kill,
        stage.influx.influxdb.start,
    )


def postgres_case(server: PostgreSQL) -> Case:
    return Case(
        Timescale(settings_of(server), METRICS, SystemClock()),
        lambda gpu: len(readings_in(server, gpu)),
        server.kill,
        server.start,
    )


def postgres(stage: Stage, _directory: Path) -> Case:
    return postgres_case(stage.postgres)


def timescaledb(stage: Stage, _directory: Path) -> Case:
    if stage.timescaledb is None:
        pytest.skip(NO_TIMESCALE)
    return postgres_case(stage.timescaledb)


def stdout(_stage: Stage, _directory: Path) -> Case:
    stream = io.StringIO()
    sink = Stdout([topics.GPU_METRICS], stream)
    return Case(sink, lambda gpu: stream.getvalue().count(f'"gpu":"{gpu}"'), None, idempotent=False)


SINKS = {"influxdb": influxdb, "postgres": postgres, "timescaledb": timescaledb, "stdout": stdout}


@pytest.fixture(params=SINKS)
def case(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[Case]:
    case = SINKS[request.param](stage, tmp_path)
    case.sink.start()
    yield case
    case.start()
    case.sink.close()


def messages(gpu: str, rows: range) -> list[Message]:
    return [message(row, P0, encode(reading(row, gpu))) for row in rows]


def gpu_of(request: pytest.FixtureRequest) -> str:
    return f"{request.node.originalname.replace('_', '-')[:50]}:0"


def test_what_write_returned_from_is_stored(case: Case, request: pytest.FixtureRequest) -> None:
    items = [case.sink.encode(each) for each in messages(gpu_of(request), range(20))]
    assert case.sink.write(items) == []
    assert case.held(gpu_of(request)) == 20


def test_nothing_to_write_is_written(case: Case) -> None:
    assert case.sink.write([]) == []


def test_same_items_again_change_nothing(case: Case, request: pytest.FixtureRequest) -> None:
    items = [case.sink.encode(each) for each in messages(gpu_of(request), range(20))]
    case.sink.write(items[:15])
    case.sink.write(items)
    # What people look at may show a record again after a restart; a store must not.
    assert case.held(gpu_of(request)) == (20 if case.idempotent else 35)


def test_nonsense_is_rejected_or_taken_but_never_a_fault(case: Case) -> None:
    for value in (None, b"", b"\xff\x00", b"{}", b"x" * 3_000_000):
        nonsense = message(0)._replace(value=value)
        with suppress(Rejected):
            assert case.sink.write([case.sink.encode(nonsense)]) == []


def test_store_that_is_away_is_unavailable_and_takes_all_once_it_is_back(
    case: Case, request: pytest.FixtureRequest
) -> None:
    items = [case.sink.encode(each) for each in messages(gpu_of(request), range(20))]
    if case.stop is not None:
        case.stop()
        # A process of PostgreSQL may take one more before it sees that its server was killed.
        (away,) = eventually(lambda: _unavailable(case, items), bool)
        assert 0 < away.retry_after <= 60
        case.start()
    assert case.sink.write(items) == []
    assert case.held(gpu_of(request)) == 20


def _unavailable(case: Case, items: list[Any]) -> list[Unavailable]:
    try:
        case.sink.write(items)
    except Unavailable as error:
        return [error]
    return []


def test_close_may_come_before_anything_was_written(stage: Stage, tmp_path: Path) -> None:
    for name, make in SINKS.items():
        if name != "timescaledb" or stage.timescaledb is not None:
            make(stage, tmp_path).sink.close()
