"""Makes the documents of days that were reported, wherever and by whomever the batch was run: it looks at the lake.

And it hands those that are due to be sent to the alert engine (handover.py).
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event, Thread
from types import TracebackType
from typing import Self

from dashboard.report.documents import Documents
from dashboard.report.handover import Handover
from dashboard.report.period import Period
from dashboard.stores.webhdfs import WebHdfs
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
RETRY_SECONDS = 900.0
"""After a document that could not be made: a day without readings has none."""
_NICE = 10
"""People who look at the console come first."""
_GRACE_SECONDS = 3.0
COMMAND = (sys.executable, "-m", "dashboard.main", "report", "--keep")


class DocumentKeeper:
    """A thread that looks, and a process per document, so that neither memory nor time is taken from who serves.

    ``with`` starts and ends it. Idempotent: a document that is younger than its tables is left alone.
    """

    def __init__(
        self,
        settings: Settings,
        handover: Handover | None = None,
        command: Sequence[str] = COMMAND,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """``handover``: where anybody is to be told."""
        self._documents = Documents(settings, WebHdfs(settings))
        self._handover = handover
        self._command = tuple(command)
        self._look_seconds = look_seconds
        self._stop = Event()
        self._not_before: dict[Period, float] = {}
        self._away: set[str] = set()
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
            # First: it makes what people wait for; after an import of years many others are to be made.
            if self._handover is not None:
                self._try("reports to be sent", partial(self._handover.step, self._make))
            self._try("documents", self._make_stale)
            self._stop.wait(self._look_seconds)

    def _try(self, what: str, act: Callable[[], None]) -> None:
        """Says once why it must wait; the next look does it."""
        try:
            act()
            self._away.discard(what)
        except (Unavailable, Misconfigured) as error:
            if what not in self._away:
                logger.warning("%s wait: %s", what, error)
            self._away.add(what)
        except Exception:
            # A fault of ours in one must not end the other for ever.
            logger.exception("fault in %s", what)

    def _make_stale(self) -> None:
        for day in self._documents.stale():
            self._make(Period(day, day))

    def _make(self, period: Period) -> None:
        if self._stop.is_set() or time.monotonic() < self._not_before.get(period, 0.0):
            return
        began = time.monotonic()
        what = "--date" if period.is_day else "--week"
        with subprocess.Popen([*self._command, what, period.name], stdout=subprocess.DEVNULL) as child:
            os.setpriority(os.PRIO_PROCESS, child.pid, _NICE)
            while child.poll() is None:
                if self._stop.wait(0.2):
                    # What is half made is swept by the next one.
                    child.terminate()
                    return
        if child.returncode:
            self._not_before[period] = time.monotonic() + RETRY_SECONDS
            logger.warning("document=%s not made: status=%d", period.name, child.returncode)
        else:
            logger.info("document=%s seconds=%.1f", period.name, time.monotonic() - began)
