"""The producer's side of the logs: a file in its state directory."""

from __future__ import annotations

from dashboard.stores.away import Away
from telemetry import log_states
from telemetry.errors import Unavailable
from telemetry.log_states import LogState
from telemetry.settings import Settings


class LogsFile:
    """``logs.json``."""

    def __init__(self, settings: Settings) -> None:
        self._state_dir = settings.state_dir

    def logs(self) -> list[LogState]:
        try:
            found = log_states.read(self._state_dir)
        except Unavailable as error:
            raise Away("producer", str(error)) from error
        return sorted(found, key=lambda each: each.changed, reverse=True)
