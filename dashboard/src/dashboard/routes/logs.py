"""What became of each log."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.words import TheStores, json, problems
from telemetry.reading import Mode

router = APIRouter(tags=["logs"])


class LogOf(BaseModel):
    """A log that was dropped, uploaded or replayed; as `kafka-producer status --json` tells it."""

    file: str = Field(description="Its name below the folder.", examples=["desk-01/0/GPU-Z Sensor Log.txt"])
    folder: str | None = Field(description="null: it was replayed.", examples=["/srv/gpustream/data"])
    gpu: str | None = Field(examples=["desk-01:0"])
    mode: Mode | None = Field(examples=["import"])
    rows_sent: int = Field(description="Acknowledged by Kafka.", examples=[3600])
    rows: int | None = Field(description="In the log, as far as is known.", examples=[3600])
    bytes_read: int | None = Field(examples=[1_249_000])
    bytes: int | None = Field(examples=[1_249_000])
    state: str = Field(
        description="waiting, following, done, rejected, gone; of a replay: sent, unfinished", examples=["done"]
    )
    reason: str | None = Field(description="Why it was rejected.", examples=[None])
    detail: str = Field(examples=[""])
    changed: str = Field(examples=["2026-11-26T12:00:00.000Z"])
    begin: str | None = Field(description="Its first reading.", examples=["2021-05-16T08:17:08.000Z"])
    end: str | None = Field(description="Its last one.", examples=["2021-05-16T09:17:07.000Z"])


@router.get("/logs", summary="All logs", response_model=list[LogOf], responses=problems())
def logs(stores: TheStores, _: Viewer) -> Response:
    """The newest change first; a second old at most."""
    return json([asdict(each) for each in stores.logs.logs()])
