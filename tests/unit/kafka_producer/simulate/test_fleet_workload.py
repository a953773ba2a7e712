"""What the programs on a simulated fleet say of themselves: it follows from the state of their GPUs."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kafka_producer.simulate.fleet import page, workload
from kafka_producer.simulate.fleet.cluster import Cluster
from kafka_producer.simulate.fleet.models import MODELS
from kafka_producer.simulate.fleet.scenarios import SCENARIOS
from kafka_producer.simulate.fleet.work import KINDS, Job

HOUR = 3600.0
FOUR, NOON = 4 * HOUR, 16 * HOUR
"""When fewest and when most people ask."""


def job(queue: str, *, size: int = 2, begin: float = 0.0) -> Job:
    (kind,) = (each for each in KINDS if each.queue == queue)
    return Job(f"{queue}-x-00001", kind, size, math.inf, 1.0, 30.0, begin=begin, slots=tuple(range(size)))


def test_loss_falls_with_the_steps_and_belongs_to_trainings_alone() -> None:
    training = job("training", begin=100.0)
    seconds = training.kind.batch_seconds
    losses = [workload.loss(training, seconds, 100.0 + hours * HOUR) for hours in (0, 1, 4, 24, 240)]
    assert all(later < earlier for earlier, later in pairwise([each for each in losses if each is not None]))
    assert losses[0] == pytest.approx(10.2, rel=0.03)
    # The same time on GPUs that are slower: fewer steps.
    slow = workload.loss(training, 2 * seconds, 100.0 + HOUR)
    assert slow is not None
    assert losses[1] is not None
    assert slow > losses[1]
    assert workload.loss(job("inference"), 0.08, HOUR) is None


def test_a_training_stands_still_while_it_saves_itself() -> None:
    training = job("training")
    saving = next(moment for moment in range(600) if training.is_saving(moment))
    assert workload.samples_per_second(training, 1.4, saving) == 0.0
    assert workload.samples_per_second(training, 1.4, saving + 60) == pytest.approx(16 * 2 / 1.4)
    assert workload.samples_per_second(training, 2.8, saving + 60) == pytest.approx(16 * 2 / 2.8)


def test_latency_grows_with_the_load_of_the_day_and_with_a_slow_gpu() -> None:
    service = job("inference")
    seconds = service.kind.batch_seconds
    quiet, busy = (workload.latency(service, seconds, moment) for moment in (FOUR, NOON))
    slow = workload.latency(service, 1.5 * seconds, NOON)
    assert quiet
    assert busy
    assert slow
    assert seconds * math.log(2) < quiet.p50 < busy.p50 < slow.p50 / 1.5
    assert busy.p99 == pytest.approx(busy.p50 * math.log(100) / math.log(2))
    # Ten times as slow: the service is full, and says so in a number.
    full = workload.latency(service, 10 * seconds, NOON)
    assert full
    assert math.isfinite(full.p99)
    assert workload.samples_per_second(service, seconds, FOUR) < workload.samples_per_second(service, seconds, NOON)
    assert workload.latency(job("batch"), 0.5, NOON) is None


def test_every_job_of_a_node_is_on_its_page_as_prometheus_reads_it() -> None:
    story = SCENARIOS["healthy"]
    cluster = Cluster([MODELS["a100"]], nodes=4, gpus=8, scenario=story, seed=3, rates=0.0, tick=5.0)
    cluster.advance(HOUR)
    told: dict[str, list[dict[str, str]]] = {}
    for node in cluster.nodes:
        for family in text_string_to_metric_families(page.text(cluster, node, "4.6")):
            if family.name.startswith("gpustream_"):
                told.setdefault(family.name, []).extend(sample.labels for sample in family.samples)
                assert all(math.isfinite(sample.value) for sample in family.samples)
    jobs = {each.name: each.kind.queue for each in cluster.work.running()}
    assert set(jobs.values()) == {"training", "inference", "batch"}
    of = "gpustream_throughput_samples_per_second"
    assert {each["hpc_job"]: each["queue"] for each in told[of]} == jobs
    trainings = {name for name, queue in jobs.items() if queue == "training"}
    assert {each["hpc_job"] for each in told["gpustream_training_loss"]} == trainings
    services = {name for name, queue in jobs.items() if queue == "inference"}
    answers = {(each["hpc_job"], each["quantile"]) for each in told["gpustream_inference_latency_seconds"]}
    assert answers == {(name, quantile) for name in services for quantile in ("0.5", "0.99")}
