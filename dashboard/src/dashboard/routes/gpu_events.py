"""What happened to GPUs at a moment: Xids above all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboard.access import Viewer
from dashboard.routes import health_models as models
from dashboard.routes.words import HOST_PATTERN, Cursor, From, Gpu, OfGpu, TheStores, To, problems
from dashboard.stores.alerts import Severity
from dashboard.stores.all import Stores
from dashboard.stores.health import EventFilter, Kind
from telemetry.reading import Mode
from telemetry.timestamp import parse_time

router = APIRouter(tags=["events"])

Kinds = Annotated[list[Kind] | None, Query(description="Default: all.", examples=[["xid"]])]
OfSeverity = Annotated[Severity | None, Query(examples=["critical"])]
Limit = Annotated[int, Query(ge=1, le=1000, description="Events on a page.")]


@router.get("/events", summary="What happened", response_model=models.EventPageOf, responses=problems())
def events(
    stores: TheStores,
    _: Viewer,
    gpu: OfGpu = None,
    node_id: Annotated[str | None, Query(pattern=HOST_PATTERN, examples=["node-1"])] = None,
    kind: Kinds = None,
    severity: OfSeverity = None,
    mode: Annotated[list[Mode] | None, Query(description="Default: all.", examples=[["live"]])] = None,
    begin: From = None,
    to: To = None,
    after: Cursor = None,
    limit: Limit = 100,
) -> models.EventPageOf:
    """By `first_at`, newest first, without a default for `from` and `to`. An event whose source does not know the GPU
    is found by its machine."""
    wanted = EventFilter(gpu, node_id, kind or (), severity, mode or (), _instant(begin), _instant(to))
    return _page(stores, wanted, after, limit)


@router.get(
    "/gpus/{gpu}/events", summary="What happened to a GPU", response_model=models.EventPageOf, responses=problems(404)
)
def events_of_gpu(
    stores: TheStores,
    _: Viewer,
    gpu: Gpu,
    kind: Kinds = None,
    severity: OfSeverity = None,
    begin: From = None,
    to: To = None,
    after: Cursor = None,
    limit: Limit = 100,
) -> models.EventPageOf:
    """As /events."""
    wanted = EventFilter(gpu, kinds=kind or (), severity=severity, begin=_instant(begin), end=_instant(to))
    return _page(stores, wanted, after, limit)


def _page(stores: Stores, wanted: EventFilter, after: str | None, limit: int) -> models.EventPageOf:
    page = stores.health.events(wanted, after=after, limit=limit)
    return models.EventPageOf(events=[models.event_of(event) for event in page.events], next=page.next)


def _instant(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
