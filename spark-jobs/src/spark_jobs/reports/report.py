"""What a report is: a name, how its rows are made of a day, and what of them other programs are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from pyspark.sql import DataFrame

from spark_jobs.days import Days
from spark_jobs.decisions.economics import Economics
from spark_jobs.risk.model import Model
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.settings import Settings

FOR_EVER = 1_000_000
"""More days than there are."""


class Day(Protocol):
    """What a report can ask for of its day. Nothing is read before it is asked for."""

    @property
    def date(self) -> date: ...
    @property
    def days(self) -> Days: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def settings(self) -> Settings: ...

    @property
    def readings(self) -> DataFrame:
        """The readings of the day (:func:`spark_jobs.schema.readings`, but for their identity)."""
        ...

    @property
    def metrics(self) -> tuple[str, ...]:
        """The catalogue's metrics that any of them has."""
        ...

    @property
    def anomalies(self) -> DataFrame | None:
        """Those that began on the day; None where there is no such table."""
        ...

    @property
    def copies(self) -> DataFrame:
        """:func:`spark_jobs.kafka_records.copies` of the day."""
        ...

    @property
    def rejected(self) -> DataFrame:
        """:func:`spark_jobs.kafka_records.rejected` of the day."""
        ...

    @property
    def rejected_since(self) -> int: ...

    def windows(self, looks_back: int) -> DataFrame:
        """The windows (:data:`spark_jobs.schema.WINDOWS`) of the day and of so many days before it."""
        ...

    def rows_of(self, report: str) -> DataFrame:
        """Those of a report that stands before this one in the list."""
        ...

    def stored(self, report: str, looks_back: int = 0) -> DataFrame | None:
        """What the lake has of a report for the day, or, of ``looks_back`` days, for those before it; None where it has
        nothing."""
        ...

    @property
    def events(self) -> DataFrame:
        """:func:`spark_jobs.kafka_records.events` that began on the day, those that Kafka still has."""
        ...

    @property
    def risk_model(self) -> Model | None:
        """The model of failures that was trained last."""
        ...

    @property
    def economics(self) -> tuple[Economics, str] | None:
        """config/economics.yaml and its version; None where it is at fault."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """One report; spark_jobs/report_list.py has all of them."""

    name: str
    rows: Callable[[Day], DataFrame]
    looks_back: int = 0
    """Days before its own: when one of them gets late readings, its rows are made again."""
    numbers: tuple[str, ...] = ()
    """The columns that go to the topic ``gpu-reports`` as values of a row; none: the report stays in the lake."""
    maps: tuple[str, ...] = ()
    """Columns text -> number that go with them, as ``<column>_<text>``."""
    told: Callable[[DataFrame], DataFrame] | None = None
    """Rows -> Kafka's ``key`` and ``value``, where they are messages of a topic of their own."""
    topic: str = topics.GPU_REPORTS
    time: str | None = None
    """The column that says when in the day a row lies; None: rows are of the day as a whole."""
