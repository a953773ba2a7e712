"""A load of known size on its way through a platform, and what must have become of it."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg

from kafka_producer.load import Load, peak, values
from support.alert_cases import CATALOGUE
from support.fault_engines import AlertRow, alerts_of, settings_of, stored_alerts
from support.identities import eventually
from support.platform import ROOT
from telemetry.timestamp import parse_time

T = TypeVar("T")

BIN = ROOT / ".venv/bin"
RATE, GPUS = 1000, 20
PATIENCE = 600
"""Seconds in which everything must have arrived once the harm is over."""


class Count(NamedTuple):
    """Of one store."""

    sent: int
    found: int
    missing: int
    double: int

    @property
    def is_right(self) -> bool:
        return self.sent == self.found and not (self.missing or self.double)

    @classmethod
    def of(cls, wanted: Counter[T], found: Counter[T]) -> Count:
        """``double`` also counts what was never sent."""
        return cls(wanted.total(), (found & wanted).total(), (wanted - found).total(), (found - wanted).total())


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

    @property
    def is_right(self) -> bool:
        return all(count.is_right for count in self.counts.values())


def nothing_else() -> dict[str, Count]:
    return {}


class Sent(NamedTuple):
    """A load that harm was done to, ready to be counted."""

    running: Running
    outcome: Outcome
    also: Callable[[], dict[str, Count]] = nothing_else
    """Counted once the load has arrived."""


class Running:
    """A load on its way."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        name: str,
        seconds: int,
        rate: int = RATE,
        gpus: int = GPUS,
        *,
        hot: bool = True,
    ) -> None:
        self.name = name
        self.seconds = seconds
        self._rate = rate
        self._gpus = gpus
        self.alerts: Counter[AlertRow] = Counter()
        """The changes that it must cause; known once it was counted."""
        self._lines = folder / f"load-{name}.jsonl"
        options = ["--json", *(["--hot"] if hot else []), "--name", name, "--rate", str(rate), "--gpus", str(gpus)]
        with self._lines.open("wb") as lines:
            self.process = subprocess.Popen(
                [str(BIN / "kafka-producer"), "load", *options, "--seconds", str(seconds)],
                env=environment, cwd=ROOT, stdout=lines,
            )  # fmt: skip
        eventually(self.told, bool)

    def told(self) -> dict[str, Any]:
        """What it says of itself: ``acknowledged``, ``begin`` and so on; nothing before Kafka answered."""
        whole = [line for line in self._lines.read_text().splitlines() if line.endswith("}")]
        return json.loads(whole[-1]) if whole else {}

    @property
    def begin(self) -> int:
        """Microseconds UTC."""
        return parse_time(self.told()["begin"])

    def until(self, share: float) -> None:
        """Until Kafka has taken this part of it."""
        wanted = int(share * self._rate * self.seconds)
        taken = eventually(lambda: self.told()["acknowledged"], lambda count: count >= wanted, self.seconds + PATIENCE)
        assert taken >= wanted

    def wait(self) -> int:
        """How many readings Kafka has taken: all of them."""
        status = self.process.wait(timeout=self.seconds + PATIENCE)
        assert status == 0, f"the load ended with {status}"
        taken: int = self.told()["acknowledged"]
        assert taken == self._rate * self.seconds
        return taken

    def arrived(self, sent: int, environment: Mapping[str, str]) -> dict[str, Count]:
        """Store -> what it holds of the first ``sent`` readings, and of the changes of alerts that they must cause."""
        # Working those out takes seconds, as does waiting for the stores.
        with ThreadPoolExecutor(1) as beside:
            working = beside.submit(self._alerts_of, sent, environment)
            counts = self.audited(sent, environment)
            self.alerts = working.result()
        return counts | {"alerts": Count.of(self.alerts, self._alerts(sent, environment))}

    def audited(self, sent: int, environment: Mapping[str, str]) -> dict[str, Count]:
        """Store -> what it holds of the first ``sent`` readings, once they are there or ``PATIENCE`` is over."""
        command = [str(BIN / "dashboard"), "audit", self.name, "--gpus", str(self._gpus), "--sent", str(sent)]
        done = subprocess.run(
            [*command, "--wait", str(PATIENCE), "--json"],
            env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in {0, 1}, done.stderr
        counts = {}
        for store, told in json.loads(done.stdout).items():
            assert isinstance(told, dict), f"{store}: {told}"
            assert told.pop("stray") == 0
            counts[store] = Count(**told)
        return counts

    def _alerts_of(self, sent: int, environment: Mapping[str, str]) -> Counter[AlertRow]:
        load = self.load
        config_dir = settings_of(environment).config_dir
        return Counter(alerts_of(load, map(load.reading, range(sent)), config_dir))

    def _alerts(self, sent: int, environment: Mapping[str, str]) -> Counter[AlertRow]:
        """In PostgreSQL, once there are as many as there must be."""
        end = self.load.due(sent - 1)

        def there() -> Counter[AlertRow]:
            try:
                return Counter(stored_alerts(self.load, end, environment))
            except psycopg.OperationalError:
                return Counter()  # the harm of a later load: it comes back

        return eventually(there, lambda found: found.total() >= self.alerts.total(), PATIENCE)

    @property
    def load(self) -> Load:
        return Load(self.told()["name"], self.begin, self._rate, self._gpus, values(CATALOGUE, 25), peak(CATALOGUE))


def at_moments(running: Running, moments: Sequence[float], harm: Callable[[], None]) -> None:
    """Does ``harm`` when these parts of the load have been taken, so that it happens under it."""
    for share in sorted(moments):
        running.until(share)
        harm()
