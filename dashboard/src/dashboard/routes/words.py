"""What the routes share: parameters with their rules, and answers that carry bytes as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Query, Response
from pydantic import AfterValidator, WithJsonSchema
from starlette.requests import HTTPConnection

from dashboard.problems import MEDIA_TYPE, Problem
from dashboard.stores.all import Stores
from dashboard.stores.history import Span
from telemetry.errors import Rejected
from telemetry.reading import GPU_NAME, LABEL_NAME, METRIC_NAME
from telemetry.timestamp import SECOND, format_time, parse_time

_HOST = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
GPU_PATTERN = f"^{GPU_NAME.pattern}$"
METRIC_PATTERN = f"^{METRIC_NAME.pattern}$"
HOST_PATTERN = f"^{_HOST}$"
LABEL_PATTERN = f"^{LABEL_NAME.pattern}:.+$"


def _instant(text: str) -> str:
    parse_time(text)
    return text


def _labels(texts: list[str] | None) -> list[str] | None:
    for each in texts or ():
        # As the document says; a value that no label can have is one that no GPU has.
        if not re.search(LABEL_PATTERN, each):
            raise ValueError(f"found {each[:80]!r}, expected name:value such as rack:r12")
    return texts


Instant = Annotated[
    str,
    AfterValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-26T12:00:00Z"]}),
]
"""RFC 3339 with a zone."""
Gpu = Annotated[str, Path(description="host:index", pattern=GPU_PATTERN, examples=["desk-01:0"])]
Node = Annotated[str, Path(description="The name of a machine.", pattern=HOST_PATTERN, examples=["desk-01"])]
OfGpu = Annotated[
    str | None, Query(alias="gpu", description="Only of this GPU.", pattern=GPU_PATTERN, examples=["desk-01:0"])
]
From = Annotated[Instant | None, Query(alias="from", description="Begin; default: an hour before `to`.")]
To = Annotated[Instant | None, Query(description="End, excluded; default: now.")]
Metrics = Annotated[
    list[Annotated[str, WithJsonSchema({"type": "string", "pattern": METRIC_PATTERN})]] | None,
    Query(alias="metric", description="Names of the catalogue; may be repeated.", examples=[["gpu_temperature"]]),
]
Labelled = Annotated[
    list[Annotated[str, WithJsonSchema({"type": "string", "pattern": LABEL_PATTERN})]] | None,
    AfterValidator(_labels),
    Query(alias="label", description="`name:value`, only with this label; of several all.", examples=[["rack:r12"]]),
]
Cursor = Annotated[
    str | None,
    Query(description="`next` of the page before, unchanged.", pattern=r"^[A-Za-z0-9_:.-]+$", max_length=2000),
]


def _stores(connection: HTTPConnection) -> Stores:
    stores: Stores = connection.app.state.stores
    return stores


TheStores = Annotated[Stores, Depends(_stores)]

_PROBLEM = {"model": Problem, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
DESCRIPTIONS = {
    400: "The body is no text.",
    401: "No token, or one that is none.",
    403: "The token's role may not do that.",
    404: "There is no such thing.",
    409: "It is in no state for that.",
    413: "Too many bytes.",
    422: "The request makes no sense; `faults` says where.",
    429: "Too many requests; see Retry-After.",
    503: "A store does not answer now; see Retry-After.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For ``responses``: those that any endpoint may give, and ``statuses``."""
    return {
        status: {"description": DESCRIPTIONS[status], **_PROBLEM}
        for status in sorted({400, 401, 403, 413, 422, 429, 503, *statuses})
    }


def span_of(begin: str | None, end: str | None, now: int, default: int = 3600 * SECOND) -> Span:
    """Raises Rejected(``bad_span``)."""
    last = parse_time(end) if end is not None else now
    first = parse_time(begin) if begin is not None else last - default
    if first >= last:
        raise Rejected("bad_span", f"from {format_time(first)} is not before to {format_time(last)}")
    return Span(first, last)


def has_labels(labels: Mapping[str, str], wanted: Sequence[str] | None) -> bool:
    """Whether all that are ``wanted`` (as Labelled) are among ``labels``."""
    return all(labels.get(name) == value for name, _, value in (each.partition(":") for each in wanted or ()))


def text(microseconds: int | None) -> str | None:
    return None if microseconds is None else format_time(microseconds)


def json(body: Any) -> Response:
    """Faster than through the models by far; the models describe it, and tests compare."""
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")
