"""Health, events and advice as the API tells them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from dashboard.routes.words import text
from dashboard.stores.alerts import Severity
from dashboard.stores.health import Action, Advice, Event, Kind, Risk, Score
from telemetry.reading import Mode

_MODE = "import: of a log of long ago."
_REASONS = ["3 uncorrectable row remaps this week"]


class ReasonOf(BaseModel):
    """Why a score is lower than it could be."""

    component: str = Field(examples=["memory"])
    points: float = Field(description="What it takes from the score.", examples=[-18.0])
    sentence: str = Field(examples=_REASONS)


class ScoreOf(BaseModel):
    """The health of a GPU at a time."""

    gpu: str = Field(examples=["node-1:3"])
    node_id: str = Field(examples=["node-1"])
    mode: Mode = Field(description=_MODE, examples=["live"])
    time: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    score: float = Field(description="0 to 100, 100 best.", examples=[82.0])
    components: dict[str, float] = Field(
        description="Each component's own score; one for which the source gives no evidence is absent.",
        examples=[{"memory": 64.0, "thermals": 100.0}],
    )
    reasons: list[ReasonOf] = Field(description="The gravest first.")
    version: str = Field(description="Of the rules that made it.", examples=["1"])


class ScorePageOf(BaseModel):
    """Newest first."""

    scores: list[ScoreOf]
    next: str | None = Field(description="For `after` of the next page; null: this was the last.", examples=[None])


class RiskOf(BaseModel):
    """How probable it is that a GPU fails within the horizon."""

    gpu: str = Field(examples=["node-1:3"])
    node_id: str = Field(examples=["node-1"])
    mode: Mode = Field(description=_MODE, examples=["live"])
    time: str = Field(description="As seen then.", examples=["2026-11-26T02:00:00.000Z"])
    horizon_hours: int = Field(examples=[168])
    probability: float = Field(description="0 to 1.", examples=[0.042])
    model_version: str = Field(examples=["2026-11-26"])
    reasons: list[str] = Field(description="What weighs most.", examples=[_REASONS])


class AdviceOf(BaseModel):
    """What to do about a GPU. Nothing acts on it by itself."""

    gpu: str = Field(examples=["node-1:3"])
    node_id: str = Field(examples=["node-1"])
    mode: Mode = Field(description=_MODE, examples=["live"])
    time: str = Field(description="As seen then.", examples=["2026-11-26T02:00:00.000Z"])
    action: Action = Field(description="move: its workload goes to another GPU.", examples=["repair"])
    yearly_cost: dict[str, float] = Field(
        description="What each action would cost in a year.", examples=[{"keep": 2900.0, "repair": 1240.0}]
    )
    currency: str = Field(examples=["EUR"])
    reasons: list[str] = Field(examples=[["A repair costs less than the hours that its failures cost"]])
    flips: list[str] = Field(
        description="What would have to be different for another action to be chosen.",
        examples=[["keep, were energy below 0.11 EUR/kWh"]],
    )
    version: str = Field(examples=["1"])


class EventOf(BaseModel):
    """What happened to a device; a burst of the same is one event."""

    id: str = Field(examples=["5f2b7c9d1e3a4b60"])
    kind: Kind = Field(examples=["xid"])
    number: int = Field(
        description="Of an Xid or SXid its own; of throttle the bit of the reason; else 0.", examples=[79]
    )
    node_id: str = Field(examples=["node-1"])
    gpu: str | None = Field(description="null: the source does not know which one it is.", examples=["node-1:3"])
    device: str = Field(examples=["0000:3b:00"])
    source: str = Field(examples=["xid"])
    mode: Mode = Field(description=_MODE, examples=["live"])
    name: str = Field(examples=["GPU has fallen off the bus"])
    action: str = Field(description="What to do about it.", examples=["reset the node"])
    severity: Severity = Field(examples=["critical"])
    text: str = Field(description="What the newest line says.", examples=["NVRM: Xid (PCI:0000:3b:00): 79"])
    first_at: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    last_at: str = Field(examples=["2026-11-26T12:00:05.000Z"])
    count: int = Field(examples=[3])


class EventPageOf(BaseModel):
    """By their first moment, newest first."""

    events: list[EventOf]
    next: str | None = Field(description="For `after` of the next page; null: this was the last.", examples=[None])


def score_of(score: Score) -> ScoreOf:
    return ScoreOf(
        gpu=score.gpu,
        node_id=score.host,
        mode=score.mode,
        time=text(score.time) or "",
        score=score.score,
        components=dict(score.components),
        reasons=[ReasonOf(**each.model_dump()) for each in score.reasons],
        version=score.version,
    )


def risk_of(risk: Risk) -> RiskOf:
    return RiskOf(
        gpu=risk.gpu,
        node_id=risk.host,
        mode=risk.mode,
        time=text(risk.time) or "",
        horizon_hours=risk.horizon_hours,
        probability=risk.probability,
        model_version=risk.model_version,
        reasons=list(risk.reasons),
    )


def advice_of(advice: Advice) -> AdviceOf:
    return AdviceOf(
        gpu=advice.gpu,
        node_id=advice.host,
        mode=advice.mode,
        time=text(advice.time) or "",
        action=advice.action,
        yearly_cost=dict(advice.yearly_cost),
        currency=advice.currency,
        reasons=list(advice.reasons),
        flips=list(advice.flips),
        version=advice.version,
    )


def event_of(event: Event) -> EventOf:
    return EventOf(
        id=event.id,
        kind=event.kind,
        number=event.number,
        node_id=event.host,
        gpu=event.gpu,
        device=event.device,
        source=event.source,
        mode=event.mode,
        name=event.name,
        action=event.action,
        severity=event.severity,
        text=event.text,
        first_at=text(event.first) or "",
        last_at=text(event.last) or "",
        count=event.count,
    )
