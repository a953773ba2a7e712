"""Every error as problem+json (RFC 9457): what went wrong, in words, and nothing of how we are made."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from dashboard.stores.away import Away, Missing, Refused
from telemetry.errors import Misconfigured, Rejected, Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_MOST_FAULTS = 20


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(examples=["query.limit"])
    why: str = Field(examples=["Input should be less than or equal to 2000"])


class Problem(BaseModel):
    """RFC 9457. ``type`` is about:blank: the status says what kind it is."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no alert 'f00'"])
    reason: str | None = Field(None, description="One of a small set of words, for programs.", examples=["bad_span"])
    store: str | None = Field(None, description="The store that does not answer.", examples=["InfluxDB"])
    faults: list[Fault] | None = Field(None, description="What is wrong with the request, place by place.")


def response(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem; ``more`` are further members."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return Response(orjson.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error of ``app`` becomes one."""

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        detail = error.detail if isinstance(error.detail, str) else HTTPStatus(error.status_code).phrase
        if error.status_code == 404 and detail == "Not Found":
            detail = "there is no such address: /api/v1/openapi.json lists all"
        return response(error.status_code, detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [
            {"where": ".".join(map(str, each["loc"])), "why": str(each["msg"])[:300]}
            for each in error.errors()[:_MOST_FAULTS]
        ]
        first = f"{faults[0]['where']}: {faults[0]['why']}" if faults else "the request cannot be read"
        return response(422, first, faults=faults)

    @app.exception_handler(Away)
    async def away(_: Request, error: Away) -> Response:
        return response(503, str(error), {"Retry-After": _seconds(error.retry_after)}, store=error.store)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, error: Unavailable) -> Response:
        return response(503, str(error), {"Retry-After": _seconds(error.retry_after)})

    @app.exception_handler(Misconfigured)
    async def misconfigured(_: Request, error: Misconfigured) -> Response:
        # The words name files and values of the server: they are for its log.
        log.error("misconfigured: %s", error)
        detail = "a setting of the server is wrong: its log says which"
        return response(503, detail, {"Retry-After": "60"})

    @app.exception_handler(Missing)
    async def missing(_: Request, error: Missing) -> Response:
        return response(404, str(error))

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return response(409, str(error))

    @app.exception_handler(Rejected)
    async def rejected(_: Request, error: Rejected) -> Response:
        status = 413 if error.reason == "too_large" else 422
        return response(status, error.detail or error.reason, reason=error.reason)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        log.error("failed method=%s path=%s", request.method, request.url.path, exc_info=error)
        return response(500, "the server failed at this: its log says how")


def _seconds(retry_after: float) -> str:
    return str(max(1, math.ceil(retry_after)))
