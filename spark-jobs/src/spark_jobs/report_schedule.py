"""When the batch is to run: at the times of a cron expression, and after a large import has come to rest. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from telemetry.errors import Misconfigured
from telemetry.messages import Window
from telemetry.timestamp import SECOND

QUIET = 120 * SECOND
"""An import has ended when nothing of it came for so long."""
RETRY = 900 * SECOND
"""After a run that failed."""
OFF = "off"
"""The expression for: never by the clock."""


class ReportSchedule:
    """Times in microseconds UTC. ``last_run``: when the batch last ran; a night in which nobody was there is made up
    for. None: never, so the first night is the first run. Raises Misconfigured for what is no cron expression."""

    def __init__(self, cron: str, zone: str, import_readings: int, now: int, last_run: int | None = None) -> None:
        self._trigger = _trigger(cron, zone)
        self._import_readings = import_readings
        self._imported: dict[tuple[str, str], int] = {}
        self._heard = 0
        self._retry: int | None = None
        self.next_night = self._after(now if last_run is None else last_run)

    def see(self, window: Window, now: int) -> None:
        """A window is sent anew while it fills: only its newest count holds."""
        if window.mode == "import":
            self._imported[window.gpu, window.start] = window.readings
            self._heard = now

    def due(self, now: int) -> str | None:
        """Why the batch is to run now; None: it is not."""
        if self._retry is not None:
            return "the last run failed" if now >= self._retry else None
        if self.next_night is not None and now >= self.next_night:
            return "nightly"
        readings = sum(self._imported.values())
        if readings >= self._import_readings and now - self._heard >= QUIET:
            return f"import of {readings} readings"
        return None

    def ran(self, now: int, *, well: bool) -> None:
        """The batch has run, well or not."""
        self._retry = None if well else now + RETRY
        if well:
            self._imported.clear()
        self.next_night = self._after(now)

    def _after(self, moment: int) -> int | None:
        if self._trigger is None:
            return None
        # A trigger takes the moment that it is given for one that may come.
        at = datetime.fromtimestamp(moment / SECOND, UTC) + timedelta(seconds=1)
        found = self._trigger.get_next_fire_time(None, at)
        return None if found is None else int(found.timestamp()) * SECOND


def _trigger(cron: str, zone: str) -> CronTrigger | None:
    if cron == OFF:
        return None
    try:
        return CronTrigger.from_crontab(cron, timezone=zone)
    except ValueError as error:
        raise Misconfigured(
            "settings: REPORT_SCHEDULE", f"{cron!r} ({error})", "a cron expression such as '10 3 * * *', or off"
        ) from error
