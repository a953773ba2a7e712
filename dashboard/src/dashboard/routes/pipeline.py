"""What flows, where it waits, and what could not be used."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from dashboard.access import Admin, Viewer
from dashboard.routes.words import Cursor, TheStores, json, problems
from dashboard.stores.pipeline import Letter
from telemetry.messages import FileOrigin

router = APIRouter(tags=["pipeline"])

LetterId = Annotated[str, Path(description="partition-offset", pattern=r"^[0-9]{1,4}-[0-9]{1,18}$", examples=["0-17"])]
_SHOWN = 2000
"""Bytes of a record in a list."""


class ProcessOf(BaseModel):
    """What a process said of itself last; each says it every 10 s."""

    process: str = Field(examples=["influxdb-writer"])
    host: str = Field(examples=["desk-01"])
    started: str = Field(examples=["2026-11-26T08:00:00.000Z"])
    starts: int = Field(description="More than 1: it was restarted.", examples=[1])
    time: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    age_seconds: float = Field(examples=[4.2])
    is_silent: bool = Field(description="For longer than a minute.", examples=[False])
    received: int = Field(description="Since its start.", examples=[14_400])
    sent: int = Field(examples=[14_400])
    received_per_second: float | None = Field(examples=[1.0])
    sent_per_second: float | None = Field(examples=[1.0])
    rejected: dict[str, int] = Field(description="By reason, since its start.", examples=[{}])
    lag: int | None = Field(description="Records not yet processed.", examples=[0])
    latency_seconds: float | None = Field(description="From Kafka to the store's answer.", examples=[0.12])
    memory_bytes: int = Field(examples=[58_000_000])


class FeedOf(BaseModel):
    """How the console's own feed is."""

    state: str = Field(description="starting, live or away", examples=["live"])
    detail: str = Field(examples=[""])
    readings_per_second: float = Field(examples=[1.0])
    gpus: int = Field(examples=[2])


class PipelineOf(BaseModel):
    feed: FeedOf
    processes: list[ProcessOf]


class LetterOf(BaseModel):
    """A record that could not be used."""

    id: str = Field(examples=["0-17"])
    reason: str = Field(examples=["not_json"])
    detail: str = Field(examples=["unexpected character: line 1 column 1 (char 0)"])
    rejected_by: str = Field(examples=["influxdb-writer"])
    time: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    file: str | None = Field(description="Where it came from: a file, or", examples=[None])
    topic: str | None = Field(description="a topic.", examples=["gpu-metrics"])
    partition: int | None = Field(examples=[0])
    offset: int = Field(description="In the partition, or in bytes of the file.", examples=[1042])
    length: int = Field(description="Bytes of the whole record.", examples=[14])
    sha256: str = Field(description="Of the whole record.", examples=["9f86d081884c7d65" * 4])
    is_whole: bool = Field(description="All of its bytes were kept.", examples=[True])
    can_redrive: bool = Field(description="Whether it can be sent again.", examples=[True])
    text: str = Field(description="Its first 2,000 bytes, as far as they are text.", examples=["this is no JSON"])


class LetterWithBytes(LetterOf):
    payload_base64: str = Field(description="The first 64 KiB.", examples=["dGhpcyBpcyBubyBKU09O"])


class LetterPageOf(BaseModel):
    """Newest first."""

    letters: list[LetterOf]
    next: str | None = Field(description="For `after` of the next page; null: this was the last.", examples=[None])


class RedrivenOf(BaseModel):
    topic: str = Field(examples=["gpu-metrics"])
    partition: int = Field(examples=[0])
    offset: int = Field(examples=[20_311])


@router.get("/pipeline", summary="Processes, rates, lag, latency", response_model=PipelineOf, responses=problems())
async def pipeline(stores: TheStores, _: Viewer) -> Response:
    """From what each process says of itself on gpu-pipeline; those that spoke in the last 15 minutes."""
    state = stores.live.state()
    processes = [
        {
            **each.report.model_dump(exclude={"schema_version", "instance"}),
            "age_seconds": round(each.age_seconds, 3),
            "is_silent": each.is_silent,
            "received_per_second": each.received_per_second,
            "sent_per_second": each.sent_per_second,
        }
        for each in stores.pipeline.processes()
    ]
    feed = {
        "state": state.state,
        "detail": state.detail,
        "readings_per_second": state.readings_per_second,
        "gpus": state.gpus,
    }
    return json({"feed": feed, "processes": processes})


@router.get(
    "/pipeline/dead-letters", summary="What could not be used", response_model=LetterPageOf, responses=problems()
)
def letters(
    stores: TheStores,
    _: Viewer,
    reason: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Only of this reason.", examples=["not_json"])
    ] = None,
    after: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Letters on a page.")] = 50,
) -> Response:
    """With reason and place; the newest first. A page of one reason may be short, or empty, and have a next one: 5,000
    records are looked at at a time."""
    page = stores.pipeline.letters(reason=reason, after=after, limit=limit)
    return json({"letters": [_plain(each) for each in page.letters], "next": page.next})


@router.get(
    "/pipeline/dead-letters/{letter_id}",
    summary="A dead letter with its bytes",
    response_model=LetterWithBytes,
    responses=problems(404),
)
def letter(stores: TheStores, _: Viewer, letter_id: LetterId) -> Response:
    """Kafka keeps them for a time (config/topics.yaml)."""
    found = stores.pipeline.letter(letter_id)
    return json({**_plain(found), "payload_base64": found.letter.payload_base64})


@router.post(
    "/pipeline/dead-letters/{letter_id}/redrive",
    summary="Send it again",
    status_code=202,
    response_model=RedrivenOf,
    responses=problems(404, 409),
)
def redrive(stores: TheStores, _: Admin, letter_id: LetterId) -> RedrivenOf:
    """To the topic that it came from, as it was: for after the fault that made it a dead letter was mended. A reading
    that is stored already counts once all the same."""
    sent = stores.pipeline.redrive(letter_id)
    return RedrivenOf(topic=sent.topic, partition=sent.partition, offset=sent.offset)


def _plain(found: Letter) -> dict[str, Any]:
    letter = found.letter
    of_file = letter.origin if isinstance(letter.origin, FileOrigin) else None
    of_topic = None if isinstance(letter.origin, FileOrigin) else letter.origin
    return {
        "id": found.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "rejected_by": letter.rejected_by,
        "time": letter.time,
        "file": of_file.file if of_file else None,
        "topic": of_topic.topic if of_topic else None,
        "partition": of_topic.partition if of_topic else None,
        "offset": letter.origin.offset,
        "length": letter.length,
        "sha256": letter.sha256,
        "is_whole": letter.is_whole(),
        "can_redrive": letter.is_whole() and of_topic is not None,
        "text": base64.b64decode(letter.payload_base64[: _SHOWN // 3 * 4]).decode("utf-8", "replace"),
    }
