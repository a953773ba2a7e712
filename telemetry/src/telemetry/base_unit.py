"""The unit that a metric has in Prometheus."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PrometheusUnit(BaseModel):
    """How our own names in Prometheus tell a unit: its base unit, by the conventions there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    """The last word of a name; empty: a plain number."""
    factor: float = Field(1.0, gt=0)
    """From the metric's unit into that one."""
