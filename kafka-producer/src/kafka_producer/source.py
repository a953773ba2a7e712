"""What every source of readings offers to the publisher."""

from __future__ import annotations

from collections.abc import Iterator
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
