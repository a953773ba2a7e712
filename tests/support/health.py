"""The health engine's core without servers: readings in, events and scores out, time by the readings' own clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kafka_consumers.health import config
from kafka_consumers.health.fleet import Fleet
from kafka_consumers.health.judge import Judge
from kafka_consumers.health.transaction import Arrival, Transaction, judge_batch
from kafka_producer.simulate.fleet.cluster import Cluster
from kafka_producer.simulate.fleet.faults import parse
from kafka_producer.simulate.fleet.models import MODELS
from kafka_producer.simulate.fleet.scenarios import SCENARIOS
from telemetry import catalogue, topics, xid
from telemetry.health import HealthScore
from telemetry.messages import GpuEvent
from telemetry.reading import Mode, Reading
from telemetry.timestamp import MILLISECOND, SECOND, parse_time

ROOT = Path(__file__).parents[2]
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
XIDS = xid.load(ROOT / "config")
CONFIG = config.load(ROOT / "config" / "health.yaml", CATALOGUE)
START = parse_time("2026-11-23T10:00:00.000Z")
KEPT = 30 * 86_400 * SECOND


class World:
    """One engine's memory, and what it has told so far."""

    def __init__(self, rules: config.HealthConfig = CONFIG) -> None:
        self.judge = Judge(rules, CATALOGUE, XIDS)
        self.fleet = Fleet(dict, lambda _keys: {})
        self.told: list[GpuEvent] = []
        """In the order in which they were told, the same event again as it grows."""
        self.scores: list[HealthScore] = []
        self._offset = 0

    def read(self, *readings: Reading) -> None:
        """Each arrives at its own time."""
        for each in readings:
            self._hear(each, each.time)

    def hear(self, event: GpuEvent) -> None:
        self._hear(event, parse_time(event.last))

    def _hear(self, about: Reading | GpuEvent, arrived: int) -> None:
        topic = topics.GPU_METRICS if isinstance(about, Reading) else topics.GPU_EVENTS
        arrival = Arrival(topic, 0, self._offset, arrived, about)
        self._offset += 1
        key = arrival.track_key
        self._take(judge_batch(self.judge, self.fleet.of([] if key is None else [key]), {}, [arrival]))

    def wait(self, now: int, *, may_lose: bool = True) -> None:
        self._take(self.fleet.pass_time(self.judge, now, may_lose=may_lose, kept=KEPT))

    def _take(self, made: Transaction) -> None:
        self.fleet.keep(made)
        self.told += made.events.values()
        self.scores += made.scores.values()

    @property
    def events(self) -> list[GpuEvent]:
        """Each as it was told last."""
        return list({event.id: event for event in self.told}.values())

    def last_score(self, gpu: str) -> HealthScore:
        return next(each for each in reversed(self.scores) if each.gpu == gpu)


def shown(
    second: float, gpu: str = "n1:0", mode: Mode = "live", more: Mapping[str, float] | None = None, **metrics: float
) -> Reading:
    """A reading ``second`` seconds after START; ``more`` and ``metrics``: what it shows."""
    time = START + round(second * SECOND)
    host = gpu.partition(":")[0]
    row = time // MILLISECOND
    return Reading(
        f"dcgm:{gpu}",
        row,
        mode,
        row * MILLISECOND,
        None,
        gpu,
        host,
        "dcgm",
        "NVIDIA A100",
        {**(more or {}), **metrics},
        {},
    )


def every(
    seconds: Iterable[float], gpu: str = "n1:0", mode: Mode = "live", more: Mapping[str, float] | None = None,
    **metrics: float,
) -> Iterator[Reading]:  # fmt: skip
    return (shown(second, gpu, mode, more, **metrics) for second in seconds)


def simulated(
    scenario: str, seconds: int, *, model: str = "a100", nodes: int = 2, seed: int = 1, interval: int = 10
) -> Iterator[list[Reading]]:
    """What a collector would read of the simulated fleet, a list per poll of all nodes."""
    story = SCENARIOS[scenario]
    faults = [parse(text) for text in story.faults]
    cluster = Cluster([MODELS[model]], nodes=nodes, gpus=8, scenario=story, faults=faults, seed=seed)
    for second in range(interval, seconds + 1, interval):
        cluster.advance(second)
        now = START + second * SECOND
        yield [reading for node in cluster.nodes for reading in cluster.readings(node, now)]
