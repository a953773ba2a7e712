"""The whole platform under a load of known size, and the harm that a test does to it."""

from __future__ import annotations

import configparser
import shlex
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from dashboard.stores.away import Away, Missing
from dashboard.stores.reports_hdfs import HdfsReports
from support import processes
from support.fault_engines import settings_of
from support.fault_load import BIN, Outcome, Running, Sent
from support.fault_looks import Look
from support.identities import eventually
from support.kept import Kept
from support.platform import ROOT, Platform
from support.small_disk import SmallDisk

SETTLING = 3
"""Loads that are counted at a time."""
Part = Literal["process", "children", "all"]


@dataclass
class Field:
    """Harm by the names of ./start.sh's processes."""

    platform: Platform
    disks: Mapping[str, SmallDisk]
    """Folder below the data -> the disk that it is."""
    looks: list[Look] = field(default_factory=list)
    """Every load that was counted: all of them are looked at once more in the end."""

    @property
    def environment(self) -> dict[str, str]:
        return self.platform.environment | {"STATE_DIR": str(self.platform.run_dir / "state")}

    def load(self, name: str, seconds: int) -> Running:
        """Begins."""
        return Running(self.platform.folder, self.environment, name, seconds)

    def settled(self, running: Running, outcome: Outcome, **settings: str) -> Outcome:
        """Once the load is sent: waits until everything has arrived, and counts."""
        taken = running.wait()
        began = time.monotonic()
        outcome.counts |= running.arrived(taken, self.environment | settings)
        outcome.seconds = time.monotonic() - began
        # Else nothing that a process must remember over a kill was looked at.
        assert {"firing", "resolved"} <= {state for _, _, state, _ in running.alerts}
        self.looks.append(Look(running.load, taken, running.alerts, outcome))
        return outcome

    def all_settled(self, harms: Iterable[Callable[[], Sent]], record: Callable[[Outcome], None]) -> None:
        """Each load is counted, and its outcome given to ``record``, while those after it run.

        Raises what went wrong first, once all have run and are counted.
        """

        def count(sent: Sent, ended: float) -> None:
            outcome = self.settled(sent.running, sent.outcome)
            outcome.seconds = time.monotonic() - ended
            outcome.counts |= sent.also()
            record(outcome)

        counted: list[Future[None]] = []
        with ThreadPoolExecutor(SETTLING) as beside:
            for harm in harms:
                try:
                    sent = harm()
                    sent.running.wait()
                except Exception as error:
                    failed: Future[None] = Future()
                    failed.set_exception(error)
                    counted.append(failed)
                else:
                    counted.append(beside.submit(count, sent, time.monotonic()))
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

    def kill(self, name: str, part: Part = "process") -> None:
        """As a crash: the process alone, what it has started alone, or both, at once. Whatever keeps the platform must
        bring it back."""
        for _ in range(10):
            pid = self.pid(name)
            below = processes.below(pid)
            pids = {"process": [pid], "children": below, "all": [pid, *below]}[part]
            assert pids, f"{name} has no {part}"
            if processes.send(pids, signal.SIGKILL):
                return
        raise AssertionError(f"{name} ended again and again by itself")

    def kill_all(self, names: Iterable[str]) -> None:
        """In this order and at one moment."""
        wanted = list(names)
        # One that the harm before has killed must be back, or it would be left out of this one.
        running = eventually(self.pids, lambda running: running.keys() >= {*wanted})
        assert processes.send([running[name] for name in wanted], signal.SIGKILL)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """It is there and does not answer: it and every process below it stand still."""
        pid = self.pid(name)
        stopped: list[int] = []
        try:
            # One that was started meanwhile, by one that did not stand yet, is found by the next look.
            while fresh := [each for each in (pid, *processes.below(pid)) if each not in stopped]:
                processes.send(fresh, signal.SIGSTOP)
                stopped += fresh
            assert eventually(lambda: processes.stand_still(stopped), bool), f"{name} goes on"
            yield
        finally:
            processes.send(stopped[::-1], signal.SIGCONT)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Connections are refused."""
        self.control("stop", name)
        assert name not in self.pids()
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
        """Of the program itself: supervisord starts a script that becomes it."""

        def running() -> int:
            pid = self.pids().get(name, 0)
            known = self.platform.run_dir / "pids" / name
            return pid if pid and known.read_text().split()[0] == str(pid) else 0

        # One that was killed a moment ago has none until it is back.
        pid = eventually(running, bool)
        assert pid, f"{name} does not run"
        return pid

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
        try:
            rows = HdfsReports(settings_of(self.environment)).rows("summary", day)
        except (Missing, Away):
            return Counter()
        return Counter({row["gpu"]: row["readings"] for row in rows})
