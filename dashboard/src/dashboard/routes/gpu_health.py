"""How well the GPUs are: scores, the risk of a failure, what to do. Empty where nothing makes scores (yet)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query

from dashboard.access import Viewer
from dashboard.routes import health_models as models
from dashboard.routes.words import (
    HOST_PATTERN,
    Cursor,
    From,
    Gpu,
    Labelled,
    OfGpu,
    TheStores,
    To,
    has_labels,
    problems,
    span_of,
)
from dashboard.stores.all import Stores
from dashboard.stores.health import NOW, Action, Advice, Risk, Score
from telemetry.reading import NO_LABELS, Mode

router = APIRouter(tags=["health"])

OfNode = Annotated[str | None, Query(description="Only of this machine.", pattern=HOST_PATTERN, examples=["node-1"])]
Modes = Annotated[list[Mode] | None, Query(description="Default: live and demo.", examples=[["live"]])]
Most = Annotated[int, Query(ge=1, le=20_000, description="Most GPUs.")]
_OfGpu = TypeVar("_OfGpu", Score, Risk, Advice)


@router.get(
    "/fleet/health", summary="The newest score of each GPU", response_model=list[models.ScoreOf], responses=problems()
)
def scores(
    stores: TheStores,
    _: Viewer,
    gpu: OfGpu = None,
    node_id: OfNode = None,
    label: Labelled = None,
    mode: Modes = None,
    limit: Most = 1000,
) -> list[models.ScoreOf]:
    """The worst first, each with its reasons."""
    found = _narrowed(stores, stores.health.scores(mode or NOW), gpu, node_id, label)
    return _told(models.score_of, found, limit)


@router.get(
    "/gpus/{gpu}/health-scores",
    summary="The scores of a GPU over time",
    response_model=models.ScorePageOf,
    responses=problems(404),
)
def history(
    stores: TheStores,
    _: Viewer,
    gpu: Gpu,
    begin: From = None,
    to: To = None,
    after: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=2000, description="Scores on a page.")] = 100,
) -> models.ScorePageOf:
    """One a minute, newest first; each page begins behind the last score of the one before."""
    span = span_of(begin, to, time.time_ns() // 1000)
    page = stores.health.history(gpu, span, after=after, limit=limit)
    return models.ScorePageOf(scores=[models.score_of(score) for score in page.scores], next=page.next)


@router.get(
    "/predictions",
    summary="How probable it is that a GPU fails",
    response_model=list[models.RiskOf],
    responses=problems(),
)
def predictions(
    stores: TheStores,
    _: Viewer,
    gpu: OfGpu = None,
    node_id: OfNode = None,
    label: Labelled = None,
    mode: Modes = None,
    limit: Most = 1000,
) -> list[models.RiskOf]:
    """The newest of each GPU, the most probable first."""
    return _told(models.risk_of, _narrowed(stores, stores.health.risks(mode or NOW), gpu, node_id, label), limit)


@router.get("/decisions", summary="What to do about a GPU", response_model=list[models.AdviceOf], responses=problems())
def decisions(
    stores: TheStores,
    _: Viewer,
    gpu: OfGpu = None,
    node_id: OfNode = None,
    label: Labelled = None,
    mode: Modes = None,
    action: Annotated[
        list[Action] | None, Query(description="Only with one of these; default: all.", examples=[["repair"]])
    ] = None,
    limit: Most = 1000,
) -> list[models.AdviceOf]:
    """The newest of each GPU, by name, with the money behind it. Nothing acts on it by itself."""
    found = _narrowed(stores, stores.health.advice(mode or NOW), gpu, node_id, label)
    return _told(models.advice_of, (each for each in found if not action or each.action in action), limit)


def _narrowed(
    stores: Stores, found: Iterable[_OfGpu], gpu: str | None, node_id: str | None, label: list[str] | None
) -> Iterator[_OfGpu]:
    labels = {latest.gpu: latest.labels for latest in stores.live.gpus()} if label else {}
    for each in found:
        is_wanted = gpu in (None, each.gpu) and node_id in (None, each.host)
        if is_wanted and has_labels(labels.get(each.gpu, NO_LABELS), label):
            yield each


_Told = TypeVar("_Told")


def _told(told: Callable[[_OfGpu], _Told], found: Iterable[_OfGpu], limit: int) -> list[_Told]:
    return [told(each) for each, _ in zip(found, range(limit), strict=False)]
