"""Wishes not to hear of some alerts for a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dashboard.access import Operator, Viewer
from dashboard.routes.alert_models import Name
from dashboard.routes.words import Instant, TheStores, problems, text
from dashboard.stores.alerts import NewSilence, Silence
from telemetry.timestamp import parse_time

router = APIRouter(tags=["silences"])

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f]+$")]
Patterns = Annotated[list[Pattern], Field(max_length=50)]


class SilenceWish(BaseModel):
    """Alerts that match are kept as always, and nobody is told. All lists that are given must match, by one pattern
    (with * and ?) each; an empty list matches all."""

    model_config = ConfigDict(extra="forbid")

    by: Name | None = Field(None, description="A person; default: the role of the token.", examples=["jane"])
    reason: str = Field("", max_length=4000, examples=["Fans are being replaced."])
    gpu: Patterns = Field(default_factory=list, examples=[["desk-01:*"]])
    host: Patterns = Field(default_factory=list, examples=[[]])
    source: Patterns = Field(default_factory=list, examples=[[]])
    model: Patterns = Field(default_factory=list, examples=[[]])
    rules: Patterns = Field(default_factory=list, examples=[["gpu_temperature_*"]])
    alerts: Patterns = Field(
        default_factory=list, description="Ids; without `ends` it holds until each of these is over.", examples=[[]]
    )
    starts: Instant | None = Field(None, description="Default: now.", examples=["2026-11-26T12:00:00Z"])
    ends: Instant | None = Field(
        None, description="Needed where no `alerts` are given.", examples=["2026-11-26T18:00:00Z"]
    )


class SilenceOf(BaseModel):
    id: int = Field(examples=[3])
    by: str = Field(examples=["jane"])
    reason: str = Field(examples=["Fans are being replaced."])
    gpu: list[str] = Field(examples=[["desk-01:*"]])
    host: list[str] = Field(examples=[[]])
    source: list[str] = Field(examples=[[]])
    model: list[str] = Field(examples=[[]])
    rules: list[str] = Field(examples=[["gpu_temperature_*"]])
    alerts: list[str] = Field(examples=[[]])
    starts: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    ends: str | None = Field(examples=["2026-11-26T18:00:00.000Z"])
    created_at: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    removed_at: str | None = Field(description="When somebody took it back.", examples=[None])


def _silence(silence: Silence) -> SilenceOf:
    wish = silence.wish
    return SilenceOf(
        id=silence.id,
        by=wish.by,
        reason=wish.reason,
        gpu=list(wish.gpu),
        host=list(wish.host),
        source=list(wish.source),
        model=list(wish.model),
        rules=list(wish.rules),
        alerts=list(wish.alerts),
        starts=text(wish.starts) or "",
        ends=text(wish.ends),
        created_at=text(silence.created) or "",
        removed_at=text(silence.removed),
    )


@router.get("/silences", summary="Silences", response_model=list[SilenceOf], responses=problems())
def silences(
    stores: TheStores,
    _: Viewer,
    over: Annotated[bool, Query(description="Those that are over, too (the last 500 of all).")] = False,
) -> list[SilenceOf]:
    """Those that hold or will, newest first."""
    return [_silence(each) for each in stores.alerts.silences(over=over)]


@router.post(
    "/silences", summary="Silence some alerts", status_code=201, response_model=SilenceOf, responses=problems()
)
def silence(stores: TheStores, person: Operator, wish: SilenceWish) -> SilenceOf:
    """Holds at once, or from `starts` on."""
    made = stores.alerts.silence(
        NewSilence(
            by=wish.by or person.name,
            reason=wish.reason,
            gpu=tuple(wish.gpu),
            host=tuple(wish.host),
            source=tuple(wish.source),
            model=tuple(wish.model),
            rules=tuple(wish.rules),
            alerts=tuple(wish.alerts),
            starts=None if wish.starts is None else parse_time(wish.starts),
            ends=None if wish.ends is None else parse_time(wish.ends),
        )
    )
    return _silence(made)


@router.delete(
    "/silences/{silence_id}",
    summary="Tell people again",
    status_code=204,
    response_class=Response,
    responses=problems(404),
)
def end(stores: TheStores, _: Operator, silence_id: Annotated[int, Path(ge=1, le=2**63 - 1, examples=[3])]) -> None:
    """From now on. It stays in the history."""
    stores.alerts.end_silence(silence_id)
