"""Every reading of a span as a file: CSV, Parquet or Arrow. It is sent while it is read, so any span fits in memory."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from dashboard.access import Viewer
from dashboard.export_files import MEDIA_TYPES, Format, pieces
from dashboard.routes.words import From, Gpu, TheStores, To, problems, span_of, text
from dashboard.stores.away import Missing

router = APIRouter(tags=["gpus"])

Wanted = Annotated[Literal["csv", "parquet", "arrow"], Query(alias="format", description="Of the file.")]


@router.get(
    "/gpus/{gpu}/export",
    summary="Readings as a file",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Columns: time (UTC), gpu, host, source, row, then one per metric; empty where it was not "
            "measured. arrow is an Arrow IPC stream.",
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES.values()
            },
        },
        **problems(404),
    },
)
def export(
    stores: TheStores, _: Viewer, gpu: Gpu, begin: From = None, to: To = None, wanted: Wanted = "csv"
) -> StreamingResponse:
    """All readings, not down-sampled, oldest first. Without `from` the last hour."""
    span = span_of(begin, to, time.time_ns() // 1000)
    metrics = stores.history.fields(gpu, span)
    readings = stores.history.readings(gpu, span)
    # The first piece now: a store that is away is told by the status, not by half a file.
    first = next(readings, None)
    if first is None:
        raise Missing(f"reading of {gpu!r} from {text(span.begin)} to {text(span.end)}")
    kind: Format = wanted
    name = f"{gpu.replace(':', '-')}_{(text(first[0].time) or '')[:19].replace(':', '')}.{kind}"
    return StreamingResponse(
        pieces(kind, gpu, metrics, first, readings),
        media_type=MEDIA_TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
