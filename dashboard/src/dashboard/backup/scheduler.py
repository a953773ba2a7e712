"""The process that makes backups by the clock, each in a process of its own: Arrow and Delta stay out of this one."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from dashboard.backup import shelf
from dashboard.backup.schedule import BackupSchedule
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Misconfigured
from telemetry.heartbeat import Heartbeat
from telemetry.settings import Settings
from telemetry.timestamp import format_time

logger = logging.getLogger(__name__)

PROCESS = "backup-scheduler"
COMMAND = (sys.executable, "-m", "dashboard.main", "backup")


def run_until_stopped(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises Misconfigured for a folder or a schedule that cannot be."""
    stop = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _number, _frame: stop.set())
    Scheduler(settings, SystemClock(), stop).run()


class Scheduler:
    """Rotation is the last step of a backup that ended well, so none is removed for one that failed."""

    def __init__(self, settings: Settings, clock: Clock, stop: Event, command: Sequence[str] = COMMAND) -> None:
        if not settings.backup_dir:
            raise Misconfigured("settings: BACKUP_DIR", "nothing", "the folder of the backups")
        self._clock = clock
        self._stop = stop
        self._command = [*command, settings.backup_dir, "--keep", str(settings.backup_keep)]
        self._heartbeat = Heartbeat(settings.state_dir, PROCESS)
        last = shelf.made_at(there[-1].name) if (there := shelf.whole(Path(settings.backup_dir))) else None
        self._schedule = BackupSchedule(settings.backup_schedule, settings.report_timezone, clock.now(), last)

    def run(self) -> None:
        """A backup that a stop cuts off leaves nothing; it is made up for after the next start."""
        self._say_next()
        while not self._stop.is_set():
            self._heartbeat.beat()
            if self._clock.now() >= self._schedule.next:
                self._make()
                self._say_next()
            self._stop.wait(1.0)

    def _make(self) -> None:
        with subprocess.Popen(self._command) as made:
            while made.poll() is None:
                self._heartbeat.beat()
                if self._stop.wait(1.0):
                    made.send_signal(signal.SIGINT)
                    return
        well = made.returncode == 0
        logger.log(logging.INFO if well else logging.ERROR, "backup ended status=%d", made.returncode)
        self._schedule.ran(self._clock.now(), well=well)

    def _say_next(self) -> None:
        logger.info("next backup at=%s", format_time(self._schedule.next))
