"""The contract of a layout: how readings lie in PostgreSQL. There are two, with the same names and columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from kafka_consumers.database import Connection
from kafka_consumers.timescale.row import Row
from telemetry.catalogue import Metric


class Keep(NamedTuple):
    """For how long, in days."""

    readings: int
    aggregates: int


class Layout(Protocol):
    """Made for one database. What a method raises are errors of psycopg."""

    name: str
    upkeep_seconds: float | None
    """How often ``upkeep`` is due; None: PostgreSQL does it all by itself."""

    def make(self, connection: Connection, metrics: Mapping[str, Metric], keep: Keep) -> None:
        """The tables of readings and of aggregates, or the columns and times that they lack; in the caller's
        transaction. Again is harmless."""
        ...

    def prepare(self, connection: Connection, times: Collection[int]) -> None:
        """Before readings of these times (microseconds UTC) are inserted; outside a transaction."""
        ...

    def stored(self, connection: Connection, rows: Sequence[Row]) -> None:
        """In the transaction that has put ``rows`` into the table of readings."""
        ...

    def forget(self) -> None:
        """Somebody else has changed the tables."""
        ...

    def upkeep(self, connection: Connection, now: int) -> dict[str, int]:
        """What is due, part by part, each in a transaction of its own; ``now`` in microseconds UTC. What was done."""
        ...
