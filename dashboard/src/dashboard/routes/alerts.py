"""Alerts: what is wrong now, what was, and what people do about it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from dashboard.access import Operator, Viewer
from dashboard.alerts_together import Together
from dashboard.routes import alert_models as models
from dashboard.routes.words import HOST_PATTERN, Cursor, From, OfGpu, TheStores, To, problems, text
from dashboard.stores.alerts import Action, AlertFilter, Severity, State
from dashboard.stores.all import Stores
from telemetry.reading import Mode
from telemetry.timestamp import parse_time

router = APIRouter(tags=["alerts"])

AlertId = Annotated[str, Path(min_length=1, max_length=64, examples=["9f86d081884c7d659a2f"])]
_STATES: dict[models.Status, State] = {"active": "firing", "acknowledged": "acknowledged", "resolved": "resolved"}


@router.get("/alerts/active", summary="What is wrong now", response_model=list[models.AlertOf], responses=problems())
def active(
    stores: TheStores,
    _: Viewer,
    mode: Annotated[list[Mode] | None, Query(description="Default: live and demo.", examples=[["live"]])] = None,
) -> list[models.AlertOf]:
    """Active and acknowledged ones, the worst first, then the newest; at most 1,000."""
    return [models.alert_of(alert) for alert in stores.alerts.active(mode or ("live", "demo"))]


@router.get(
    "/alerts/now",
    summary="What is wrong now, Prometheus' alerts too",
    response_model=models.AlertsNowOf,
    responses=problems(),
)
def everything(
    stores: TheStores,
    _: Viewer,
    mode: Annotated[
        list[Mode] | None, Query(description="Of ours; default: live and demo.", examples=[["live"]])
    ] = None,
) -> models.AlertsNowOf:
    """Those of our engine and those that Alertmanager has, one entry a fault. Where Alertmanager is away, ours."""
    said = stores.prometheus.said()
    entries = Together(stores.catalogue)(stores.alerts.active(mode or ("live", "demo")), said.alerts)
    answers: Literal["answers", "away"] = "away" if said.trouble else "answers"
    return models.AlertsNowOf(
        alerts=[models.now_of(each) for each in entries],
        prometheus=answers if said.asked else "not_asked",
        trouble=said.trouble,
    )


@router.get("/alerts", summary="History of alerts", response_model=models.AlertPageOf, responses=problems())
def history(
    stores: TheStores,
    _: Viewer,
    gpu: OfGpu = None,
    node_id: Annotated[str | None, Query(pattern=HOST_PATTERN, examples=["desk-01"])] = None,
    alert_type: Annotated[
        str | None, Query(min_length=1, max_length=200, examples=["gpu_temperature_critical"])
    ] = None,
    severity: Annotated[Severity | None, Query(examples=["critical"])] = None,
    status: Annotated[list[models.Status] | None, Query(description="Default: all.", examples=[["resolved"]])] = None,
    mode: Annotated[list[Mode] | None, Query(description="Default: all.", examples=[["live"]])] = None,
    begin: From = None,
    to: To = None,
    after: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Alerts on a page.")] = 100,
) -> models.AlertPageOf:
    """By `started_at`, newest first. Pages hold while alerts come and go: each begins behind the last alert of the one
    before."""
    wanted = AlertFilter(
        gpu=gpu,
        host=node_id,
        rule=alert_type,
        severity=severity,
        states=[_STATES[each] for each in status or ()],
        modes=mode or (),
        begin=None if begin is None else parse_time(begin),
        end=None if to is None else parse_time(to),
    )
    page = stores.alerts.page(wanted, after=after, limit=limit)
    return models.AlertPageOf(alerts=[models.alert_of(alert) for alert in page.alerts], next=page.next)


@router.get(
    "/alerts/{alert_id}", summary="One alert and its story", response_model=models.AlertStoryOf, responses=problems(404)
)
def story(stores: TheStores, _: Viewer, alert_id: AlertId) -> models.AlertStoryOf:
    """With every change, comment, request, message and action."""
    return models.story_of(stores.alerts.story(alert_id))


@router.post(
    "/alerts/{alert_id}/acknowledge",
    summary="Somebody has seen it",
    status_code=202,
    response_model=models.RequestOf,
    responses=problems(404, 409),
)
def acknowledge(
    stores: TheStores, person: Operator, alert_id: AlertId, wish: models.Wish | None = None
) -> models.RequestOf:
    """Leaves a request for the alert engine: /alert-requests/{id} tells what became of it."""
    return _ask(stores, alert_id, "acknowledge", person.name, wish)


@router.post(
    "/alerts/{alert_id}/resolve",
    summary="It is over, says somebody",
    status_code=202,
    response_model=models.RequestOf,
    responses=problems(404, 409),
)
def resolve(
    stores: TheStores, person: Operator, alert_id: AlertId, wish: models.Wish | None = None
) -> models.RequestOf:
    """As acknowledge. While the condition holds, a new alert begins with the next reading."""
    return _ask(stores, alert_id, "resolve", person.name, wish)


@router.post(
    "/alerts/{alert_id}/comment",
    summary="Say something about it",
    status_code=201,
    response_model=models.CommentOf,
    responses=problems(404),
)
def comment(stores: TheStores, person: Operator, alert_id: AlertId, new: models.NewComment) -> models.CommentOf:
    """Kept with the alert for ever, whatever its state."""
    made = stores.alerts.comment(alert_id, new.by or person.name, new.comment)
    return models.CommentOf.model_validate(made._asdict() | {"time": text(made.time)})


@router.get(
    "/alert-requests/{number}",
    summary="What became of a request",
    response_model=models.RequestOf,
    responses=problems(404),
)
def request(
    stores: TheStores, _: Viewer, number: Annotated[int, Path(ge=1, le=2**63 - 1, examples=[17])]
) -> models.RequestOf:
    """Ask until `done_at` is there."""
    return models.request_of(stores.alerts.request(number))


def _ask(stores: Stores, alert_id: str, action: Action, role: str, wish: models.Wish | None) -> models.RequestOf:
    by = wish.by if wish and wish.by else role
    return models.request_of(stores.alerts.ask(alert_id, action, by, wish.comment if wish else ""))
