"""Server-sent events: readings and alerts as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import StreamingResponse

from dashboard.access import Viewer
from dashboard.routes.latest_json import fragment
from dashboard.routes.words import OfGpu, TheStores, problems
from dashboard.stores.all import Stores
from telemetry.messages import AlertChange

router = APIRouter(tags=["stream"])

MOST_STREAMS = 1000
_HEARTBEAT_SECONDS = 15.0
"""A proxy closes what is silent for a minute."""
_open_streams: set[int] = set()

Kind = Literal["reading", "alert"]


@router.get(
    "/stream",
    summary="Live readings and alerts",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `reading` (as /metrics/latest has it) and `alert` (a change, as on gpu-alerts). At "
            "first every newest reading. Of several readings of a GPU between two looks the newest is sent. `missed` "
            "tells how many changes of alerts were too many to keep.",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "object",
                        "required": ["event", "data"],
                        "properties": {
                            "event": {"type": "string", "enum": ["reading", "alert", "missed"]},
                            "data": {"type": "string", "description": "JSON."},
                        },
                    },
                    "example": 'event: reading\ndata: {"gpu":"desk-01:0","metrics":{"gpu_temperature":61.0}}\n\n',
                }
            },
        },
        **problems(),
    },
)
async def stream(
    request: Request,
    stores: TheStores,
    _: Viewer,
    kind: Annotated[list[Kind] | None, Query(description="Default: both.", examples=[["alert"]])] = None,
    gpu: OfGpu = None,
    every: Annotated[float, Query(ge=0.1, le=60, description="Seconds between two looks.")] = 1.0,
    seconds: Annotated[
        float | None, Query(gt=0, le=86_400, description="It ends after so long; default: never.", examples=[60])
    ] = None,
) -> StreamingResponse:
    """As server-sent events. A slow reader misses values in between and never the newest."""
    if len(_open_streams) >= MOST_STREAMS:
        raise HTTPException(503, f"{MOST_STREAMS} streams are open already", {"Retry-After": "30"})
    wanted = frozenset(kind or ("reading", "alert"))
    end = None if seconds is None else monotonic() + seconds
    return StreamingResponse(
        _events(request, stores, wanted, gpu, every, end),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    request: Request, stores: Stores, wanted: frozenset[Kind], gpu: str | None, every: float, end: float | None
) -> AsyncIterator[bytes]:
    mine = id(request)
    _open_streams.add(mine)
    try:
        subscription = stores.live.subscribe(gpu)
        readings = stores.live.gpus() if gpu is None else filter(None, [stores.live.gpu(gpu)])
        if "reading" in wanted:
            yield b"".join(_event("reading", fragment(stores.live, each)) for each in readings) or b": nothing yet\n\n"
        spoke = monotonic()
        while (end is None or monotonic() < end) and not await request.is_disconnected():
            await asyncio.sleep(every if end is None else max(0.0, min(every, end - monotonic())))
            changes = subscription.take()
            events = []
            if "reading" in wanted:
                events += [_event("reading", fragment(stores.live, each)) for each in changes.readings]
            if "alert" in wanted:
                events += [_event("alert", _alert(each)) for each in changes.alerts if gpu in (None, each.gpu)]
                if changes.missed:
                    events.append(_event("missed", {"alerts": changes.missed}))
            if events:
                yield b"".join(events)
                spoke = monotonic()
            elif monotonic() - spoke > _HEARTBEAT_SECONDS:
                yield b": still here\n\n"
                spoke = monotonic()
    finally:
        _open_streams.discard(mine)


def _alert(change: AlertChange) -> dict[str, object]:
    return change.model_dump(exclude={"schema_version"})


def _event(kind: str, body: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(body))
