"""Spark gives every record the verdict, and every reading the values, that telemetry.reading.decode gives it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from spark_jobs.judge import Judge
from spark_jobs.transforms import clean
from telemetry import catalogue
from telemetry.errors import Rejected
from telemetry.reading import Reading, decode
from telemetry.timestamp import EPOCH

from .nasty_records import CASES, READING, WHOLE

CATALOGUE = catalogue.load(Path(__file__).parents[3] / "config" / "metrics.yaml")
MUTATIONS = 300


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    builder = SparkSession.builder.appName("clean").config("spark.ui.enabled", "false")
    session = builder.getOrCreate()
    yield session
    session.stop()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)
_BYTES = st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 4), st.binary(max_size=4))


def mutations() -> list[bytes]:
    """A valid reading with a few bytes, or the value of one key, replaced by anything."""
    made: list[bytes] = []

    @settings(max_examples=MUTATIONS, derandomize=True, database=None, deadline=None)
    @given(_BYTES | st.tuples(st.sampled_from(sorted(READING)), _JSON))
    def make(change: tuple[Any, ...]) -> None:
        if isinstance(change[0], str):
            key, value = change
            # json, not orjson: it also writes what is no JSON, NaN and lone surrogates.
            made.append(json.dumps(READING | {key: value}).encode())
        else:
            place, length, put = change
            made.append(WHOLE[:place] + put + WHOLE[place + length :])

    make()
    return made


def verdict(raw: bytes | None, now: int) -> Reading | str:
    try:
        reading = decode(raw, now)  # type: ignore[arg-type]  # a record without a value is None
    except Rejected as rejected:
        return rejected.reason
    # A column holds doubles, and JSON integers that none holds exactly.
    return reading._replace(metrics={name: float(value) for name, value in reading.metrics.items()})


def test_spark_and_decode_give_the_same_verdict_and_the_same_values(spark: SparkSession) -> None:
    records = [*CASES, *mutations()]
    instants = pa.array(range(len(records)), pa.timestamp("us", "UTC"))
    table = pa.table({"value": pa.array(records, pa.binary()), "timestamp": instants})
    judged = clean.judged(clean.packed(spark.createDataFrame(table), CATALOGUE), 7)
    accepted = iter(judged.readings.to_pylist())
    now = time.time_ns() // 1000
    wanted = [verdict(raw, now) for raw in records]
    for raw, expected in zip(records, wanted, strict=True):
        if isinstance(expected, Reading):
            row = next(accepted)
            assert _reading(row) == expected, raw
            assert row["date"] == row["time"].date()
            assert row["ingested"] == EPOCH + timedelta(microseconds=7)
    assert next(accepted, None) is None
    assert judged.rejected == Counter(each for each in wanted if isinstance(each, str))
    assert judged.oldest == 0
    assert len(CASES) > 300
    assert 100 < len(judged.readings) < len(records) - 100


def test_a_reading_without_labels_has_none_in_the_lake() -> None:
    """Null, as in the rows that came before there was such a column."""
    records = pa.record_batch({"value": [WHOLE], "timestamp": pa.array([0], pa.timestamp("us", "UTC"))})
    assert Judge([]).judge(records, time.time_ns() // 1000).column("labels").to_pylist() == [None]


def _reading(row: dict[str, Any]) -> Reading:
    metrics = {name: row[name] for name in CATALOGUE.metrics if row.get(name) is not None} | dict(row["more"])
    at = (row["time"] - EPOCH) // timedelta(microseconds=1)
    fields = (row[name] for name in ("recorded", "gpu", "host", "source", "model"))
    said = dict(row["flags"]), dict(row["labels"] or {})
    return Reading(row["origin"], row["row"], row["mode"], at, *fields, metrics, *said)  # type: ignore[call-arg]
