"""In which order anomalies are told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

import pyarrow as pa
from pyspark.sql import SparkSession

from spark_jobs.detectors.anomaly_store import AnomalyStore
from spark_jobs.detectors.changes import Changes
from spark_jobs.lake import Lake
from telemetry.messages import Anomaly
from telemetry.settings import Settings
from unit.spark_jobs.test_anomaly_changes import CATALOGUE, episode


class Frames:
    """In the place of Spark: a frame is the table that it is made of."""

    def createDataFrame(self, table: pa.Table) -> pa.Table:
        return table


class Table:
    """In the place of the lake."""

    def __init__(self) -> None:
        self.gone: dict[str, bool] = {}

    def replace_anomalies(self, rows: Any, dates: Iterable[date]) -> None:
        assert set(rows["date"].to_pylist()) == set(dates)
        self.gone = dict(zip(rows["id"].to_pylist(), rows["gone"].to_pylist(), strict=True))


def test_anomalies_are_told_as_they_began_and_not_by_their_hash() -> None:
    told: list[Anomaly] = []
    table = Table()
    store = AnomalyStore(cast(SparkSession, Frames()), cast(Lake, table), CATALOGUE, Settings(), told.extend)
    written = [episode("a", 30, 31), episode("c", 10, 12), episode("f", 0, 1), episode("b", 10, 11)]
    store.write(Changes(written, [episode("d", 20, 21), episode("e", -5, -4)]))
    assert [each.id for each in told] == ["e", "f", "b", "c", "d", "a"]
    assert [each.id for each in told if each.sentence.startswith("Taken back")] == ["e", "d"]
    assert table.gone == {"a": False, "b": False, "c": False, "d": True, "e": True, "f": False}
