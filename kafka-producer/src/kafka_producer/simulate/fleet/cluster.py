"""A simulated fleet through time: jobs, faults and every GPU, in steps, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from kafka_producer.simulate.fleet.faults import Fault, host_of
from kafka_producer.simulate.fleet.gpu import Gpu
from kafka_producer.simulate.fleet.models import Model
from kafka_producer.simulate.fleet.rates import drawn
from kafka_producer.simulate.fleet.scenarios import Scenario
from kafka_producer.simulate.fleet.work import Job, Work
from telemetry.errors import Misconfigured
from telemetry.reading import Reading, mode_of
from telemetry.timestamp import MILLISECOND

NODES_PER_RACK = 4
CLUSTER = "demo"
SOURCE = "simulate"
HORIZON = 366 * 86_400.0
"""Seconds for which faults are drawn."""


@dataclass(frozen=True, slots=True)
class Node:
    host: str
    rack: str
    gpus: tuple[Gpu, ...]
    first: int
    """Number of its first GPU, over the whole fleet."""
    faults: tuple[Fault, ...]
    """Of the node as a whole."""


class Cluster:
    """``faults``: all that will break, drawn ones too. Raises Misconfigured for a fault of a GPU that is not there."""

    def __init__(
        self,
        models: Sequence[Model],
        *,
        nodes: int,
        gpus: int,
        scenario: Scenario,
        faults: Sequence[Fault] = (),
        seed: int = 1,
        rates: float = 1.0,
        tick: float = 1.0,
    ) -> None:
        """Nodes are of ``models`` in turn. ``rates``: times the published ones. ``tick``: seconds of a step, at most
        :data:`kafka_producer.simulate.physics.LONGEST_STEP`."""
        self.moment = 0.0
        self.faults = list(faults)
        self._tick = tick
        self._scenario = scenario
        names = {host_of(f"node-{number}"): number for number in range(1, nodes + 1)}
        for fault in faults:
            if fault.host not in names or (fault.index is not None and fault.index >= gpus):
                expected = f"{' or '.join({'node-1', f'node-{nodes}'})}, GPUs 0 to {gpus - 1}"
                raise Misconfigured("--fault", f"{fault.kind} of {fault.gpu}", expected)
        given = self._by_gpu(faults)
        kept = {(names[host] - 1) * gpus + index for host, index in given if index is not None}
        self.work = Work(Random(f"{seed}/work"), nodes, gpus, kept)
        self.nodes: list[Node] = []
        for host, number in names.items():
            model = models[(number - 1) % len(models)]
            made = []
            for index in range(gpus):
                random = Random(f"{seed}/{number}/{index}")
                broken = [Fault(kind, host, index, at) for kind, at in drawn(model, random, rates, HORIZON)]
                self.faults += broken
                # The air warms up from the front of a node to its back: 1 K from one pair of GPUs to the next.
                inlet = 23.0 + index // 2 + random.uniform(-1, 1)
                made.append(Gpu(model, random, given.get((host, index), []) + broken, inlet))
            rack = f"r{(number - 1) // NODES_PER_RACK + 1}"
            whole = tuple(given.get((host, None), []))
            self.nodes.append(Node(host, rack, tuple(made), (number - 1) * gpus, whole))

    @staticmethod
    def _by_gpu(faults: Sequence[Fault]) -> dict[tuple[str, int | None], list[Fault]]:
        found: dict[tuple[str, int | None], list[Fault]] = {}
        for fault in faults:
            found.setdefault((fault.host, fault.index), []).append(fault)
        return found

    def advance(self, moment: float) -> None:
        """In whole steps to ``moment``, or up to one step before."""
        while self.moment + self._tick <= moment:
            before, self.moment = self.moment, self.moment + self._tick
            self.work.advance(self.moment)
            plan, happened = self._scenario.demand, self._scenario.happened
            same = plan(self.moment) if plan is not None else None
            counts = happened(before, self.moment) if happened is not None else None
            for node in self.nodes:
                for slot, gpu in enumerate(node.gpus, node.first):
                    demand = self.work.demand(slot, self.moment) if same is None else same
                    gpu.advance(demand, self.moment, self._tick)
                    if counts is not None:
                        gpu.add(*counts)

    def is_away(self, node: Node) -> bool:
        return any(fault.is_on(self.moment) for fault in node.faults)

    def job(self, node: Node, index: int) -> Job | None:
        """What its GPU of this index works for."""
        return self.work.of_slot[node.first + index] if self._scenario.demand is None else None

    def batch_seconds(self, job: Job) -> float:
        """All wait for the slowest of its GPUs."""
        gpus = self.nodes[0].gpus
        slowest = max(self.nodes[slot // len(gpus)].gpus[slot % len(gpus)].slowness for slot in job.slots)
        return job.kind.batch_seconds * max(1.0, slowest)

    def readings(self, node: Node, now: int) -> Iterator[Reading]:
        """What a collector would make of the node's page at ``now`` (microseconds UTC)."""
        if self.is_away(node):
            return
        row = now // MILLISECOND
        for index, gpu in enumerate(node.gpus):
            if not gpu.is_there:
                continue
            name = f"{node.host}:{index}"
            labels = {"cluster": CLUSTER, "rack": node.rack} | work_labels(self.job(node, index), index)
            metrics = gpu.metrics()
            used, free = metrics["gpu_memory_used"], metrics["gpu_memory_free"]
            metrics["gpu_memory_used_percent"] = round(100 * used / (used + free), 3)
            yield Reading(
                origin=f"{SOURCE}:{name}",
                row=row,
                mode=mode_of(node.host, now, now),
                time=row * MILLISECOND,
                recorded=None,
                gpu=name,
                host=node.host,
                source=SOURCE,
                model=gpu.model.name,
                metrics=metrics,
                flags={},
                labels=labels,
            )


def work_labels(job: Job | None, index: int) -> dict[str, str]:
    """As a reading has them; none of an idle GPU."""
    if job is None:
        return {}
    return {"namespace": job.kind.queue, "pod": f"{job.name}-{index}", "container": "main", "job": job.name}
