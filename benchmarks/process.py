"""A program that a benchmark runs beside itself: waited for, measured, ended."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


def told(log: str) -> str:
    """Of a long log the end, and before it what names the causes."""
    lines = log.splitlines()
    return "\n".join([line[:300] for line in lines[:-20] if "Caused by" in line or "Error" in line][:20] + lines[-20:])


class Usage(NamedTuple):
    """Of a process and all that it has started, while they live."""

    cpu: float
    mebibytes: float


class Job:
    """A program in a session of its own: a driver has a JVM beside it, and Python workers."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip

    def until(self, done: Callable[[], bool], seconds: float) -> None:
        """Raises SystemExit with the end of its log where it ends before, or takes too long."""
        deadline = time.monotonic() + seconds
        while not done():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise SystemExit(f"{self._process.args!r} did not come to its end:\n{told(self.log())}")
            time.sleep(0.2)

    def wait(self, seconds: float) -> None:
        """To its end. Raises SystemExit where that is none of success."""
        if self._process.wait(seconds):
            raise SystemExit(f"{self._process.args!r} ended with {self._process.returncode}:\n{told(self.log())}")

    def watched(self, seconds: float) -> Usage:
        """To its end, and what it took until then: memory at its most. Raises SystemExit as :meth:`wait` does."""
        taken = Usage(0.0, 0.0)
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self.end()
                raise SystemExit(f"{self._process.args!r} took longer than {seconds} s:\n{told(self.log())}")
            now = self.usage()
            taken = Usage(max(taken.cpu, now.cpu), max(taken.mebibytes, now.mebibytes))
            time.sleep(0.2)
        self.wait(1)
        return taken

    def usage(self) -> Usage:
        ticks, pages = 0, 0
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                fields = (entry / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
            except (OSError, UnicodeDecodeError):
                continue
            if int(fields[3]) == self._process.pid:
                ticks += sum(int(field) for field in fields[11:15])
                pages += int(fields[21])
        return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 2**20)

    def ended(self) -> Usage:
        """What it has taken until now; then ends it."""
        taken = self.usage()
        self.end()
        return taken

    def end(self) -> None:
        """SIGTERM, and back when it is gone."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")
