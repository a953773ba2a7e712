"""Bands of GPU load: a temperature, a power, a fan is compared with what the same card shows at the same load."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from telemetry.detection import LOWEST_LOAD

LOAD = "gpu_load"
"""The metric that says how busy a GPU is, in %."""


def band_of(load: Column) -> Column:
    """The name of the band in which ``load`` lies; null where the load is unknown."""
    falling = sorted(LOWEST_LOAD.items(), key=lambda entry: -entry[1])
    name = F.lit(falling[-1][0])
    for band, lowest in reversed(falling[:-1]):
        name = F.when(load >= lowest, band).otherwise(name)
    return F.when(load.isNotNull(), name)


def band(load: float) -> str:
    """The same for one known load."""
    return max((lowest, name) for name, lowest in LOWEST_LOAD.items() if load >= lowest)[1] if load >= 0 else "idle"
