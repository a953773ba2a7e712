"""The contract between the loop and a store. The loop owns offsets, waiting and dead letters; a sink only writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from telemetry.errors import Rejected

Item = TypeVar("Item")


class Placed(Protocol):
    """Where a message lies in Kafka, read only."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...


class Record(Placed, Protocol):
    """One message of a topic and where it lay: what a Kafka client gives, read only."""

    @property
    def timestamp(self) -> int:
        """When Kafka took it, milliseconds since 1970; -1 where it does not know."""
        ...

    @property
    def value(self) -> bytes | None: ...


class Refusal(NamedTuple):
    """The item at ``place`` of a batch, which the store can never take, and why."""

    place: int
    error: Rejected


class Sink(Protocol[Item]):
    """A store. At least once: ``write`` may see the same items again, and a store must then change nothing.

    (What people look at, such as a terminal, may show them again.)
    """

    @property
    def topics(self) -> Sequence[str]:
        """What the loop subscribes to."""
        ...

    def start(self) -> None:
        """Called once, before anything else, again while it raises Unavailable. Raises Misconfigured for good."""
        ...

    def encode(self, record: Record) -> Item:
        """What ``write`` is to store for ``record``; called once per record, in the order of each partition.

        Runs in the loop's thread while ``write`` may be running in another, so the two share nothing that changes.
        Raises Rejected: the record becomes a dead letter.
        """
        ...

    def write(self, items: Sequence[Item]) -> list[Refusal]:
        """Store all of ``items`` but those that it returns; called from one thread, one batch after the other.

        Returning means that the rest is durably stored: the loop then moves the offsets. Raises Unavailable where the
        store is away: the loop waits ``retry_after`` seconds and calls again with the same items.
        """
        ...

    def close(self) -> None:
        """Called once, at the end; a ``write`` that hangs may still be running and can be cut off."""
        ...
