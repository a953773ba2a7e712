"""The contract of "what did the night find?": the tables and documents of the batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One report and the days that it was made for, oldest first."""

    name: str
    dates: tuple[date, ...]


class Document(NamedTuple):
    """For people; ``name`` is its file name, such as ``report-2026-11-25.html`` (or ``.pdf``)."""

    name: str
    size: int
    """Bytes."""
    written: int
    """Microseconds UTC."""


class Reports(Protocol):
    """Every method asks a server: not for the event loop. Each raises Away, and Missing for what was not made."""

    def tables(self) -> list[ReportTable]:
        """By name; none while no batch has run."""
        ...

    def rows(self, name: str, day: date) -> list[dict[str, Any]]:
        """As in the file: numbers, texts, booleans, times (datetime UTC), maps (dict), None."""
        ...

    def parquet(self, name: str, day: date) -> bytes:
        """The file itself."""
        ...

    def documents(self) -> list[Document]:
        """HTML pages and the same as PDF, newest first."""
        ...

    def document(self, name: str) -> bytes:
        """One of them, as it was written: whole, and needing nothing else."""
        ...
