"""What is measured."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.words import TheStores, problems

router = APIRouter(tags=["catalogue"])


class LimitsOf(BaseModel):
    """The levels at which a value deserves a look."""

    warning: float | None = Field(examples=[85.0])
    critical: float | None = Field(examples=[95.0])
    direction: str = Field(description="above or below", examples=["above"])
    reason: str = Field(examples=["Fleet-wide: cards throttle from 83 °C on."])
    model: str | None = Field(None, description="Of GPUs whose name holds this; null: of all others.")


class MetricOf(BaseModel):
    """One metric of config/metrics.yaml."""

    name: str = Field(examples=["gpu_temperature"])
    label: str = Field(examples=["GPU temperature"])
    description: str = Field(examples=["Temperature of the GPU's core."])
    kind: str = Field(examples=["temperature"])
    unit: str = Field(examples=["celsius"])
    symbol: str = Field(examples=["°C"])
    decimals: int = Field(examples=[1])
    plausible: tuple[float, float] = Field(description="Beyond it no sensor can be.", examples=[[-10, 130]])
    bits: dict[int, str] = Field(description="Of a bit mask: what each bit means.", examples=[{"1": "power limit"}])
    limits: list[LimitsOf]


@router.get("/catalogue", summary="All metrics", response_model=list[MetricOf], responses=problems())
async def catalogue(stores: TheStores, _: Viewer) -> list[MetricOf]:
    """In the order of the file. Readings may carry sensors that are not in it, under names made from their headers."""
    known = stores.catalogue
    return [
        MetricOf(
            name=metric.name,
            label=metric.label,
            description=metric.description,
            kind=metric.kind,
            unit=metric.unit,
            symbol=known.unit_of(metric).symbol,
            decimals=known.unit_of(metric).decimals,
            plausible=metric.plausible,
            bits=metric.bits,
            limits=[
                LimitsOf(
                    warning=each.warning,
                    critical=each.critical,
                    direction=each.direction,
                    reason=each.reason,
                    model=getattr(each, "model", None),
                )
                for each in (metric.limits, *metric.limits_by_model)
                if each is not None
            ],
        )
        for metric in known
    ]
