"""The contract of "does everything arrive?": processes, what waits for them, and what could not be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from telemetry.messages import DeadLetter, PipelineReport


@dataclass(frozen=True, slots=True)
class Process:
    """What a process said last, and what follows from its last two reports."""

    report: PipelineReport
    age_seconds: float
    received_per_second: float | None
    sent_per_second: float | None
    """None until there are two reports of the same start."""

    @property
    def is_silent(self) -> bool:
        """It reports every 10 s while it lives."""
        return self.age_seconds > 60


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and its place on ``gpu-dead-letters``."""

    partition: int
    offset: int
    letter: DeadLetter

    @property
    def id(self) -> str:
        """``partition-offset``: safe in a URL."""
        return f"{self.partition}-{self.offset}"


class LetterPage(NamedTuple):
    """Newest first; ``next`` goes into ``after``, None: there is no more."""

    letters: list[Letter]
    next: str | None


class Redriven(NamedTuple):
    """Where a dead letter went."""

    topic: str
    partition: int
    offset: int


class Pipeline(Protocol):
    """``processes`` answers at once; the others ask Kafka: not for the event loop. They raise Away."""

    def processes(self) -> list[Process]:
        """By name; those that reported in the last 15 minutes."""
        ...

    def letters(self, *, reason: str | None = None, after: str | None = None, limit: int = 50) -> LetterPage:
        """Raises Rejected(``bad_cursor``) for an ``after`` that is none."""
        ...

    def letter(self, letter_id: str) -> Letter:
        """Raises Missing, also once Kafka's retention has taken it, and Rejected(``bad_id``)."""
        ...

    def redrive(self, letter_id: str) -> Redriven:
        """Sends the record to its topic again, with the key that it would have had; the letter stays.

        Raises Missing; Refused where it was cut at 64 KiB or came from a file (drop that file again).
        """
        ...
