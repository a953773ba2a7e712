"""The process that starts the batch: listens on ``gpu-windows`` for imports, and looks at the clock."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from spark_jobs.report_schedule import ReportSchedule
from telemetry import topics
from telemetry.clock import Clock
from telemetry.errors import Misconfigured, Rejected
from telemetry.heartbeat import Heartbeat
from telemetry.messages import Window
from telemetry.settings import Settings
from telemetry.timestamp import format_time

logger = logging.getLogger(__name__)

PROCESS = "report-scheduler"
BATCH = Path("spark-jobs/batch_analytics.py")
_POLL_MS = 1000
_BOOTSTRAP_MS = 3000  # the heartbeat and the clock wait no longer for a Kafka that is away
_LATER_SECONDS = 5.0


class Scheduler:
    """Runs until ``stop`` is set. What it has heard of imports is in memory only: after a restart the next night sees
    to them, because the batch itself knows what came since its last run."""

    def __init__(self, settings: Settings, clock: Clock, stop: Event, batch: Path = BATCH) -> None:
        if not batch.is_file():
            raise Misconfigured(f"working directory {Path.cwd()}", f"no {batch}", "the root of the repository")
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._command = [sys.executable, str(batch)]
        self._heartbeat = Heartbeat(settings.state_dir, PROCESS)
        self._last_run = settings.state_dir / f"{PROCESS}.last-run"
        self._schedule = ReportSchedule(
            settings.report_schedule,
            settings.report_timezone,
            settings.report_after_import_readings,
            clock.now(),
            self._remembered(),
        )
        self._consumer: Any = None
        self._is_away = False

    @property
    def next_night(self) -> int | None:
        """Microseconds UTC; None: never by the clock."""
        return self._schedule.next_night

    def run(self) -> None:
        self._say_next()
        while not self._stop.is_set():
            self._heartbeat.beat()
            self._listen()
            if (reason := self._schedule.due(self._clock.now())) is not None:
                self._run_batch(reason)
        if self._consumer is not None:
            self._consumer.close()

    def _listen(self) -> None:
        try:
            if self._consumer is None:
                self._consumer = KafkaConsumer(
                    topics.GPU_WINDOWS,
                    bootstrap_servers=self._settings.kafka_bootstrap_servers,
                    client_id=PROCESS,
                    auto_offset_reset="latest",
                    bootstrap_timeout_ms=_BOOTSTRAP_MS,
                )
            for records in self._consumer.poll(_POLL_MS).values():
                for record in records:
                    self._see(record.value)
            if self._is_away:
                logger.info("back server=kafka")
                self._is_away = False
        except (KafkaError, OSError) as error:
            if not self._is_away:
                logger.warning("away server=kafka error=%s: the clock is still looked at", error)
                self._is_away = True
            self._consumer = None
            self._stop.wait(_LATER_SECONDS)

    def _see(self, raw: bytes) -> None:
        try:
            window = Window.decode(raw)
        except Rejected:
            return  # the writer to InfluxDB reads the same topic, and makes a dead letter of it
        self._schedule.see(window, self._clock.now())

    def _run_batch(self, reason: str) -> None:
        logger.info("batch begins reason=%s", reason)
        began = time.monotonic()
        with subprocess.Popen(self._command) as run:
            while run.poll() is None:
                self._heartbeat.beat()
                if self._stop.wait(1.0):
                    # The next run makes again what this one leaves.
                    run.terminate()
                    return
        now = self._clock.now()
        well = run.returncode == 0
        logger.log(
            logging.INFO if well else logging.ERROR,
            "batch ended status=%d seconds=%.0f",
            run.returncode,
            time.monotonic() - began,
        )
        self._schedule.ran(now, well=well)
        if well:
            self._last_run.write_text(str(now), encoding="ascii")
        self._say_next()

    def _say_next(self) -> None:
        night = self._schedule.next_night
        logger.info("next batch at=%s", "never by the clock" if night is None else format_time(night))

    def _remembered(self) -> int | None:
        try:
            return int(self._last_run.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
