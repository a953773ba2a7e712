"""Alerts as the API tells them: under the names that many dashboards know (node_id, alert_type, triggered_at)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dashboard.alerts_together import Entry
from dashboard.routes.words import text
from dashboard.stores.alerts import Alert, AlertStory, Request, Severity
from telemetry.reading import Mode, split_gpu

Status = Literal["active", "acknowledged", "resolved"]
_NOT_EMPTY = r"\S"
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NOT_EMPTY)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=_NOT_EMPTY)]


class AlertOf(BaseModel):
    """One rule and one GPU, from the first breach to its end. Times are of the readings."""

    id: str = Field(examples=["9f86d081884c7d659a2f"])
    node_id: str = Field(examples=["desk-01"])
    gpu: str = Field(examples=["desk-01:0"])
    gpu_index: str = Field(examples=["0"])
    model: str | None = Field(examples=["RTX 4090"])
    source: str = Field(examples=["nvml"])
    mode: Mode = Field(description="import: of a log of long ago, nobody was told; demo: likewise.", examples=["live"])
    alert_type: str = Field(description="The rule of config/alerts.yaml.", examples=["gpu_temperature_critical"])
    metric: str = Field(description="Empty: the GPU as a whole.", examples=["gpu_temperature"])
    severity: Severity = Field(examples=["critical"])
    message: str = Field(examples=["desk-01:0: GPU temperature 96 °C is above 95 °C."])
    action: str = Field(description="What to do about it.", examples=["migrate workload"])
    threshold_value: float | None = Field(examples=[95.0])
    actual_value: float = Field(examples=[96.0])
    worst_value: float = Field(examples=[97.0])
    status: Status = Field(description="active: firing, and nobody has taken it.", examples=["active"])
    reason: str = Field(description="Why it is in this state, one of a small set of words.", examples=["held"])
    started_at: str = Field(description="The first reading in breach.", examples=["2026-11-26T12:00:00.000Z"])
    triggered_at: str = Field(description="When it fired.", examples=["2026-11-26T12:00:05.000Z"])
    changed_at: str = Field(examples=["2026-11-26T12:00:05.000Z"])
    acknowledged_at: str | None = Field(examples=[None])
    acknowledged_by: str | None = Field(examples=[None])
    resolved_at: str | None = Field(examples=[None])


class AlertNowOf(BaseModel):
    """An open alert of our engine or of Prometheus."""

    id: str = Field(description="Of ours that of /alerts/{id}.", examples=["prometheus-2f3a9c04b1d7e8aa"])
    origin: Literal["gpustream", "prometheus"] = Field(description="Whose it is.", examples=["prometheus"])
    name: str = Field(description="The rule.", examples=["PlatformKafkaAway"])
    about: str = Field(description="gpu, platform; empty: a rule that is none of ours.", examples=["platform"])
    whom: str = Field(description="The GPU, the machine, the process.", examples=["exporter"])
    gpu: str | None = Field(examples=[None])
    severity: Severity = Field(examples=["critical"])
    status: Literal["active", "acknowledged", "silenced", "inhibited"] = Field(
        description="inhibited: another alert says it.", examples=["active"]
    )
    message: str = Field(examples=["Kafka does not answer"])
    description: str = Field(examples=["Nothing is lost while it is away."])
    runbook: str = Field(
        description="An address, or a place in this repository; empty: none.",
        examples=["docs/runbook.md#platformkafkaaway"],
    )
    started_at: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    also_by: str | None = Field(
        description="Prometheus' alert of the same limit and GPU: one fault is one entry.", examples=[None]
    )


class AlertsNowOf(BaseModel):
    """What nobody needs to hear of last, else the worst first, then the newest."""

    alerts: list[AlertNowOf]
    prometheus: Literal["answers", "away", "not_asked"] = Field(
        description="not_asked: there is no Alertmanager (profile observability).", examples=["answers"]
    )
    trouble: str = Field(description="Why Alertmanager's are not among them.", examples=[""])


class AlertPageOf(BaseModel):
    """Newest first."""

    alerts: list[AlertOf]
    next: str | None = Field(description="For `after` of the next page; null: this was the last.", examples=[None])


class ChangeOf(BaseModel):
    state: str = Field(examples=["firing"])
    reason: str = Field(examples=["held"])
    time: str = Field(examples=["2026-11-26T12:00:05.000Z"])
    value: float | None = Field(examples=[96.0])
    message: str = Field(examples=["desk-01:0: GPU temperature 96 °C is above 95 °C."])
    acknowledged_by: str | None = Field(examples=[None])


class CommentOf(BaseModel):
    time: str = Field(examples=["2026-11-26T12:01:00.000Z"])
    by: str = Field(examples=["jane"])
    text: str = Field(examples=["Cleaned the filter."])


class NotificationOf(BaseModel):
    """A message to a contact."""

    time: str = Field(examples=["2026-11-26T12:00:06.000Z"])
    contact: str = Field(examples=["team-mail"])
    why: str = Field(description="new, resolved, escalated, repeated", examples=["new"])
    arrived: bool = Field(description="false: it is tried again.", examples=[True])
    attempts: int = Field(examples=[1])
    detail: str = Field(examples=[""])


class ActionOf(BaseModel):
    """What was run because of it."""

    time: str = Field(examples=["2026-11-26T12:00:06.000Z"])
    action: str = Field(examples=["migrate workload"])
    what: str = Field(examples=["/usr/local/bin/drain"])
    status: str = Field(description="started, dry_run, done, failed, timeout, interrupted", examples=["dry_run"])
    output: str = Field(examples=[""])


class RequestOf(BaseModel):
    """What somebody asked for; the alert engine does it, within a second while it runs."""

    id: int = Field(examples=[17])
    alert_id: str = Field(examples=["9f86d081884c7d659a2f"])
    action: Literal["acknowledge", "resolve"] = Field(examples=["acknowledge"])
    by: str = Field(examples=["jane"])
    comment: str = Field(examples=["On it."])
    asked_at: str = Field(examples=["2026-11-26T12:01:00.000Z"])
    done_at: str | None = Field(description="null: not yet.", examples=[None])
    outcome: Literal["done", "already", "unknown"] | None = Field(
        description="already: it was so before; unknown: the alert was over.", examples=[None]
    )


class AlertStoryOf(BaseModel):
    """An alert and everything that happened to it, oldest first."""

    alert: AlertOf
    changes: list[ChangeOf]
    comments: list[CommentOf]
    requests: list[RequestOf]
    notifications: list[NotificationOf]
    actions: list[ActionOf]


class Wish(BaseModel):
    """Who asks, and why. Both may be left out."""

    model_config = ConfigDict(extra="forbid")

    by: Name | None = Field(None, description="A person; default: the role of the token.", examples=["jane"])
    comment: str = Field("", max_length=4000, description="Kept with the alert.", examples=["On it."])


class NewComment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: Name | None = Field(None, description="A person; default: the role of the token.", examples=["jane"])
    comment: Words = Field(examples=["Cleaned the filter."])


def alert_of(alert: Alert) -> AlertOf:
    return AlertOf(
        id=alert.id,
        node_id=alert.host,
        gpu=alert.gpu,
        gpu_index=split_gpu(alert.gpu)[1],
        model=alert.model,
        source=alert.source,
        mode=alert.mode,
        alert_type=alert.rule,
        metric=alert.metric,
        severity=alert.severity,
        message=alert.message,
        action=alert.action,
        threshold_value=alert.threshold,
        actual_value=alert.value,
        worst_value=alert.worst,
        status="active" if alert.state == "firing" else alert.state,
        reason=alert.reason,
        started_at=text(alert.started) or "",
        triggered_at=text(alert.fired) or "",
        changed_at=text(alert.changed) or "",
        acknowledged_at=text(alert.acknowledged),
        acknowledged_by=alert.acknowledged_by,
        resolved_at=text(alert.resolved),
    )


def now_of(entry: Entry) -> AlertNowOf:
    ours, theirs = entry.ours, entry.theirs
    if ours is not None:
        return AlertNowOf(
            id=entry.id,
            origin="gpustream",
            name=ours.rule,
            about="gpu",
            whom=ours.gpu,
            gpu=ours.gpu,
            severity=ours.severity,
            status="acknowledged" if ours.state == "acknowledged" else "active",
            message=ours.message,
            description=ours.action,
            runbook=theirs.runbook if theirs else "",
            started_at=text(entry.started) or "",
            also_by=theirs.name if theirs else None,
        )
    assert theirs is not None, "an entry is of one of the two"
    return AlertNowOf(
        id=entry.id,
        origin="prometheus",
        name=theirs.name,
        about=theirs.about,
        whom=theirs.whom,
        gpu=theirs.gpu,
        severity=theirs.severity,
        status="active" if theirs.state == "firing" else theirs.state,
        message=theirs.summary,
        description=theirs.description,
        runbook=theirs.runbook,
        started_at=text(entry.started) or "",
        also_by=None,
    )


def request_of(request: Request) -> RequestOf:
    return RequestOf(
        id=request.id,
        alert_id=request.alert_id,
        action=request.action,
        by=request.by,
        comment=request.comment,
        asked_at=text(request.time) or "",
        done_at=text(request.done),
        outcome=request.outcome,
    )


def story_of(story: AlertStory) -> AlertStoryOf:
    def timed(values: tuple[object, ...]) -> list[dict[str, object]]:
        return [each._asdict() | {"time": text(each.time)} for each in values]  # type: ignore[attr-defined]

    return AlertStoryOf.model_validate(
        {
            "alert": alert_of(story.alert),
            "changes": timed(story.changes),
            "comments": timed(story.comments),
            "requests": [request_of(each) for each in story.requests],
            "notifications": timed(story.notifications),
            "actions": timed(story.actions),
        }
    )
