"""The whole platform under a load of known size, while a test does harm to it: what arrived, against what was sent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.matcher import Subject
from kafka_producer.load import Load, peak, values
from support.alert_cases import CATALOGUE, World
from support.alert_engine import query
from support.identities import eventually
from support.platform import ROOT, Platform
from telemetry.reading import Reading
from telemetry.settings import Settings
from telemetry.timestamp import parse_time

BIN = ROOT / ".venv/bin"
RATE, GPUS = 1000, 20
PATIENCE = 600
"""Seconds in which everything must have arrived once the harm is over."""

RULES = config.load(ROOT / "config/alerts.yaml", CATALOGUE)
FOUND_BY_DETECTORS = {binding.rule for _, binding in RULES.rules.bindings(Subject("a:0", "a", "load", None)).anomalies}

AlertRow = tuple[str, str, str, int]
"""gpu, rule, state, when (microseconds UTC)."""


class Count(NamedTuple):
    """Of one store."""

    sent: int
    found: int
    missing: int
    double: int

    @property
    def is_right(self) -> bool:
        return self.sent == self.found and not (self.missing or self.double)


@dataclass
class Outcome:
    """A row of the table."""

    harm: str
    to: str
    seed: int
    counts: dict[str, Count] = field(default_factory=dict)
    """Store -> what it holds."""
    seconds: float = 0.0
    """From the end of the load until all had arrived."""


class Running:
    """A load on its way."""

    def __init__(self, field_: Field, name: str, seconds: int) -> None:
        self.name = name
        self.seconds = seconds
        self._lines = field_.platform.folder / f"load-{name}.jsonl"
        options = ["--json", "--hot", "--name", name, "--rate", str(RATE), "--gpus", str(GPUS)]
        with self._lines.open("wb") as lines:
            self.process = subprocess.Popen(
                [str(BIN / "kafka-producer"), "load", *options, "--seconds", str(seconds)],
                env=field_.environment, cwd=ROOT, stdout=lines,
            )  # fmt: skip
        eventually(self.told, bool)

    def told(self) -> dict[str, Any]:
        """What it says of itself: ``acknowledged``, ``begin`` and so on; nothing before Kafka answered."""
        whole = [line for line in self._lines.read_text().splitlines() if line.endswith("}")]
        return json.loads(whole[-1]) if whole else {}

    def until(self, share: float) -> None:
        """Until Kafka has taken this part of it."""
        wanted = int(share * RATE * self.seconds)
        taken = eventually(lambda: self.told()["acknowledged"], lambda count: count >= wanted, self.seconds + PATIENCE)
        assert taken >= wanted

    def wait(self) -> int:
        """How many readings Kafka has taken: all of them."""
        status = self.process.wait(timeout=self.seconds + PATIENCE)
        assert status == 0, f"the load ended with {status}"
        taken: int = self.told()["acknowledged"]
        assert taken == RATE * self.seconds
        return taken


@dataclass
class Field:
    """Harm by the names of ./start.sh's processes."""

    platform: Platform

    @property
    def environment(self) -> dict[str, str]:
        return self.platform.environment | {"STATE_DIR": str(self.platform.run_dir / "state")}

    def control(self, *words: str) -> str:
        socket = f"unix://{self.platform.run_dir}/supervisor.sock"
        command = [str(BIN / "supervisorctl"), "-s", socket, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def kill(self, name: str) -> None:
        """As a crash: the process alone, at once. Whatever keeps the platform must bring it back."""
        os.kill(self._running(name), signal.SIGKILL)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """It is there and does not answer: every process of its group stands still."""
        group = os.getpgid(self._running(name))
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

    def _running(self, name: str) -> int:
        # One that was killed a moment ago has no pid until it is back.
        return eventually(lambda: int(self.control("pid", name)), lambda pid: pid > 0)

    def settled(self, running: Running, outcome: Outcome) -> Outcome:
        """Once the load is sent: waits until everything has arrived, and counts."""
        sent = running.wait()
        began = time.monotonic()
        command = [str(BIN / "dashboard"), "audit", running.name, "--gpus", str(GPUS), "--sent", str(sent)]
        done = subprocess.run(
            [*command, "--wait", str(PATIENCE), "--json"],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        for store, told in json.loads(done.stdout).items():
            assert isinstance(told, dict), f"{store}: {told}"
            assert told.pop("stray") == 0
            outcome.counts[store] = Count(**told)
        outcome.counts["alerts"] = self._alerts(running, sent)
        outcome.seconds = time.monotonic() - began
        return outcome

    def _alerts(self, running: Running, sent: int) -> Count:
        """Changes of alerts in PostgreSQL, against those that the rules make of the readings, undisturbed."""
        told = running.told()
        load = Load(told["name"], parse_time(told["begin"]), RATE, GPUS, values(CATALOGUE, 25), peak(CATALOGUE))
        wanted = Counter(_judged(load, sent))
        end = load.due(sent - 1)
        there = eventually(
            lambda: Counter(self.stored(load.host, end)), lambda found: found.total() >= wanted.total(), 120
        )
        return Count(
            wanted.total(), (there & wanted).total(), (wanted - there).total(), (there - wanted).total()
        )  # fmt: skip

    def stored(self, host: str, end: int) -> Iterator[AlertRow]:
        """Changes in PostgreSQL up to ``end``, of rules about readings.

        What the stream's detectors find depends on when its batches were cut.
        """
        with _environment(self.environment):
            settings = Settings.load()
        sql = "SELECT gpu, rule, c.state, time FROM changes c JOIN alerts a ON a.id = alert_id WHERE host = %s"
        for gpu, rule, state, at in query(settings, sql, host):
            time_ = round(at.timestamp() * 1_000_000)
            if time_ <= end and rule not in FOUND_BY_DETECTORS:
                yield gpu, rule, state, time_


def _judged(load: Load, sent: int) -> Iterator[AlertRow]:
    return judged_rows(load, map(load.reading, range(sent)))


def judged_rows(load: Load, readings: Iterable[Reading]) -> Iterator[AlertRow]:
    """What the rules make of ``readings``, those of each GPU in their order, undisturbed."""
    worlds = {f"{load.host}:{number}": World(Judge(RULES)) for number in range(load.gpus)}
    for reading in readings:
        worlds[reading.gpu].reading(reading, reading.time)
    for world in worlds.values():
        for change in world.changes:
            alert = change.alert
            if change.is_recorded:
                yield alert.subject.gpu, alert.rule, alert.state, alert.changed


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def at_moments(running: Running, moments: Sequence[float], harm: Callable[[], None]) -> None:
    """Does ``harm`` when these parts of the load have been taken, so that it happens under it."""
    for share in sorted(moments):
        running.until(share)
        harm()
