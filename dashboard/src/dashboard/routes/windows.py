"""Aggregates of 30 s."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.words import GPU_PATTERN, From, Metrics, TheStores, To, json, problems, span_of, text

router = APIRouter(tags=["windows"])


class WindowOf(BaseModel):
    """One metric of one GPU over one window."""

    start: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    metric: str = Field(examples=["gpu_temperature"])
    avg: float = Field(examples=[60.4])
    min: float = Field(examples=[60.0])
    max: float = Field(examples=[61.0])
    readings: int = Field(examples=[30])


@router.get("/windows", summary="30 s aggregates", response_model=list[WindowOf], responses=problems())
def windows(
    stores: TheStores,
    _: Viewer,
    gpu: Annotated[str, Query(description="host:index", pattern=GPU_PATTERN, examples=["desk-01:0"])],
    begin: From = None,
    to: To = None,
    metric: Metrics = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Most windows.")] = 1000,
) -> Response:
    """As the Spark stream made them, oldest first; those of imported logs are made from the lake."""
    span = span_of(begin, to, time.time_ns() // 1000)
    return json(
        [
            {
                "start": text(each.start),
                "metric": each.metric,
                "avg": each.average,
                "min": each.low,
                "max": each.high,
                "readings": each.readings,
            }
            for each in stores.history.windows(gpu, span, metric or (), limit)
        ]
    )
