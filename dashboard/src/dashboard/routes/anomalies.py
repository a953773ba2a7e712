"""What somebody may want to look at."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.words import From, OfGpu, TheStores, To, problems, span_of
from telemetry.reading import Mode
from telemetry.timestamp import SECOND

router = APIRouter(tags=["anomalies"])

_A_DAY = 86_400 * SECOND


class AnomalyOf(BaseModel):
    """Found by the Spark stream (docs/anomalies.md)."""

    id: str = Field(examples=["0f3a9c"])
    gpu: str = Field(examples=["desk-01:0"])
    node_id: str = Field(examples=["desk-01"])
    source: str = Field(examples=["gpuz"])
    mode: Mode = Field(examples=["live"])
    metric: str = Field(description="Empty: the GPU as a whole.", examples=["gpu_temperature"])
    kind: str = Field(examples=["level_shift"])
    severity: Literal["info", "warning", "critical"] = Field(examples=["warning"])
    value: float | None = Field(examples=[91.0])
    limit: float | None = Field(examples=[85.0])
    score: float | None = Field(examples=[4.2])
    start: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    end: str | None = Field(examples=["2026-11-26T12:05:00.000Z"])
    sentence: str = Field(examples=["Fan 1 stands still while the GPU is hot."])


@router.get("/anomalies", summary="Anomalies", response_model=list[AnomalyOf], responses=problems())
def anomalies(
    stores: TheStores,
    _: Viewer,
    gpu: OfGpu = None,
    begin: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most anomalies.")] = 100,
) -> list[AnomalyOf]:
    """Those that began in the span, newest first. Without `from` a day."""
    span = span_of(begin, to, time.time_ns() // 1000, _A_DAY)
    return [
        AnomalyOf(node_id=each.host, **each.model_dump(exclude={"host", "schema_version"}))
        for each in stores.history.anomalies(span, gpu=gpu, limit=limit)
    ]
