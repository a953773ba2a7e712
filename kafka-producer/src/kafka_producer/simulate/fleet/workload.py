"""What programs on a simulated fleet would say of themselves: throughput, training loss, latency of inference. Pure.

Numbers are ours, shapes are the field's: loss falls as a power of the steps (arXiv 2001.08361), and who asks a busy
service waits in its queue (M/M/1: times are exponential, their mean grows with 1 / (1 - load)).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from kafka_producer.simulate.fleet.work import Job

SAMPLES: Final = {"training": 16, "inference": 4, "batch": 64}
"""Queue -> samples that one GPU has in a batch."""
_FLOOR, _FALL, _EXPONENT = 1.7, 8.5, 0.25
_WOBBLE, _WOBBLE_STEPS = 0.02, 37.0
_FULL = 0.97
"""Load of a service beyond which it turns people away: its queue does not grow without end."""


class Latency(NamedTuple):
    """Seconds in which half, and 99 of 100, of the answers of a service come."""

    p50: float
    p99: float


def samples_per_second(job: Job, batch_seconds: float, moment: float) -> float:
    """0 while a training saves itself. ``batch_seconds``: how long a batch takes its slowest GPU."""
    if job.is_saving(moment):
        return 0.0
    most = SAMPLES[job.kind.queue] * job.size / batch_seconds
    # People ask a service for less than it could do; the others do what they can.
    return most * min(1.0, job.demand(moment).work) if job.kind.queue == "inference" else most


def loss(job: Job, batch_seconds: float, moment: float) -> float | None:
    """Of a training, in nats per token; None for other jobs."""
    if job.kind.queue != "training":
        return None
    steps = max(0.0, moment - job.begin) / batch_seconds
    wobble: float = 1 + _WOBBLE * math.sin(steps / _WOBBLE_STEPS + job.phase)
    return _FLOOR + _FALL * math.pow(1 + steps, -_EXPONENT) * wobble


def latency(job: Job, batch_seconds: float, moment: float) -> Latency | None:
    """Of a service; None for other jobs."""
    if job.kind.queue != "inference":
        return None
    # GPUs that are slower are busier with the same questions.
    load = min(_FULL, job.demand(moment).work * batch_seconds / job.kind.batch_seconds)
    mean = batch_seconds / (1 - load)
    return Latency(mean * math.log(2), mean * math.log(100))
