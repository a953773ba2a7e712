"""Windows -> digests: what a model of failures needs of a GPU and a step of time, in few rows."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.load_bands import LOAD, band_of
from telemetry.catalogue import Catalogue

TEMPERATURE, FAN, POWER = "gpu_temperature", "fan1_speed_percent", "board_power_draw"
CLOCKS = ("sm_clock", "gpu_clock")
AT_LOAD = (TEMPERATURE, FAN, POWER, *CLOCKS)
"""Compared at equal load, so their digests are by band of load."""
CORRECTED = ("ecc_corrected_volatile", "ecc_corrected_aggregate")
UNCORRECTED = ("ecc_uncorrected_volatile", "ecc_uncorrected_aggregate", "retired_pages_double_bit")
REMAPPED = ("remapped_rows_correctable", "remapped_rows_uncorrectable", "retired_pages_single_bit")
PENDING = ("row_remap_pending", "retired_pages_pending", "row_remap_failed")
REPLAYS, WIDTH, RECOVERY = "pcie_replays", "pcie_width", "gpu_recovery_action"
PLAIN = (*CORRECTED, *UNCORRECTED, *REMAPPED, *PENDING, REPLAYS, WIDTH, RECOVERY)
WHOLE = ""
"""In the place of a metric: the GPU as a whole. In the place of a band: whatever the load."""
COLUMNS = (
    *("gpu", "host", "source", "mode", "step", "metric", "band"),
    *("windows", "avg", "low", "high", "held", "seen"),
)


def digests(windows: DataFrame, step: Column, catalogue: Catalogue) -> DataFrame:
    """COLUMNS, a row per GPU, step, metric and band, of ``windows`` (:data:`spark_jobs.schema.WINDOWS`).

    ``step`` is the number of the step in which a window begins. ``avg``, ``low``, ``high``: the mean of the windows'
    averages, the least and the greatest reading; ``held``: the share of the windows of a mask of reasons in which the
    hardware held the clocks back beyond what a healthy card shows (by the greatest mask of the window: the bits that
    tell of heat are the greatest); ``seen``: the end of the last window, microseconds UTC.
    """
    masks = held_by(catalogue)
    wanted = F.col("metric").isNull() | F.col("metric").isin(*AT_LOAD, *PLAIN, *masks)
    loads = windows.filter(F.col("metric") == LOAD).select("gpu", "start", band_of(F.col("avg")).alias("load"))
    at_load = F.col("metric").isin(*AT_LOAD)
    held = F.lit(None).cast("double")
    for name, bits in masks.items():
        is_held = F.col("max").cast("long").bitwiseAND(F.lit(bits)) != 0
        held = F.when(F.col("metric") == name, is_held.cast("double")).otherwise(held)
    rows = (
        windows.filter(wanted)
        .join(loads, on=["gpu", "start"], how="left")
        .withColumns(
            {
                "step": step.cast("long"),
                "band": F.when(at_load, F.col("load")).otherwise(WHOLE),
                "metric": F.coalesce("metric", F.lit(WHOLE)),
                "held": held,
            }
        )
        .filter(F.col("band").isNotNull())
    )
    made = rows.groupBy("gpu", "step", "metric", "band").agg(
        *(F.max(name).alias(name) for name in ("host", "source", "mode")),
        F.count(F.lit(1)).alias("windows"),
        F.avg("avg").alias("avg"),
        F.min("min").alias("low"),
        F.max("max").alias("high"),
        F.avg("held").alias("held"),
        F.max(F.unix_micros("end")).alias("seen"),
    )
    return made.select(*COLUMNS)


def held_by(catalogue: Catalogue) -> dict[str, int]:
    """Metric -> the bits under which no healthy card works."""
    masks = {each.name: sum(set(each.throttling) - set(each.expected_throttling)) for each in catalogue if each.bits}
    return {name: bits for name, bits in masks.items() if bits}
