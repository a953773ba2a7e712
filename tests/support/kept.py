"""A program that is kept running as supervisord keeps it: one that ends is started anew."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.platform import ROOT

PAUSE = 1.0
"""Seconds until the next start."""
MOST = 30
"""Starts: what needs more does not run at all."""


class Kept:
    """Runs from its making to ``end``."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._ended = threading.Event()
        self._process = self._started()
        self._thread = threading.Thread(target=self._keep, name=f"keeper of {log.stem}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Raises AssertionError where it could not be kept."""
        kept = self._thread.is_alive()
        self._ended.set()
        self._process.terminate()
        self._process.wait(timeout=60)
        self._thread.join()
        # The keeper may have been about to start another.
        self._process.terminate()
        self._process.wait(timeout=60)
        assert kept, f"{self._log.stem} ended {MOST} times: {self._log.read_text()[-2000:]}"

    def _keep(self) -> None:
        for _ in range(MOST):
            self._process.wait()
            if self._ended.wait(PAUSE):
                return
            self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as said:
            return subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=said, stderr=said, start_new_session=True
            )
