"""What a fleet's GPUs work for: jobs that come, wait in a queue, run on GPUs of one node and end. Pure and seeded."""

from __future__ import annotations

import heapq
import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from kafka_producer.simulate.demand import IDLE, Demand

_TRAINING = Demand(work=0.98, restless=0.008, memory_work=0.55, memory_used=0.86, cpu=0.4)
_INFERENCE = Demand(work=0.45, restless=0.1, intensity=0.85, memory_work=0.6, memory_used=0.7, cpu=0.3)
_CHECKPOINT_EVERY = 600.0
_CHECKPOINT = 12.0
"""Seconds for which a training stands still while it is saved."""
_DAY = 86_400.0


class Kind(NamedTuple):
    """Numbers of ours: they make a mix of long trainings, services and short jobs on a busy cluster."""

    queue: str
    names: tuple[str, ...]
    share: float
    """Of all jobs."""
    sizes: tuple[int, ...]
    """GPUs that one may want."""
    hours: float
    """Median of how long it runs."""
    batch_seconds: float
    demand: Demand


KINDS = (
    Kind("training", ("llm", "vision", "speech"), 0.3, (2, 4, 8), 3.0, 1.4, _TRAINING),
    Kind("inference", ("chat", "search", "ranking"), 0.3, (1, 2), 2.0, 0.08, _INFERENCE),
    Kind("batch", ("embed", "tune", "eval"), 0.4, (1, 1, 2), 0.4, 0.5, _TRAINING._replace(work=0.85, restless=0.04)),
)
BUSY = 0.85
"""Share of the GPUs that the jobs which come would keep busy."""


@dataclass(slots=True)
class Job:
    """Seconds since the beginning of the simulation."""

    name: str
    kind: Kind
    size: int
    duration: float
    intensity: float
    phase: float
    begin: float = 0.0
    slots: tuple[int, ...] = ()
    """Numbers of its GPUs, over the whole fleet."""

    def demand(self, moment: float) -> Demand:
        """What it asks of each of its GPUs."""
        demand = self.kind.demand
        if self.kind.queue == "inference":
            # People ask by day: least at four in the morning.
            day = 0.5 - 0.5 * math.cos(math.tau * (moment / _DAY - 4 / 24))
            return demand._replace(work=demand.work * (0.3 + 1.0 * day), intensity=self.intensity)
        if self.is_saving(moment):
            return demand._replace(work=0.12, intensity=self.intensity)
        return demand._replace(intensity=self.intensity)

    def is_saving(self, moment: float) -> bool:
        """A training stands still while its state is written down."""
        return self.kind.queue == "training" and (moment - self.begin + self.phase) % _CHECKPOINT_EVERY < _CHECKPOINT


class Work:
    """The cluster's scheduler: first come, first served, each job within one node."""

    def __init__(self, random: Random, nodes: int, gpus: int, kept_busy: Iterable[int] = ()) -> None:
        """``kept_busy``: GPUs of a story, by their numbers over the whole fleet: each has a training that never ends,
        or there might be nothing to see of what breaks in it."""
        self.queue: deque[Job] = deque()
        self.of_slot: list[Job | None] = [None] * (nodes * gpus)
        self._random = random
        self._gpus = gpus
        self._nodes = nodes
        self._count = 0
        self._ends: list[tuple[float, str, Job]] = []
        self._free = [gpus] * nodes
        mean = sum(kind.share * _mean([min(size, gpus) for size in kind.sizes]) * _mean_seconds(kind) for kind in KINDS)
        self._between = mean / (BUSY * nodes * gpus)
        """Seconds from one job to the next, on average."""
        self._next = 0.0
        for slot in sorted(kept_busy):
            self._count += 1
            job = Job(f"training-story-{self._count:05}", KINDS[0], 1, math.inf, 1.0, 0.0, slots=(slot,))
            self.of_slot[slot] = job
            self._free[slot // gpus] -= 1
            heapq.heappush(self._ends, (math.inf, job.name, job))
        # A cluster that has been at work for long: its first jobs are somewhere in their lives.
        while sum(self._free) > (1 - BUSY) * nodes * gpus and len(self.queue) < 3:
            job = self._drawn()
            job.duration *= random.random()
            self.queue.append(job)
            self._start(0.0)

    def advance(self, moment: float) -> None:
        """To ``moment``, which never goes back."""
        while True:
            comes, ends = self._next, self._ends[0][0] if self._ends else math.inf
            first = min(comes, ends)
            if first > moment:
                return
            if ends <= comes:
                _, _, job = heapq.heappop(self._ends)
                for slot in job.slots:
                    self.of_slot[slot] = None
                self._free[job.slots[0] // self._gpus] += job.size
            else:
                if moment > 0 and len(self.queue) < 4 * self._nodes + 20:
                    self.queue.append(self._drawn())
                self._next = comes + self._random.expovariate(1 / self._between)
            self._start(first)

    def demand(self, slot: int, moment: float) -> Demand:
        job = self.of_slot[slot]
        return IDLE if job is None else job.demand(moment)

    def running(self) -> Iterator[Job]:
        return (job for _, _, job in self._ends)

    def depths(self) -> dict[str, int]:
        """Queue -> jobs that wait."""
        waiting = Counter(job.kind.queue for job in self.queue)
        return {kind.queue: waiting[kind.queue] for kind in KINDS}

    def _drawn(self) -> Job:
        random = self._random
        kind = random.choices(KINDS, [each.share for each in KINDS])[0]
        self._count += 1
        size = min(random.choice(kind.sizes), self._gpus)
        seconds = 3600 * kind.hours * math.exp(random.gauss(0, 0.6))
        name = f"{kind.queue}-{random.choice(kind.names)}-{self._count:05}"
        return Job(name, kind, size, seconds, random.uniform(0.9, 1.08) * kind.demand.intensity, random.uniform(0, 600))

    def _start(self, moment: float) -> None:
        while self.queue:
            size = self.queue[0].size
            # The fullest node that still fits, so that whole nodes stay free for large jobs.
            fitting = [node for node in range(self._nodes) if self._free[node] >= size]
            if not fitting:
                return
            node = min(fitting, key=self._free.__getitem__)
            job = self.queue.popleft()
            slots = range(node * self._gpus, (node + 1) * self._gpus)
            job.slots = tuple([slot for slot in slots if self.of_slot[slot] is None][:size])
            job.begin = moment
            self._free[node] -= size
            for slot in job.slots:
                self.of_slot[slot] = job
            heapq.heappush(self._ends, (moment + job.duration, job.name, job))


def _mean(values: list[int]) -> float:
    return sum(values) / len(values)


def _mean_seconds(kind: Kind) -> float:
    return 3600 * kind.hours * math.exp(0.6**2 / 2)
