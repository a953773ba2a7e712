"""Makes the documents of days that were reported, wherever and by whomever the batch was run: it looks at the lake."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from threading import Event, Thread
from types import TracebackType
from typing import Self

from dashboard.report.documents import Documents
from dashboard.stores.webhdfs import WebHdfs
from telemetry.errors import Unavailable
from telemetry.settings import Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
RETRY_SECONDS = 900.0
"""After a document that could not be made: a day without readings has none."""
_NICE = 10
"""People who look at the console come first."""
_GRACE_SECONDS = 3.0
COMMAND = (sys.executable, "-m", "dashboard.main", "report", "--keep", "--date")


class DocumentKeeper:
    """A thread that looks, and a process per document, so that neither memory nor time is taken from who serves.

    ``with`` starts and ends it. Idempotent: a document that is younger than its tables is left alone.
    """

    def __init__(
        self, settings: Settings, command: Sequence[str] = COMMAND, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._documents = Documents(settings, WebHdfs(settings))
        self._command = tuple(command)
        self._look_seconds = look_seconds
        self._stop = Event()
        self._not_before: dict[date, float] = {}
        self._is_away = False
        self._thread = Thread(target=self._run, name="report-documents", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        # Not longer: it may be waiting for a server that does not answer.
        self._thread.join(_GRACE_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                for day in self._documents.stale():
                    if time.monotonic() >= self._not_before.get(day, 0.0) and not self._stop.is_set():
                        self._make(day)
                self._is_away = False
            except Unavailable as error:
                if not self._is_away:
                    logger.warning("documents wait: %s", error)
                self._is_away = True
            self._stop.wait(self._look_seconds)

    def _make(self, day: date) -> None:
        began = time.monotonic()
        with subprocess.Popen([*self._command, day.isoformat()], stdout=subprocess.DEVNULL) as child:
            os.setpriority(os.PRIO_PROCESS, child.pid, _NICE)
            while child.poll() is None:
                if self._stop.wait(0.2):
                    # What is half made is swept by the next one.
                    child.terminate()
                    return
        if child.returncode:
            self._not_before[day] = time.monotonic() + RETRY_SECONDS
            logger.warning("document=%s not made: status=%d", day, child.returncode)
        else:
            logger.info("document=%s seconds=%.1f", day, time.monotonic() - began)
