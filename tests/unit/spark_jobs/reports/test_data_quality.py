"""The report data_quality equals pandas on the same readings, copies and rejects; what nobody knows is null."""

from __future__ import annotations

import base64
import json
from collections import Counter

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import kafka_records
from spark_jobs.days import Days
from spark_jobs.reports import data_quality
from support.lake_day import BEGIN, assert_same, readings, to_spark

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


def expected(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(start=frame.time.dt.floor("h"), late=is_late(frame))
    rows = []
    for gpu, each in frame.sort_values("time").groupby("gpu"):
        gaps = each.time.diff().dt.total_seconds()
        interval = gaps.median()
        absent: Counter[pd.Timestamp] = Counter()
        for before, gap in zip(each.time.shift(), gaps, strict=True):
            for step in range(1, 0 if pd.isna(gap) else int(gap / interval + 0.5)):
                absent[(before + pd.Timedelta(seconds=step * interval)).floor("h")] += 1
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
    frame = lost(readings(rows=6500))
    nothing = spark.createDataFrame([], NOTHING)
    rows = data_quality.rows(to_spark(spark, frame), copies(spark, frame), nothing, 0, DAYS)
    wanted = expected(frame)
    assert wanted.missing.max() > 1000
    assert (wanted.readings == 0).any()
    assert len({len(flags) for flags in wanted.flagged}) > 1
    assert_same(rows, wanted.assign(duplicated=0, rejected=0), ["gpu", "start"])


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
