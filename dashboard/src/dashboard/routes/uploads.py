"""Logs from anywhere, into the folder that the producer watches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from dashboard.access import Operator
from dashboard.routes.words import OfGpu, TheStores, problems

router = APIRouter(tags=["uploads"])

_PIECE = 1024 * 1024
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The log, as it is: text, ZIP or gzip.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class UploadOf(BaseModel):
    file: str = Field(description="`file` of /logs, two seconds later.", examples=["desk-01/0/GPU-Z Sensor Log.txt"])
    size: int = Field(description="Bytes.", examples=[1_249_000])


@router.post(
    "/uploads",
    summary="Upload a log",
    status_code=201,
    response_model=UploadOf,
    responses=problems(),
    openapi_extra=_BODY,
)
async def upload(
    request: Request,
    stores: TheStores,
    _: Operator,
    name: Annotated[
        str,
        Query(
            max_length=255,
            description="Ends in .txt, .log, .csv, .zip or .gz.",
            pattern=r"[A-Za-z0-9]\.([Tt][Xx][Tt]|[Ll][Oo][Gg]|[Cc][Ss][Vv]|[Zz][Ii][Pp]|[Gg][Zz])$",
            examples=["GPU-Z Sensor Log.txt"],
        ),
    ],
    gpu: OfGpu = None,
) -> UploadOf:
    """Written to the disk while it comes, and seen by the producer only when it is whole. A name that is taken gets a
    number: nothing is written over. CONSOLE_UPLOAD_MEGABYTES is the limit. `gpu` says whose log it is; without it
    config/sources.yaml does, or it is local:0."""
    incoming = await run_in_threadpool(stores.uploads.begin, name, gpu=gpu)
    try:
        waiting = bytearray()
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _PIECE:
                await run_in_threadpool(incoming.write, bytes(waiting))
                waiting.clear()
        if waiting:
            await run_in_threadpool(incoming.write, bytes(waiting))
        stored = await run_in_threadpool(incoming.finish)
    finally:
        # Also of a browser that was closed meanwhile.
        await run_in_threadpool(incoming.abort)
    return UploadOf(file=stored.name, size=stored.size)
