"""The report data_quality equals pandas on the same readings, copies and rejects; what nobody knows is null."""

from __future__ import annotations

import base64
import json
from collections import Counter
from datetime import UTC
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from kafka_producer.sources.logs.wall_clock import WallClock
from spark_jobs import kafka_records
from spark_jobs.days import Days
from spark_jobs.reports import data_quality
from support.lake_day import BEGIN, assert_same, readings, ticking, to_spark
from support.usual_interval import MICROSECONDS, Pace, paces

DAYS = Days("UTC")
NOTHING = "gpu string, host string, time timestamp"


def lost(frame: pd.DataFrame) -> pd.DataFrame:
    """Without two stretches of each GPU, one of them an hour and a half."""
    after = (frame.time - frame.time.min()).dt.total_seconds()
    away = after.between(100, 130) | after.between(1000, 6400)
    left: pd.DataFrame = frame[~away].reset_index(drop=True)
    return left


def is_late(frame: pd.DataFrame) -> pd.Series[bool]:
    return (frame["mode"] == "live") & ((frame.ingested - frame.time).dt.total_seconds() > 300)


def absent_of(found: Pace) -> Counter[pd.Timestamp]:
    """By hour what did not come."""
    absent: Counter[pd.Timestamp] = Counter()
    if found.step is None or found.interval is None or found.interval < 0.1:
        return absent
    for tick, after in pairwise(found.ticks):
        away = (after.at - tick.at) / MICROSECONDS
        number = tick.readings
        while away > 1.5 * found.step and number < int(away / found.interval + 0.5):
            absent[
                pd.Timestamp(tick.at + int(number * found.interval * MICROSECONDS), unit="us", tz="UTC").floor("h")
            ] += 1
            number += 1
    return absent


def expected(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(start=frame.time.dt.floor("h"), late=is_late(frame))
    rows = []
    known = paces(frame)
    for gpu, each in frame.sort_values("time").groupby("gpu"):
        own = [found for (of, _), found in known.items() if of == gpu]
        interval = min(found.interval for found in own if found.interval is not None)
        absent = sum((absent_of(found) for found in own), Counter())
        for start in sorted({*each.start, *absent}):
            hour = each[each.start == start]
            rows.append(
                {
                    "gpu": gpu,
                    "host": each.host.iloc[0],
                    "demo": each.host.iloc[0].startswith("demo-"),
                    "start": start.tz_localize(None),
                    "interval": interval,
                    "readings": len(hour),
                    "missing": absent[start],
                    "late": int(hour.late.sum()),
                    "flagged": dict(Counter(why for flags in hour["flags"] for why in flags.values())),
                }
            )
    made = pd.DataFrame(rows)
    together = []
    for start, each in made[~made.demo].groupby("start"):
        sums = {name: each[name].sum() for name in ("readings", "missing", "late")}
        flagged = dict(sum((Counter(flags) for flags in each.flagged), Counter()))
        together.append({"gpu": "all", "host": "all", "demo": False, "start": start, "flagged": flagged, **sums})
    return pd.concat([made, pd.DataFrame(together)], ignore_index=True)


def copies(spark: SparkSession, frame: pd.DataFrame, times: int = 1) -> DataFrame:
    columns = frame[["gpu", "host", "time"]].assign(copies=times)
    made: DataFrame = spark.createDataFrame(pa.Table.from_pandas(columns, preserve_index=False))
    return made


def test_missing_flagged_and_late_equal_pandas(spark: SparkSession) -> None:
    # Of one GPU another source tells, too, some milliseconds after the first; the whole hour it is away for minutes.
    other = np.arange(0.003, 7000, 10)
    frame = lost(pd.concat([readings(rows=6500), ticking(other[(other < 300) | (other > 900)], "desk:1")]))
    nothing = spark.createDataFrame([], NOTHING)
    rows = data_quality.rows(to_spark(spark, frame), copies(spark, frame), nothing, 0, DAYS)
    wanted = expected(frame)
    assert wanted.missing.max() > 1000
    assert (wanted.readings == 0).any()
    assert len({len(flags) for flags in wanted.flagged}) > 1
    assert_same(rows, wanted.assign(duplicated=0, rejected=0), ["gpu", "start"])


def missing(spark: SparkSession, frame: pd.DataFrame) -> tuple[float | None, int]:
    """The interval of desk:0, and its missing readings."""
    nothing = spark.createDataFrame([], NOTHING)
    rows = data_quality.rows(to_spark(spark, frame), copies(spark, frame), nothing, 0, DAYS).collect()
    own = [row for row in rows if row["gpu"] == "desk:0"]
    (interval,) = {row["interval"] for row in own}
    return interval, sum(row["missing"] for row in own)


@pytest.mark.parametrize(
    ("per_second", "lost_seconds", "wanted"), [(1, 0, 0), (2, 0, 0), (2, 30, 60), (3, 7, 21), (10, 5, 50)]
)
def test_rows_of_one_second_of_a_log_are_not_apart(
    spark: SparkSession, per_second: int, lost_seconds: int, wanted: int
) -> None:
    """As the producer's wall clock makes of GPU-Z's whole seconds: 1 ms apart."""
    seconds = np.delete(np.arange(7000.0), np.arange(1000, 1000 + lost_seconds))
    times = np.repeat(seconds, per_second) + np.tile(np.arange(per_second) / 1000, len(seconds))
    interval, found = missing(spark, ticking(times, source="gpuz"))
    assert interval == pytest.approx(1 / per_second)
    assert found == wanted


@pytest.mark.parametrize("interval", [0.4, 0.7, 2.5])
def test_whole_seconds_of_a_log_at_any_rate_miss_nothing(spark: SparkSession, interval: float) -> None:
    clock = WallClock(UTC, latest=2**60)
    stamps = [f"2026-11-22 09:{int(n * interval) // 60:02d}:{int(n * interval) % 60:02d}" for n in range(700)]
    times = np.array([clock.at(stamp.encode()) for stamp in stamps])
    usual, found = missing(spark, ticking((times - times[0]) / 1e6, source="gpuz"))
    assert usual == pytest.approx(interval, rel=5e-3)
    assert found == 0


def test_readings_at_one_time_do_not_end_the_batch(spark: SparkSession) -> None:
    """Of a producer that is not ours, and that cannot count further than to whole seconds."""
    assert missing(spark, ticking(np.repeat(np.arange(100.0), 3))) == (1 / 3, 0)
    assert missing(spark, ticking(np.zeros(100))) == (None, 0)


def test_nobody_waits_for_each_of_fifty_readings_a_second(spark: SparkSession) -> None:
    times = np.arange(0, 60, 0.02)
    interval, found = missing(spark, ticking(times[(times < 20) | (times > 30)]))
    assert interval == pytest.approx(0.02)
    assert found == 0


def test_copies_are_counted_where_kafka_has_all_of_the_hour_and_unknown_elsewhere(spark: SparkSession) -> None:
    frame = readings(rows=3000)
    hours = frame.time.dt.floor("h")
    kept = frame[(frame.gpu != "desk:1") | (hours != hours.min()) | (frame.row > 0)]
    twice = kept.row < 10
    both = copies(spark, kept[twice], 3).unionByName(copies(spark, kept[~twice]))
    rows = data_quality.rows(to_spark(spark, frame), both, spark.createDataFrame([], NOTHING), 0, DAYS).collect()
    first = {row["gpu"]: row["duplicated"] for row in rows if row["start"] == hours.min().tz_localize(None)}
    assert first == {"desk:0": 20, "desk:1": None, "demo-01:0": 20, "all": None}
    assert {row["duplicated"] for row in rows if row["start"] > hours.min().tz_localize(None)} == {0}


@pytest.mark.parametrize("mode", ["import", "demo"])
def test_what_is_not_live_is_not_late_and_a_day_without_readings_has_no_rows(spark: SparkSession, mode: str) -> None:
    frame = readings(rows=50).assign(mode=mode, ingested=BEGIN + pd.Timedelta(days=900))
    nothing, none = spark.createDataFrame([], NOTHING), copies(spark, frame.head(0))
    rows = data_quality.rows(to_spark(spark, frame), copies(spark, frame), nothing, 0, DAYS)
    assert {row["late"] for row in rows.collect()} == {0}
    assert data_quality.rows(to_spark(spark, frame).limit(0), none, nothing, 0, DAYS).collect() == []


def letter(payload: bytes, time: str) -> str:
    return json.dumps({"reason": "r", "time": time, "payload_base64": base64.b64encode(payload).decode()})


def test_rejects_are_of_the_gpu_that_they_name_or_of_nobody(spark: SparkSession) -> None:
    late, early = "2026-11-22T10:10:00.000Z", "2026-11-22T03:10:00.000Z"
    named, unnamed = b'{"gpu": "desk:0", "row": "x"}', b'{"gpu": "no name"}'
    payloads = [named, named, b"\xff\x00", unnamed, b'{"gpu": 7}']
    values = [letter(payload, late) for payload in payloads] + [letter(b"", early), "no letter", '{"time": "x"}']
    rejected = kafka_records.rejected(spark.createDataFrame(pa.table({"value": values})))
    frame = readings(rows=20)
    since = pd.Timestamp("2026-11-22T04:00:00Z").value // 1000
    rows = data_quality.rows(to_spark(spark, frame), copies(spark, frame), rejected, since, DAYS).collect()
    found = {(row["gpu"], row["start"].hour): row["rejected"] for row in rows}
    assert {key: count for key, count in found.items() if count != 0} == {
        ("desk:0", 10): 2, ("unknown", 10): 3, ("all", 10): 5,
        # Before that Kafka does not keep them: nobody knows of how many this is the last.
        ("unknown", 3): None, ("all", 3): None,
    }  # fmt: skip


def test_copies_are_known_by_identity(spark: SparkSession) -> None:
    def value(gpu: str, row: int) -> str:
        return json.dumps({"origin": "o/0", "gpu": gpu, "row": row, "host": "desk", "time": "2026-11-22T10:00:00.5Z"})

    whole = json.loads(value("desk:0", 7))
    wrong = [{"row": 2**63}, {"row": True}, {"row": "7"}, {"gpu": 7}, {"time": "soon"}, {"time": 7}, {"host": None}]
    unusable: list[bytes | None] = [json.dumps(whole | each).encode() for each in wrong]
    unusable += [b"{}", b"[]", b"7", b"broken", b"\xff", b"", None, b'{"origin": "o/0"}']
    values = [value("desk:0", 1).encode()] * 3 + [value("desk:0", 2).encode(), value("desk:1", 1).encode(), *unusable]
    sent = spark.createDataFrame(pa.table({"value": pa.array(values, pa.binary())}))
    # As they are read: bytes that are called text.
    found = kafka_records.copies(sent.select(F.col("value").cast("string"))).collect()
    assert sorted((row["gpu"], row["copies"]) for row in found) == [("desk:0", 1), ("desk:0", 3), ("desk:1", 1)]
