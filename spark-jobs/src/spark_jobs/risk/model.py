"""A trained model of failures as a document that people can read: feature -> weight, and how well it did."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spark_jobs.risk.features import FEATURES, NAMES, sentence
from spark_jobs.risk.history import Array
from telemetry.errors import Misconfigured

SCHEMA = 1
MOST_REASONS = 4
_LEAST_SHARE = 0.2
"""Of a standard logistic unit: what moves the odds by less is no reason."""


class Weight(BaseModel):
    """What a feature does to the odds: ``weight`` x (value - mean) / scale is added to their logarithm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: float
    mean: float
    scale: float = Field(gt=0)


class Calibration(BaseModel):
    """Platt's: the logarithm of the odds becomes slope x it + intercept (J. Platt 1999)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slope: float
    intercept: float


class HorizonModel(BaseModel):
    """Of one horizon. Logistic regression."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizon_hours: int = Field(gt=0)
    intercept: float
    weights: dict[str, Weight]
    calibration: Calibration
    samples: int
    failures: int
    """It was learned from."""
    evaluation: dict[str, Any]
    """On a later time than it was learned from: :mod:`spark_jobs.risk.score`."""

    @model_validator(mode="after")
    def _all_known(self) -> HorizonModel:
        if set(self.weights) != set(NAMES):
            raise ValueError(f"weights of {sorted(NAMES)}: train it again")
        return self

    def probabilities(self, features: Array) -> Array:
        """Of ``features`` (..., features) -> (...)."""
        odds = self.intercept + self.parts(features).sum(axis=-1)
        return logistic(self.calibration.slope * odds + self.calibration.intercept)

    def parts(self, features: Array) -> Array:
        """What each feature adds to the logarithm of the odds."""
        columns = [self.weights[name] for name in NAMES]
        weight, mean, scale = (
            np.array([getattr(each, name) for each in columns]) for name in ("weight", "mean", "scale")
        )
        added: Array = weight * (features - mean) / scale
        return added

    def reasons(self, features: Array) -> list[str]:
        """Of one GPU's ``features``: those that raise its risk, the most first, in words."""
        parts = self.parts(features)
        order = [place for place in np.argsort(-parts) if parts[place] > _LEAST_SHARE and features[place] > 0]
        return [sentence(FEATURES[place], float(features[place])) for place in order[:MOST_REASONS]]


class Model(BaseModel):
    """All horizons of one training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: int = Field(SCHEMA, alias="schema", ge=SCHEMA, le=SCHEMA)
    version: str
    trained: str
    """When, UTC."""
    learned_from: str
    """In words."""
    step_hours: float
    horizons: list[HorizonModel] = Field(min_length=1)

    def text(self) -> str:
        return self.model_dump_json(by_alias=True, indent=2)

    @classmethod
    def parse(cls, text: str, where: str) -> Model:
        """Raises Misconfigured."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            key = ".".join(map(str, fault["loc"])) or "(the whole file)"
            raise Misconfigured(f"{where}: {key}", str(fault["msg"]), "a model of `spark-jobs risk train`") from error


def model(trained: str, learned_from: str, step_hours: float, horizons: list[HorizonModel]) -> Model:
    """Its version is its day and a part of the sum of what it learned."""
    content = "".join(each.model_dump_json() for each in horizons)
    version = f"{trained[:10]}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    return Model(
        schema=SCHEMA,
        version=version,
        trained=trained,
        learned_from=learned_from,
        step_hours=step_hours,
        horizons=horizons,
    )


def logistic(odds: Array) -> Array:
    """The logarithm of the odds -> a probability."""
    return 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
