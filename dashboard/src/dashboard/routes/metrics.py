"""What every GPU shows now, and how that came in the last minutes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.latest_json import forget_gone, fragment
from dashboard.routes.words import METRIC_PATTERN, Gpu, Labelled, OfGpu, TheStores, has_labels, json, problems, text
from dashboard.stores.away import Missing
from telemetry.reading import Mode

router = APIRouter(tags=["metrics"])


class LatestReading(BaseModel):
    """The newest reading of a GPU."""

    gpu: str = Field(examples=["desk-01:0"])
    node_id: str = Field(examples=["desk-01"])
    gpu_index: str = Field(examples=["0"])
    source: str = Field(examples=["nvml"])
    mode: Mode = Field(examples=["live"])
    model: str | None = Field(examples=["RTX 4090"])
    time: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    arrived: str = Field(description="When Kafka got it.", examples=["2026-11-26T12:00:00.120Z"])
    metrics: dict[str, float] = Field(examples=[{"gpu_temperature": 61.0}])
    flags: dict[str, str] = Field(
        description="Why a metric is absent or suspect.", examples=[{"gpu_voltage": "failed_read"}]
    )
    labels: dict[str, str] = Field(
        description="Where the GPU stands and what it works for.", examples=[{"cluster": "a", "rack": "r12"}]
    )


class SparkPointOf(BaseModel):
    time: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    value: float = Field(examples=[61.0])


@router.get(
    "/metrics/latest", summary="Newest reading of every GPU", response_model=list[LatestReading], responses=problems()
)
async def latest(
    stores: TheStores,
    _: Viewer,
    gpu: OfGpu = None,
    mode: Annotated[Mode | None, Query(description="Only of this mode.", examples=["live"])] = None,
    label: Labelled = None,
) -> Response:
    """From memory, no store is asked: every GPU of which a reading came since the console started, or
    in the ten minutes before. As a stream: /stream."""
    found = [
        each
        for each in stores.live.gpus()
        if gpu in (None, each.gpu) and mode in (None, each.mode) and has_labels(each.labels, label)
    ]
    if gpu is None and mode is None and label is None:
        forget_gone(stores.live, {each.gpu for each in found})
    return json([fragment(stores.live, each) for each in found])


@router.get(
    "/gpus/{gpu}/sparkline/{metric}",
    summary="The last ten minutes",
    response_model=list[SparkPointOf],
    responses=problems(404),
)
async def sparkline(
    stores: TheStores,
    _: Viewer,
    gpu: Gpu,
    metric: Annotated[str, Path(description="A name of the catalogue.", pattern=METRIC_PATTERN, examples=["gpu_load"])],
) -> Response:
    """One value each 5 s, from memory; empty for imports."""
    if stores.live.gpu(gpu) is None:
        raise Missing(f"GPU {gpu!r} that was heard of lately")
    return json([{"time": text(each.time), "value": each.value} for each in stores.live.sparkline(gpu, metric)])
