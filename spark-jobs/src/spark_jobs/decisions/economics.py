"""config/economics.yaml: what GPUs cost and are worth, each number with its source."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from telemetry import config_file

RULES = 1
"""Of :mod:`spark_jobs.decisions.costs`: a change of the arithmetic raises it."""
OTHER = "other"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Number(_Part):
    """At least 0, with where it comes from."""

    value: float = Field(ge=0, allow_inf_nan=False)
    source: str = Field(min_length=4)


class Share(Number):
    value: float = Field(ge=0, le=1)


class Positive(Number):
    value: float = Field(gt=0, allow_inf_nan=False)


class _AtLeastOne(Number):
    value: float = Field(ge=1, allow_inf_nan=False)


class _Days(Number):
    value: float = Field(ge=0, le=365)


class Energy(_Part):
    price_per_kwh: Number
    overhead: _AtLeastOne


class Failure(_Part):
    hours_of_work_lost: Number
    gpus_of_a_job: _AtLeastOne
    hours_down: Number
    hands: Number
    parts: Share


class Watch(_Part):
    cost: Number
    saves: Share


class Repair(_Part):
    cost: Number
    hours_down: Number
    works: Share


class Move(_Part):
    days: _Days
    worth_lost: Share


class Retire(_Part):
    hours_down: Number
    hands: Number
    sale: Share


class ModelPrices(_Part):
    """Money in the file's currency, TFLOPS, watts."""

    price: Number
    resale: Number
    worth_per_hour: Number
    performance: Positive
    power: Positive
    successor: str | None = None


class Economics(_Part):
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    energy: Energy
    failures_per_year: Number
    failure: Failure
    watch: Watch
    repair: Repair
    move: Move
    retire: Retire
    held_back: Share
    loss_per_year: Share
    models: dict[str, ModelPrices]

    @model_validator(mode="after")
    def _models_known(self) -> Economics:
        if OTHER not in self.models:
            raise ValueError(f"models: one of them called {OTHER}")
        for name, model in self.models.items():
            if name != name.lower():
                raise ValueError(f"models: small letters, found {name!r}")
            if model.successor is not None and model.successor not in self.models:
                raise ValueError(f"models.{name}.successor: one of {', '.join(self.models)}, found {model.successor!r}")
        return self

    def name_of(self, model: str | None) -> str:
        """The key of ``models`` for a model as a source tells it."""
        lowered = (model or "").lower()
        return next((name for name in self.models if name != OTHER and name in lowered), OTHER)


def load(directory: Path) -> tuple[Economics, str]:
    """What the file says, and its version: of the rules and of its bytes. Raises Misconfigured."""
    path = directory / "economics.yaml"
    found = config_file.load(path, Economics)
    return found, f"{RULES}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
