"""The nightly reports."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from dashboard.access import Viewer
from dashboard.routes.words import TheStores, json, problems, text
from dashboard.stores.away import Missing

router = APIRouter(tags=["reports"])

Name = Annotated[str, Path(max_length=64, pattern=r"^[a-z][a-z0-9_]*$", examples=["daily_statistics"])]
_PARQUET = "application/vnd.apache.parquet"


class ReportOf(BaseModel):
    """A report and the days that it was made for."""

    name: str = Field(examples=["daily_statistics"])
    dates: list[date] = Field(description="Oldest first.", examples=[["2026-11-25"]])


class DocumentOf(BaseModel):
    """A page for people."""

    name: str = Field(examples=["report-2026-11-25.html"])
    size: int = Field(description="Bytes.", examples=[48_211])
    written_at: str = Field(examples=["2026-11-26T03:12:00.000Z"])


@router.get("/reports", summary="All reports", response_model=list[ReportOf], responses=problems())
def reports(stores: TheStores, _: Viewer) -> list[ReportOf]:
    """By name; an empty list while no batch has run. What each tells: docs/reports.md."""
    return [ReportOf(name=each.name, dates=list(each.dates)) for each in stores.reports.tables()]


@router.get(
    "/reports/{name}/{day}",
    summary="A report of a day",
    response_model=list[dict[str, Any]],
    responses={
        200: {
            "description": "The rows; columns as docs/reports.md describes them. Or the Parquet file itself.",
            "content": {
                "application/json": {"example": [{"gpu": "desk-01:0", "metric": "gpu_temperature", "avg": 61.2}]},
                _PARQUET: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **problems(404),
    },
)
def report(
    stores: TheStores,
    _: Viewer,
    name: Name,
    day: Annotated[str, Path(description="Of REPORT_TIMEZONE.", pattern=r"^\d{4}-\d\d-\d\d$", examples=["2026-11-25"])],
    wanted: Annotated[Literal["json", "parquet"], Query(alias="format", description="json or parquet.")] = "json",
) -> Response:
    """Made anew when late or imported readings of the day come."""
    try:
        of_day = date.fromisoformat(day)
    except ValueError as error:
        raise Missing(f"day {day}") from error
    if wanted == "json":
        return json(stores.reports.rows(name, of_day))
    disposition = f'attachment; filename="{name}-{day}.parquet"'
    content = stores.reports.parquet(name, of_day)
    return Response(content, media_type=_PARQUET, headers={"Content-Disposition": disposition})


@router.get("/report-documents", summary="Pages for people", response_model=list[DocumentOf], responses=problems())
def documents(stores: TheStores, _: Viewer) -> list[DocumentOf]:
    """HTML, and the same as PDF; newest first. Each needs nothing else."""
    return [
        DocumentOf(name=each.name, size=each.size, written_at=text(each.written) or "")
        for each in stores.reports.documents()
    ]


@router.get(
    "/report-documents/{name}",
    summary="One of these pages",
    response_class=Response,
    responses={
        200: {
            "description": "The page.",
            "content": {
                "text/html": {"schema": {"type": "string"}},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **problems(404),
    },
)
def document(
    stores: TheStores,
    _: Viewer,
    name: Annotated[str, Path(max_length=130, examples=["report-2026-11-25.html"])],
) -> Response:
    """As it was written. Nothing in it runs, and it may load nothing."""
    content = stores.reports.document(name)
    return Response(content, media_type="application/pdf") if name.endswith(".pdf") else page(content)


def page(content: bytes) -> Response:
    """HTML that others made: shown in a frame of ours, with its own style and nothing else."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
    return Response(content, media_type="text/html", headers={"Content-Security-Policy": policy})
