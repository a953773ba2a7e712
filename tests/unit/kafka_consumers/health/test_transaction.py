"""Which records a batch judges, and in which order."""

from __future__ import annotations

from kafka_consumers.health.transaction import Arrival, as_they_came, judge_batch
from support.health import START, World, every, shown
from telemetry import topics
from telemetry.timestamp import SECOND


def arrivals(partition: int, seconds: list[int], gpu: str) -> list[Arrival]:
    return [
        Arrival(topics.GPU_METRICS, partition, offset, START + second * SECOND, shown(second, gpu, gpu_load=1))
        for offset, second in enumerate(seconds)
    ]


def test_partitions_are_judged_side_by_side_and_each_in_its_own_order() -> None:
    one, other = arrivals(0, [0, 20, 40], "n1:0"), arrivals(1, [10, 30, 5], "n1:1")
    order = [(each.partition, each.offset) for each in as_they_came([*one, *other])]
    assert [offset for partition, offset in order if partition == 0] == [0, 1, 2]
    # A broker whose clock went back: the order of the partition holds, or its records would be passed over.
    assert [offset for partition, offset in order if partition == 1] == [0, 1, 2]
    assert order[:4] == [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_what_was_judged_before_is_passed_over() -> None:
    world = World()
    batch = [
        Arrival(topics.GPU_METRICS, 0, offset, each.time, each)
        for offset, each in enumerate(every(range(0, 300, 10), gpu_load=1, last_xid=0))
    ]
    made = judge_batch(world.judge, world.fleet.of(()), {(topics.GPU_METRICS, 0): 28}, batch)
    assert made.positions == {(topics.GPU_METRICS, 0): 30}
    assert made.judged == {"repeated": 28, "judged": 2}
