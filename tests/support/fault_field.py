"""The whole platform under a load of known size, and the harm that a test does to it."""

from __future__ import annotations

import configparser
import os
import shlex
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dashboard.stores.away import Away, Missing
from dashboard.stores.reports_hdfs import HdfsReports
from support.fault_load import BIN, Outcome, Running, Sent, process_environment
from support.identities import eventually
from support.kept import Kept
from support.platform import ROOT, Platform
from support.small_disk import SmallDisk
from telemetry.settings import Settings

SETTLING = 3
"""Loads that are counted at a time."""


@dataclass
class Field:
    """Harm by the names of ./start.sh's processes."""

    platform: Platform
    disks: Mapping[str, SmallDisk]
    """Folder below the data -> the disk that it is."""

    @property
    def environment(self) -> dict[str, str]:
        return self.platform.environment | {"STATE_DIR": str(self.platform.run_dir / "state")}

    def load(self, name: str, seconds: int) -> Running:
        """Begins."""
        return Running(self.platform.folder, self.environment, name, seconds)

    def settled(self, running: Running, outcome: Outcome, sent: int = 0, **settings: str) -> Outcome:
        """Once the load is sent: waits until everything has arrived, and counts."""
        taken = sent or running.wait()
        began = time.monotonic()
        outcome.counts |= running.arrived(taken, self.environment | settings)
        outcome.seconds = time.monotonic() - began
        return outcome

    def all_settled(self, loads: Iterable[Sent], record: Callable[[Outcome], None]) -> None:
        """Each load is counted, and its outcome given to ``record``, while those after it run.

        Raises what went wrong first, once all are counted.
        """

        def count(sent: Sent, ended: float) -> None:
            outcome = self.settled(sent.running, sent.outcome)
            outcome.seconds = time.monotonic() - ended
            outcome.counts |= sent.also()
            record(outcome)

        with ThreadPoolExecutor(SETTLING) as beside:
            counted = []
            for each in loads:
                each.running.wait()
                counted.append(beside.submit(count, each, time.monotonic()))
        for done in counted:
            done.result()

    def control(self, *words: str) -> str:
        socket = f"unix://{self.platform.run_dir}/supervisor.sock"
        command = [str(BIN / "supervisorctl"), "-s", socket, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def pids(self) -> dict[str, int]:
        """Those that run."""
        socket = f"unix://{self.platform.run_dir}/supervisor.sock"
        # Not `control`: it ends with 3 where a program stands still, as those of a profile that is off do.
        told = subprocess.run([str(BIN / "supervisorctl"), "-s", socket, "status"], capture_output=True, text=True)
        assert told.returncode in {0, 3}, told.stdout
        lines = [line.split() for line in told.stdout.splitlines()]
        return {words[0]: int(words[3].rstrip(",")) for words in lines if words[1] == "RUNNING"}

    def kill(self, name: str) -> None:
        """As a crash: the process alone, at once. Whatever keeps the platform must bring it back."""
        os.kill(self.pid(name), signal.SIGKILL)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """It is there and does not answer: every process of its group stands still."""
        group = os.getpgid(self.pid(name))
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Connections are refused."""
        self.control("stop", name)
        try:
            yield
        finally:
            self.control("start", name)

    @contextmanager
    def instead(self, name: str, **settings: str) -> Iterator[None]:
        """The same program with other settings in the place of the one that supervisord keeps."""
        with self.stopped(name):
            environment = self._keepers_environment() | settings
            config = configparser.RawConfigParser(strict=False, inline_comment_prefixes=None)
            config.read(ROOT / "config/supervisor/supervisord.conf")
            # As supervisord writes them: %(ENV_NAME)s.
            command = config[f"program:{name}"]["command"] % {f"ENV_{key}": value for key, value in environment.items()}
            log = self.platform.run_dir / "logs" / f"{name}.log"
            kept = Kept(shlex.split(command), environment, log)
            try:
                yield
            finally:
                kept.end()

    def pid(self, name: str) -> int:
        # One that was killed a moment ago has none until it is back.
        return eventually(lambda: int(self.control("pid", name)), lambda pid: pid > 0)

    def _keepers_environment(self) -> dict[str, str]:
        """That of supervisord: start.sh has put every setting into it."""
        pid = int((self.platform.run_dir / "supervisord.pid").read_text())
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return dict(each.decode().split("=", 1) for each in entries if b"=" in each)

    def batch(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """``./start.sh submit batch`` with these arguments, not waited for, in a group of its own."""
        return subprocess.Popen(
            [str(ROOT / "start.sh"), "submit", "batch", *arguments], cwd=ROOT, env=self.environment | settings,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def reported(self, day: date) -> Counter[str]:
        """GPU -> readings of that day, as the report ``summary`` tells them; empty without it."""
        with process_environment(self.environment):
            settings = Settings.load()
        try:
            rows = HdfsReports(settings).rows("summary", day)
        except (Missing, Away):
            return Counter()
        return Counter({row["gpu"]: row["readings"] for row in rows})
