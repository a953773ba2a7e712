"""When the next backup is due: at the times of a cron expression, and soon after one that failed. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from telemetry.errors import Misconfigured
from telemetry.timestamp import SECOND

RETRY = 900 * SECOND
"""After one that failed."""


class BackupSchedule:
    """Times in microseconds UTC. ``last``: of the newest backup, so that a night in which nobody was there is made up
    for; None: there is none, and the first comes at the next time of ``cron``.

    Raises Misconfigured for what is no cron expression."""

    def __init__(self, cron: str, zone: str, now: int, last: int | None) -> None:
        try:
            self._trigger = CronTrigger.from_crontab(cron, timezone=zone)
        except ValueError as error:
            expected = "a cron expression such as '40 4 * * *'"
            raise Misconfigured("settings: BACKUP_SCHEDULE", f"{cron!r} ({error})", expected) from error
        self.next = self._after(now if last is None else last)

    def ran(self, now: int, *, well: bool) -> None:
        """One was made, or could not be."""
        self.next = self._after(now) if well else now + RETRY

    def _after(self, moment: int) -> int:
        # A trigger takes the moment that it is given for one that may come.
        at = datetime.fromtimestamp(moment / SECOND, UTC) + timedelta(seconds=1)
        found = self._trigger.get_next_fire_time(None, at)
        if found is None:
            raise Misconfigured("settings: BACKUP_SCHEDULE", "a time that never comes", "one that does")
        return int(found.timestamp()) * SECOND
