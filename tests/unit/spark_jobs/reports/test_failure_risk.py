"""The reports failures, failure_risk and decisions: what they make of windows, events and readings, and their
messages."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import kafka_records, schema
from spark_jobs.days import Days
from spark_jobs.decisions import economics
from spark_jobs.reports import decisions, failure_risk, failures
from spark_jobs.risk import lake_digests
from spark_jobs.risk.digests import COLUMNS, WHOLE, digests
from spark_jobs.risk.features import NAMES
from spark_jobs.risk.model import Calibration, HorizonModel, Model, Weight, model
from support.lake_day import CATALOGUE, arrow, readings
from support.lake_day import to_spark as readings_to_spark
from telemetry.health import Decision, FailurePrediction
from telemetry.messages import GpuEvent
from telemetry.timestamp import parse_time

BEGIN = datetime(2026, 10, 20, tzinfo=UTC)
LAST = date(2026, 11, 22)
DAYS = Days("UTC")
PRICES = economics.load(Path(__file__).parents[4] / "config")


def windows() -> pd.DataFrame:
    """Four GPUs of a node for 34 days, two windows a day; the third gets hotter in the last three days."""
    rows: list[dict[str, Any]] = []
    for gpu, day, half in np.ndindex(4, 34, 2):
        start = BEGIN + timedelta(days=int(day), hours=12 * int(half), minutes=1)
        hotter = 6.0 if gpu == 2 and day >= 31 else 0.0
        values = {
            "gpu_load": 95.0,
            "gpu_temperature": 60.0 + hotter,
            "clocks_event_reasons": 32.0 if hotter else 4.0,
            "pcie_replays": float(day),
            "fan2_speed_rpm": 900.0,
            None: None,
        }
        who = {"gpu": f"node-1:{gpu}", "host": "node-1", "source": "dcgm", "mode": "live"}
        when = {"date": start.date(), "start": start, "end": start + timedelta(seconds=30)}
        rows += [
            who | when | {"metric": name, "avg": value, "min": value, "max": value, "count": 3}
            for name, value in values.items()
        ]
    return pd.DataFrame(rows).astype({"avg": object, "min": object, "max": object}).replace({float("nan"): None})


def to_spark(spark: SparkSession, frame: pd.DataFrame) -> DataFrame:
    columns = {name: frame[name].tolist() for name in frame.columns}
    return arrow(spark, columns, len(frame), schema.WINDOWS)


def heat() -> Model:
    """A degree above its past trebles the odds; nothing else counts."""
    weights = {name: Weight(weight=1.1 if name == "temperature_rise" else 0.0, mean=0.0, scale=1.0) for name in NAMES}
    calm = Calibration(slope=1.0, intercept=0.0)
    horizons = [
        HorizonModel(
            horizon_hours=hours, intercept=odds, weights=weights, calibration=calm, samples=1, failures=1, evaluation={}
        )
        for hours, odds in ((24, -7.0), (168, -5.0))
    ]
    return model("2026-11-01T00:00:00.000Z", "nothing", 24.0, horizons)


def test_digests_are_few_rows_that_say_what_the_windows_do(spark: SparkSession) -> None:
    made = digests(to_spark(spark, windows()), F.unix_date(DAYS.day_of("start")), CATALOGUE)
    assert tuple(made.columns) == COLUMNS
    frame = made.toPandas()
    last = frame[(frame.step == (LAST - date(1970, 1, 1)).days) & (frame.gpu == "node-1:2")].set_index("metric")
    # The load is none of the features, nor is what no feature asks for.
    assert set(last.index) == {WHOLE, "gpu_temperature", "clocks_event_reasons", "pcie_replays"}
    hot = last.loc["gpu_temperature"]
    assert (hot["band"], hot["windows"], hot["avg"]) == ("full", 2, 66.0)
    assert last.loc["clocks_event_reasons", "held"] == 1.0
    assert last.loc[WHOLE, "seen"] == parse_time("2026-11-22T12:01:30Z")
    cool = frame[(frame.gpu == "node-1:0") & (frame.metric == "clocks_event_reasons")]
    # A power cap is what a healthy card shows.
    assert set(cool["held"]) == {0.0}


@pytest.mark.parametrize("most", [lake_digests.MOST_ROWS, 100])
def test_parts_of_hosts_are_together_all_of_it(spark: SparkSession, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_digests, "MOST_ROWS", most)
    parts = list(lake_digests.daily(to_spark(spark, windows()), DAYS, CATALOGUE))
    assert sum(map(len, parts)) == 4 * 34 * 4
    assert list(lake_digests.daily(to_spark(spark, windows().head(0)), DAYS, CATALOGUE)) == []


def test_a_gpu_that_gets_hotter_is_at_risk_and_the_message_says_why(spark: SparkSession) -> None:
    parts = list(lake_digests.daily(to_spark(spark, windows()), DAYS, CATALOGUE))
    rows = failure_risk.rows(spark, heat(), parts, LAST, (), {})
    assert rows.schema == failure_risk.SCHEMA
    messages = [FailurePrediction.decode(row["value"].encode()) for row in failure_risk.told(rows).collect()]
    assert len(messages) == 8
    by_gpu = {(each.gpu, each.horizon_hours): each for each in messages}
    hot = by_gpu["node-1:2", 168]
    assert hot.probability > 0.5
    assert hot.reasons == ["6.0 °C hotter at its load than in its own past"]
    assert hot.time == "2026-11-22T12:01:30.000000Z"
    assert (hot.host, hot.source, hot.mode) == ("node-1", "dcgm", "live")
    assert by_gpu["node-1:0", 168].probability < 0.02
    assert by_gpu["node-1:0", 168].reasons == []
    assert by_gpu["node-1:2", 24].probability < hot.probability


def test_without_a_model_nothing_is_said(spark: SparkSession) -> None:
    rows = failure_risk.rows(spark, None, (), LAST, (), {})
    assert rows.schema == failure_risk.SCHEMA
    assert rows.count() == 0
    parts = list(lake_digests.daily(to_spark(spark, windows()), DAYS, CATALOGUE))
    # Nor of a day of which there are no windows.
    assert failure_risk.rows(spark, heat(), parts, LAST + timedelta(days=1), (), {}).count() == 0


def test_decisions_count_the_longest_horizon_and_every_gpu_has_one(spark: SparkSession) -> None:
    frame = readings().assign(source="gpuz")
    risk = pd.DataFrame(
        [
            {"gpu": gpu, "horizon_hours": hours, "probability": p}
            for gpu, hours, p in (("desk:0", 24, 0.01), ("desk:0", 168, 0.95), ("desk:1", 168, 0.0001))
        ]
    )
    told = spark.createDataFrame(pa.Table.from_pandas(risk))
    rows = decisions.rows(readings_to_spark(spark, frame), told, CATALOGUE, PRICES)
    assert rows.schema == decisions.SCHEMA
    made = {row["key"]: Decision.decode(row["value"].encode()) for row in decisions.told(rows).collect()}
    assert set(made) == {"desk:0", "desk:1", "demo-01:0"}
    assert made["desk:0"].action == "repair"
    assert any("95.0%" in each for each in made["desk:0"].reasons)
    for each in made.values():
        assert each.yearly_cost[each.action] == min(each.yearly_cost.values())
        assert each.flips
        assert each.version == PRICES[1]
    assert made["desk:1"].action == "keep"
    assert any("No model of failures" in each for each in made["demo-01:0"].reasons)
    watts = frame[frame.gpu == "desk:0"].board_power_draw.mean()
    energy = watts * 8.76 * 0.30 * 1.56
    assert any(each.startswith(f"Energy {energy:,.0f} EUR") for each in made["desk:0"].reasons)


def test_without_prices_nothing_is_decided(spark: SparkSession) -> None:
    risk = failure_risk.rows(spark, None, (), LAST, (), {})
    assert decisions.rows(readings_to_spark(spark, readings()), risk, CATALOGUE, None).count() == 0


def event(**changes: Any) -> dict[str, Any]:
    told = {
        "schema": 1, "id": "a", "kind": "xid", "number": 79, "host": "node-1", "device": "0000:3b:00",
        "gpu": "node-1:2", "source": "xid", "mode": "live", "name": "fell off the bus", "action": "reboot",
        "severity": "critical", "text": "NVRM", "first": "2026-11-22T10:00:00.000Z",
        "last": "2026-11-22T10:00:00.000Z", "count": 1,
    }  # fmt: skip
    return GpuEvent.decode(json.dumps(told | changes).encode()).model_dump(by_alias=True)


def test_failures_are_the_grave_events_of_known_gpus_and_stay_when_kafka_forgets(spark: SparkSession) -> None:
    told = [
        event(),
        event(count=3, last="2026-11-22T10:01:00.000Z"),
        event(id="b", severity="warning"),
        event(id="c", gpu=None),
        event(id="d", kind="lost", number=0, gpu=None, device="node-1:3"),
    ]
    records = spark.createDataFrame(pa.table({"value": [json.dumps(each) for each in told] + ["no json"]}))
    events = kafka_records.events(records)
    rows = failures.rows(events, None)
    assert tuple(rows.columns) == failures.COLUMNS
    found = {row["id"]: row for row in rows.collect()}
    assert {key: (row["gpu"], row["kind"], row["count"]) for key, row in found.items()} == {
        "a": ("node-1:2", "xid", 3),
        "d": ("node-1:3", "lost", 1),
    }
    again = failures.rows(events.limit(0), rows)
    assert {row["id"] for row in again.collect()} == {"a", "d"}
    (first, _) = sorted(lake_digests.failures(rows, DAYS))
    assert (first.gpu, int(first.at)) == ("node-1:2", (LAST - date(1970, 1, 1)).days)
