"""What every source of readings offers to the publisher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from telemetry.reading import Reading


class Source(Protocol):
    """A log, or a live GPU."""

    @property
    def name(self) -> str:
        """What people call this source: a file name, an address."""
        ...

    def readings(self) -> Iterator[Reading]:
        """Readings in the order in which they are to be sent; called once.

        Each has its final identity and time: read again, the source gives the same. Raises Rejected where the source
        as a whole is none of its kind, Unavailable where it does not answer now.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; may be called twice."""
        ...


class LiveTarget(Protocol):
    """What answers for one GPU or for several at once, and is asked again and again: a card, an exporter of a node.

    Not a Source: a log has an order of its own, while a target is asked when it is due, and one that hangs must not
    hold up the others. ``str()`` of it is what a log line calls it, such as ``gpu=node-1:0``.
    """

    @property
    def name(self) -> str: ...

    def poll(self, now: int) -> Sequence[Reading]:
        """Its GPUs at ``now`` (microseconds UTC), in ``mode`` live, each with an own time, later than the one before.

        May take long, so it is called in a thread of its own, one call at a time. Raises Unavailable where the target
        does not answer; the next call tries again from scratch.
        """
        ...


class LiveSource(Protocol):
    """The live GPUs of one place."""

    @property
    def name(self) -> str: ...

    @property
    def targets(self) -> Sequence[LiveTarget]: ...

    def about(self, target: str) -> Iterator[str]:
        """What there is to say of the target of this name once it has answered, a line each."""
        ...

    def restart(self) -> None:
        """Opens anew what all its GPUs share; called only while none is being read, when none answers any more.

        Raises Misconfigured or Unavailable where that fails.
        """
        ...

    def close(self) -> None:
        """Lets go of it; may be called twice."""
        ...
