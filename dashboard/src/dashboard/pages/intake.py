"""The way in for logs that people drop on the page: a stream into the folder that the producer watches."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from dashboard.pages.console import Console
from dashboard.roles import Person, Role
from dashboard.sessions import COOKIE
from telemetry.errors import GpustreamError, Rejected, Unavailable

UPLOAD_HEADER = "X-Gpustream"
"""A page of another site cannot send it: a log comes from our page or from the API's own address."""


def router(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    def person(request: Request, role: Role) -> Person:
        found = console.sessions.open(request.cookies.get(COOKIE))
        if found is None:
            raise HTTPException(401, "sign in first")
        if found.role < role:
            raise HTTPException(403, f"this needs the role {role.word}")
        return found

    @routes.post("/uploads")
    async def upload(request: Request, name: str, gpu: str = "") -> Response:
        person(request, Role.OPERATOR)
        if UPLOAD_HEADER not in request.headers:
            raise HTTPException(403, f"the header {UPLOAD_HEADER} is missing")
        try:
            incoming = await run_in_threadpool(console.stores.uploads.begin, name, gpu=gpu or None)
            try:
                async for piece in request.stream():
                    await run_in_threadpool(incoming.write, piece)
                stored = await run_in_threadpool(incoming.finish)
            finally:
                await run_in_threadpool(incoming.abort)
        except Rejected as error:
            return JSONResponse({"detail": error.detail or error.reason}, 422)
        except (Unavailable, GpustreamError) as error:
            return JSONResponse({"detail": str(error)}, 503)
        return JSONResponse({"file": stored.name, "size": stored.size})

    return routes
