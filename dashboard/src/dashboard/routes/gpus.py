"""GPUs of which there are readings, and series of their metrics."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.words import (
    From,
    Gpu,
    Labelled,
    Metrics,
    TheStores,
    To,
    has_labels,
    json,
    problems,
    span_of,
    text,
)
from dashboard.stores.away import Missing
from dashboard.stores.history import MOST_POINTS
from telemetry.reading import NO_LABELS, Mode, split_gpu
from telemetry.timestamp import SECOND

router = APIRouter(tags=["gpus"])


class GpuState(BaseModel):
    """A GPU."""

    gpu: str = Field(description="host:index", examples=["desk-01:0"])
    node_id: str = Field(examples=["desk-01"])
    gpu_index: str = Field(examples=["0"])
    source: str = Field(description="Where its newest reading came from.", examples=["gpuz"])
    model: str | None = Field(description="Where the source tells it, and while it is live.", examples=["RTX 4090"])
    modes: list[Mode] = Field(description="live, demo, import (logs of long ago).", examples=[["live"]])
    first: str = Field(description="Its oldest reading.", examples=["2026-11-01T00:00:00.000Z"])
    last: str = Field(description="Its newest reading.", examples=["2026-11-26T12:00:00.000Z"])
    metrics: list[str] = Field(examples=[["gpu_load", "gpu_temperature"]])
    labels: dict[str, str] = Field(
        description="Where it stands and what it works for, while it is live.",
        examples=[{"cluster": "a", "rack": "r12"}],
    )


class Point(BaseModel):
    """A step of a series; of one reading all three values are its own."""

    time: str = Field(
        description="Of the reading, or the beginning of the step.", examples=["2026-11-26T12:00:00.000Z"]
    )
    min: float = Field(examples=[60.0])
    avg: float = Field(description="Of a bit mask its highest value.", examples=[60.4])
    max: float = Field(examples=[61.0])


class SeriesOf(BaseModel):
    """One metric."""

    metric: str = Field(examples=["gpu_temperature"])
    unit: str | None = Field(description="Its symbol; null: the catalogue does not know the metric.", examples=["°C"])
    step_seconds: float = Field(description="0: every reading is here.", examples=[2.0])
    made_of: str = Field(description="readings, or windows (30 s aggregates).", examples=["readings"])
    points: list[Point]


@router.get("/gpus", summary="All GPUs", response_model=list[GpuState], responses=problems())
def gpus(stores: TheStores, _: Viewer, label: Labelled = None) -> Response:
    """By name; up to 30 s old. What they show now: /metrics/latest."""
    live = {latest.gpu: latest for latest in stores.live.gpus()}
    labels = {gpu: latest.labels for gpu, latest in live.items()}
    return json(
        [
            {
                "gpu": known.gpu,
                "node_id": known.host,
                "gpu_index": split_gpu(known.gpu)[1],
                "source": known.source,
                "model": live[known.gpu].model if known.gpu in live else None,
                "modes": sorted(known.modes),
                "first": text(known.first),
                "last": text(known.last),
                "metrics": known.metrics,
                "labels": labels.get(known.gpu, NO_LABELS),
            }
            for known in stores.history.gpus()
            if has_labels(labels.get(known.gpu, NO_LABELS), label)
        ]
    )


@router.get(
    "/gpus/{gpu}/metrics",
    summary="Series of metrics",
    response_model=list[SeriesOf],
    responses=problems(404),
)
def series(
    stores: TheStores,
    _: Viewer,
    gpu: Gpu,
    begin: From = None,
    to: To = None,
    metric: Metrics = None,
    step: Annotated[
        float | None,
        Query(gt=0, le=31_536_000, description="Seconds of a step; it grows until the limit is kept.", examples=[10]),
    ] = None,
    limit: Annotated[int, Query(ge=2, le=MOST_POINTS, description="Most points of each series.")] = MOST_POINTS,
) -> Response:
    """Each metric of a GPU over a span, down-sampled on the server with its extremes kept: a peak of one reading is
    still there in `max`. Without `metric`: all that were measured in the span."""
    span = span_of(begin, to, time.time_ns() // 1000)
    wanted = metric or stores.history.fields(gpu, span)
    found = stores.history.series(
        gpu, list(dict.fromkeys(wanted)), span, step=None if step is None else max(1, round(step * SECOND)), limit=limit
    )
    if not any(each.points for each in found) and all(known.gpu != gpu for known in stores.history.gpus()):
        raise Missing(f"GPU {gpu!r} of which there are readings")
    units = {each.name: stores.catalogue.unit_of(each).symbol for each in stores.catalogue}
    return json(
        [
            {
                "metric": each.metric,
                "unit": units.get(each.metric),
                "step_seconds": each.step / SECOND,
                "made_of": each.source,
                "points": [
                    {"time": text(point.time), "min": point.low, "avg": point.average, "max": point.high}
                    for point in each.points
                ],
            }
            for each in found
        ]
    )
