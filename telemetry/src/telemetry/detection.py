"""What the anomaly detectors must know of a metric: how fast it can change, how long it may stay, what is usual."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LOWEST_LOAD = {"idle": 0.0, "light": 10.0, "medium": 40.0, "high": 70.0, "full": 90.0}
"""Band of GPU load -> the lowest load in it, in %, rising; it ends where the next begins."""
LOAD_BANDS = tuple(LOWEST_LOAD)
"""The bands for which ``usual_at_load`` gives a prior."""


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str = Field(min_length=10)
    """Why these numbers."""


class FastestChange(_Rule):
    """A change faster than this is a sensor's or a cooler's fault, not physics."""

    per_second: float = Field(gt=0)
    """The metric's unit per second, in either direction."""


class StuckAfter(_Rule):
    """A sensor that shows one value for this long, while the load moves, is stuck. A metric without it may stay."""

    minutes: float = Field(gt=0, le=10)
    """At most 10: the look-back of the detectors is 15 minutes."""


class LevelShift(_Rule):
    """At equal load a step of this size, in either direction, is worth a look."""

    least: float = Field(gt=0)


class Usual(BaseModel):
    """Centre and spread of a metric's 30 s averages in one load band."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    median: float
    mad: float = Field(gt=0)


class UsualAtLoad(_Rule):
    """What a healthy card shows per load band: holds until the card has a baseline of its own."""

    least_mad: float = Field(gt=0)
    """No spread is taken for less, or a warm day would be an anomaly of a card that is otherwise very steady."""
    bands: dict[str, Usual]

    @model_validator(mode="after")
    def _all_bands(self) -> Self:
        if set(self.bands) != set(LOAD_BANDS):
            raise ValueError(f"one entry for each of {list(LOAD_BANDS)}, found {sorted(self.bands)}")
        return self
