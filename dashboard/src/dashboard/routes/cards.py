"""Session cards: what happened in a span, on one page."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response

from dashboard.access import Viewer
from dashboard.routes.reports import page
from dashboard.routes.words import GPU_PATTERN, From, TheStores, To, problems, span_of

router = APIRouter(tags=["cards"])

_HTML: dict[int | str, dict[str, object]] = {
    200: {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}},
    **problems(404),
}


@router.get("/cards", summary="The card of a span", response_class=Response, responses=_HTML)
def of_span(
    stores: TheStores,
    _: Viewer,
    gpu: Annotated[str, Query(description="host:index", pattern=GPU_PATTERN, examples=["desk-01:0"])],
    begin: From = None,
    to: To = None,
) -> Response:
    """Peaks, time beyond each limit, throttling, energy and its cost, gaps; at most 31 days."""
    span = span_of(begin, to, time.time_ns() // 1000)
    return page(stores.cards.of_span(gpu, span).html.encode())


@router.get("/cards/log", summary="The card of a log", response_class=Response, responses=_HTML)
def of_log(
    stores: TheStores,
    _: Viewer,
    file: Annotated[
        str, Query(min_length=1, max_length=1000, description="`file` of /logs.", examples=["desk-01/0/log.txt"])
    ],
) -> Response:
    """Of what has arrived of it until now."""
    return page(stores.cards.of_log(file).html.encode())
