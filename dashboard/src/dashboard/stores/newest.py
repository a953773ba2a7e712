"""The contract of "how fresh is this store?"."""

from __future__ import annotations

from typing import Protocol

from telemetry.reading import Mode


class Newest(Protocol):
    """A store that can tell its newest reading."""

    @property
    def name(self) -> str:
        """As people call the store."""
        ...

    def newest(self) -> dict[Mode, int]:
        """Mode -> time of its newest reading (microseconds UTC); a mode without readings is absent.

        Raises Unavailable while the store does not answer, and where it has nothing that could hold readings yet.
        """
        ...
