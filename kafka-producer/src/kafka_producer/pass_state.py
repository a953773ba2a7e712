"""A pass over a log as it is remembered: which log it is of, and how far it has come."""

from __future__ import annotations

from typing import NamedTuple

from kafka_producer.pace import TimeKind
from kafka_producer.position import Position
from telemetry.reading import Mode


class Stream(NamedTuple):
    """One log of one GPU, in one kind of time."""

    fingerprint: str
    gpu: str
    kind: TimeKind


class PassState(NamedTuple):
    """One pass over a log: settled before its first reading is sent, except for the last four."""

    number: int
    anchor: int
    """Microseconds UTC; what it anchors depends on ``speed``."""
    speed: str
    zone: str
    mode: Mode
    """With its original time ``demo`` or ``import``: which of its readings are live is known of the log."""
    rows: int
    """Rows 0 to ``rows`` - 1 have been acknowledged (or rejected)."""
    last: int | None
    """Time of the last acknowledged one."""
    finished: bool
    refused: int = 0
    """Behind those rows, so many lines that could not be used have been acknowledged as dead letters."""

    @property
    def position(self) -> Position:
        return Position(self.rows, self.refused)
