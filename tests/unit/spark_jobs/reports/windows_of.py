"""Windows over many days as they stand in the lake: a card that gets warmer, a busy week, a card that is away."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from spark_jobs import schema
from support.lake_day import arrow
from telemetry.detection import LOWEST_LOAD

BEGIN = pd.Timestamp("2026-09-19T00:00:00Z")
LAST = date(2026, 11, 22)


def windows() -> pd.DataFrame:
    """gpu, host, start, metric, avg: a window each half hour for 65 days."""
    chance = np.random.default_rng(7)
    frames = []
    for gpu, drift, days in (("desk:0", 0.3, range(65)), ("desk:1", 0.0, range(40, 65)), ("demo-01:0", 0.5, (64,))):
        for day in days:
            start = BEGIN + pd.to_timedelta(24 * day + np.arange(48) / 2, "h")
            # The last weeks are busier, so that the plain mean rises without any drift.
            load = np.clip(chance.normal(30 + day * 0.8, 25, 48), 0, 100)
            temperature = 35 + load / 2 + drift * day + chance.normal(0, 0.5, 48)
            clock = 1000 + 5 * load
            values = {"gpu_load": load, "gpu_temperature": temperature, "gpu_clock": clock, "gpu_voltage": load}
            frames += [
                pd.DataFrame({"gpu": gpu, "host": gpu.split(":")[0], "start": start, "metric": name, "avg": each})
                for name, each in values.items()
            ]
    made = pd.concat(frames, ignore_index=True)
    # Some windows do not know their load: nothing can be compared there.
    return made[~((made.metric == "gpu_load") & (chance.random(len(made)) < 0.05))].reset_index(drop=True)


def to_spark(spark: SparkSession, frame: pd.DataFrame) -> DataFrame:
    columns = {name: frame[name].tolist() for name in frame.columns}
    columns["date"] = [moment.date() for moment in frame.start]
    return arrow(spark, columns, len(frame), schema.WINDOWS)


def loaded(frame: pd.DataFrame, metrics: tuple[str, ...]) -> pd.DataFrame:
    """The values of ``metrics`` with the band of the load beside them, and whether the GPU is a demonstration."""
    load = frame[frame.metric == "gpu_load"].set_index(["gpu", "start"])["avg"].rename("load")
    made = frame[frame.metric.isin(metrics)].join(load, on=["gpu", "start"], how="inner")
    names, edges = list(LOWEST_LOAD), [*LOWEST_LOAD.values(), np.inf]
    band = pd.cut(made.load, edges, right=False, labels=names).astype(str)
    return made.assign(band=band, demo=made.host.str.startswith("demo-"))
