"""A day of three GPUs as it stands in the lake, once as pandas and once as Spark, and how rows of both are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from spark_jobs import schema
from telemetry import catalogue

CATALOGUE = catalogue.load(Path(__file__).parents[2] / "config" / "metrics.yaml")
BEGIN = pd.Timestamp("2026-11-22T09:30:00Z")
GPUS = {"desk:0": "RTX 4090", "desk:1": None, "demo-01:0": None}
MEASURED = ("gpu_temperature", "gpu_load", "board_power_draw", "gpu_power", "fan1_speed_percent", "perfcap_reason")
SAMPLE = (*MEASURED, "odd_sensor")
REASONS = (0.0, 1.0, 16.0, 3.0, 64.0)


def readings(begin: pd.Timestamp = BEGIN, rows: int = 4000) -> pd.DataFrame:
    """Every second or so of a bit more than an hour: gaps, absent values, flags, late ones, an unknown sensor."""
    chance = np.random.default_rng(5)
    frames = []
    for number, (gpu, model) in enumerate(GPUS.items()):
        step = chance.choice([1.0, 1.0, 1.0, 1.02, 7.0, 10.0, 11.0], rows, p=[0.3, 0.3, 0.3, 0.07, 0.01, 0.01, 0.01])
        seconds = np.cumsum(step)
        load = np.round(50 + 50 * np.sin(seconds / 200) * chance.random(rows))
        frame = pd.DataFrame(
            {
                "gpu": gpu,
                "host": gpu.split(":")[0],
                "source": "nvml",
                "mode": "demo" if gpu.startswith("demo-") else "live",
                "model": model,
                "origin": f"{gpu}/0",
                "row": np.arange(rows),
                "time": begin + pd.to_timedelta(np.round(seconds * 1000), unit="ms"),
                "gpu_load": load,
                "gpu_temperature": np.round(40 + load / 3 + chance.normal(0, 1, rows), 1) + number,
                "board_power_draw": np.where(number == 1, np.nan, 100 + 2 * load + chance.normal(0, 5, rows)),
                "gpu_power": 90 + load,
                "fan1_speed_percent": 30.0,
                "perfcap_reason": chance.choice(REASONS, rows),
                "odd_sensor": chance.integers(0, 9, rows).astype(float),
            }
        )
        for name in ("gpu_temperature", "odd_sensor"):
            frame.loc[chance.random(rows) < 0.02, name] = np.nan
        frame["ingested"] = frame.time + pd.to_timedelta(np.where(chance.random(rows) < 0.05, 301, 12), unit="s")
        flagged = chance.random(rows) < 0.03
        bad = {"gpu_voltage": "failed_read", "gpu_clock": "false_zero"}
        frame["flags"] = pd.Series([bad if each else {} for each in flagged], dtype=object)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def ticking(seconds: npt.ArrayLike, gpu: str = "desk:0", source: str = "dcgm", **values: Any) -> pd.DataFrame:
    """Readings of one GPU by one source so many seconds after BEGIN, with these values (one, or one of each)."""
    microseconds = np.round(np.asarray(seconds) * 1e6).astype("int64")
    rows = range(len(microseconds))
    frame = pd.DataFrame({"gpu": gpu, "host": gpu.split(":")[0], "source": source, "mode": "live"}, rows)
    frame["time"] = BEGIN + pd.to_timedelta(microseconds, unit="us")
    frame["ingested"] = frame.time
    frame["flags"] = pd.Series([{} for _ in rows], dtype=object)
    return frame.assign(row=rows, odd_sensor=np.nan, **values)


def to_spark(spark: SparkSession, frame: pd.DataFrame) -> DataFrame:
    """In the columns of the table of readings; what the catalogue does not know goes into `more`."""
    columns: dict[str, Any] = {name: frame[name].tolist() for name in frame.columns if name not in {"odd_sensor"}}
    columns = {name: [_known(value) for value in values] for name, values in columns.items()}
    columns["date"] = [moment.date() for moment in frame.time]
    columns["flags"] = [list(each.items()) for each in frame["flags"]]
    columns["more"] = [[] if pd.isna(value) else [("odd_sensor", value)] for value in frame.odd_sensor]
    return arrow(spark, columns, len(frame), schema.readings(CATALOGUE))


def arrow(spark: SparkSession, columns: dict[str, Any], rows: int, made: StructType) -> DataFrame:
    fields = to_arrow_schema(made, timezone="UTC")
    arrays = [pa.array(columns.get(field.name, [None] * rows), field.type) for field in fields]
    return spark.createDataFrame(pa.Table.from_arrays(arrays, schema=fields))


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def with_all(frame: pd.DataFrame) -> pd.DataFrame:
    """And once more those of real GPUs, as of the GPU "all"."""
    marked = frame.assign(demo=frame.host.str.startswith("demo-"))
    return pd.concat([marked, marked[~marked.demo].assign(gpu="all", host="all")], ignore_index=True)


def long(frame: pd.DataFrame, *keep: str) -> pd.DataFrame:
    """A row per value."""
    return frame.melt([*keep], list(SAMPLE), "metric", "value").dropna(subset="value")


def assert_same(rows: DataFrame, wanted: pd.DataFrame, key: Sequence[str]) -> None:
    """The same rows in the same columns, in any order; numbers but for what the order of adding changes."""
    found = pd.DataFrame([row.asDict() for row in rows.collect()], columns=rows.columns)
    assert set(found.columns) == set(wanted.columns)
    order = list(key)
    for frame in (found, wanted):
        assert not frame.duplicated(order).any()
    prepared = [each[list(wanted.columns)].sort_values(order).reset_index(drop=True) for each in (found, wanted)]
    prepared = [each.astype(object).where(each.notna(), None).infer_objects() for each in prepared]
    assert len(wanted)
    pd.testing.assert_frame_equal(prepared[0], prepared[1], check_dtype=False, rtol=1e-8, atol=1e-10)
