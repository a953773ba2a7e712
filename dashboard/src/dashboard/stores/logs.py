"""The contract of "what became of my log?"."""

from __future__ import annotations

from typing import Protocol

from telemetry.log_states import LogState


class Logs(Protocol):
    """Reads a small file: quick, and not for the event loop. Raises Away while the producer has not told anything."""

    def logs(self) -> list[LogState]:
        """Every log that was dropped, uploaded or replayed, the newest change first; a second old at most."""
        ...
