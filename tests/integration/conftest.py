"""The servers that integration tests run against; support/engines.py says how they are started.

`kafka`, `hdfs`, `influxdb`: one for the whole session, started when the first test asks. Tests share them, so each
takes names of its own (topic, folder, bucket). `own_kafka`, `own_hdfs`, `own_influxdb`: for a test that kills or stops
its server, or must find it empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.engines import Engines, Hdfs, InfluxDB, Kafka, PostgreSQL

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from support.batch_place import Place


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with Engines(tmp_path_factory.mktemp("engines")) as engines:
        yield engines


@pytest.fixture(scope="session")
def kafka(engines: Engines) -> Kafka:
    return engines.kafka()


@pytest.fixture(scope="session")
def hdfs(engines: Engines) -> Hdfs:
    return engines.hdfs()


@pytest.fixture(scope="session")
def influxdb(engines: Engines) -> InfluxDB:
    return engines.influxdb()


@pytest.fixture(scope="session")
def postgres(engines: Engines) -> PostgreSQL:
    return engines.postgres()


@pytest.fixture(scope="module")
def module_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with Engines(tmp_path_factory.mktemp("engines")) as engines:
        yield engines


@pytest.fixture
def own_engines(tmp_path: Path) -> Iterator[Engines]:
    with Engines(tmp_path / "engines") as engines:
        yield engines


@pytest.fixture
def own_kafka(own_engines: Engines) -> Kafka:
    return own_engines.kafka()


@pytest.fixture
def own_hdfs(own_engines: Engines) -> Hdfs:
    return own_engines.hdfs()


@pytest.fixture
def own_influxdb(own_engines: Engines) -> InfluxDB:
    return own_engines.influxdb()


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    session = SparkSession.builder.appName("test").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def place(kafka: Kafka, hdfs: Hdfs, spark: SparkSession, request: pytest.FixtureRequest) -> Place:
    from support.batch_place import Place

    return Place.made(kafka, hdfs, spark, request.node.name)
