"""What is said of a GPU's health: its score, how probable a failure is, what to do. One model per topic."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from telemetry.messages import Finite, OfGpu
from telemetry.timestamp import parse_time

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class HealthReason(BaseModel):
    """Why a score is lower than it could be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    component: str
    points: Finite = Field(le=0)
    """What it takes from the score."""
    sentence: str
    """For people: ``3 uncorrectable row remaps this week``."""


class HealthScore(OfGpu):
    """Topic ``gpu-health``: the health of a GPU at a minute, 0 to 100, 100 best. The latest message of a (gpu, time) is
    the right one."""

    time: str
    score: Points
    components: dict[str, Points]
    """Component -> its own score; one for which the source gives no evidence is absent."""
    reasons: list[HealthReason]
    """The gravest first."""
    version: str
    """Of the rules that made it."""

    _times = field_validator("time")(lambda value: parse_time(value) is not None and value)


class FailurePrediction(OfGpu):
    """Topic ``gpu-predictions``: how probable it is that a GPU fails within the horizon, as seen at a time."""

    time: str
    horizon_hours: int = Field(gt=0)
    probability: Finite = Field(ge=0, le=1)
    """Calibrated, as the evaluation of this ``model_version`` shows."""
    model_version: str
    reasons: list[str]
    """The features that weigh most, as sentences for people."""

    _times = field_validator("time")(lambda value: parse_time(value) is not None and value)


class Decision(OfGpu):
    """Topic ``gpu-decisions``: what to do about a GPU, as seen at a time. Advice: nothing acts on it by itself."""

    time: str
    action: Literal["keep", "watch", "repair", "move", "retire"]
    """``move``: its workload goes to another GPU."""
    yearly_cost: dict[str, Finite]
    """Action -> what it would cost in a year, in ``currency``, energy included; the chosen one is the cheapest."""
    currency: str
    reasons: list[str]
    flips: list[str]
    """What would have to be different for another action to be chosen (sensitivity), as sentences for people."""
    version: str
    """Of config/economics.yaml and the rules."""

    _times = field_validator("time")(lambda value: parse_time(value) is not None and value)
