"""A node of a simulated fleet as the text of a dcgm-exporter's page.

Which field tells which metric, and in which unit, stands in sources/dcgm/fields.py and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from kafka_producer.simulate.fleet import workload
from kafka_producer.simulate.fleet.cluster import Cluster, Node, work_labels
from kafka_producer.simulate.fleet.gpu import Gpu
from kafka_producer.simulate.fleet.work import Job
from kafka_producer.sources.dcgm.fields import Generation, written

_DRIVER = "550.54.15"


def text(cluster: Cluster, node: Node, names: Generation) -> str:
    """Of all its GPUs that are there, and after them what its scheduler says, without the label of a GPU."""
    of_metric: dict[str, list[str]] = {}
    for index, gpu in enumerate(node.gpus):
        if not gpu.is_there:
            continue
        labels = _labels(cluster, node, index, gpu)
        for metric, value in gpu.metrics().items():
            field = written(metric, names)
            of_metric.setdefault(field.name, []).append(f"{field.name}{{{labels}}} {field.write(value)!r}")
    lines: list[str] = []
    for name, samples in of_metric.items():
        lines += (f"# HELP {name} Simulated by gpustream.", f"# TYPE {name} gauge", *samples)
    lines += _of_the_scheduler(cluster, node)
    return "\n".join(lines) + "\n"


def _labels(cluster: Cluster, node: Node, index: int, gpu: Gpu) -> str:
    digest = hashlib.sha256(f"{node.host}:{index}".encode()).hexdigest()
    work = work_labels(cluster.job(node, index), index)
    pairs = {
        "gpu": str(index),
        "UUID": f"GPU-{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}",
        "pci_bus_id": f"00000000:{0x07 + 8 * index:02X}:00.0",
        "device": f"nvidia{index}",
        "modelName": gpu.model.name,
        "Hostname": node.host,
        "DCGM_FI_DRIVER_VERSION": _DRIVER,
        "container": work.get("container", ""),
        "namespace": work.get("namespace", ""),
        "pod": work.get("pod", ""),
        "hpc_job": work.get("job", ""),
    }
    return ",".join(f'{name}="{value}"' for name, value in pairs.items())


def _of_the_scheduler(cluster: Cluster, node: Node) -> Iterator[str]:
    if cluster.job(node, 0) is None and not any(cluster.job(node, index) for index in range(len(node.gpus))):
        return
    yield from _family("queue_depth", "Jobs that wait, over the whole fleet.")
    for queue, depth in cluster.work.depths().items():
        yield f'gpustream_queue_depth{{queue="{queue}"}} {depth}'
    jobs = {job.name: job for index in range(len(node.gpus)) if (job := cluster.job(node, index)) is not None}
    yield from _of_jobs(cluster, list(jobs.values()))


def _of_jobs(cluster: Cluster, jobs: Sequence[Job]) -> Iterator[str]:
    """What the programs would say of themselves."""
    now = cluster.moment
    timed = [(job, cluster.batch_seconds(job)) for job in jobs]
    yield from _family("batch_seconds", "How long a batch of a job takes now.")
    for job, seconds in timed:
        yield f'gpustream_batch_seconds{{hpc_job="{job.name}"}} {seconds:.4f}'
    yield from _family("throughput_samples_per_second", "What a job works off; 0 while a training saves itself.")
    for job, seconds in timed:
        rate = workload.samples_per_second(job, seconds, now)
        yield f"gpustream_throughput_samples_per_second{{{_names(job)}}} {rate:.2f}"
    yield from _family("training_loss", "Of each training, in nats per token.")
    for job, seconds in timed:
        if (loss := workload.loss(job, seconds, now)) is not None:
            yield f"gpustream_training_loss{{{_names(job)}}} {loss:.4f}"
    yield from _family("inference_latency_seconds", "Within which half and 99 of 100 answers of a service come.")
    for job, seconds in timed:
        if (latency := workload.latency(job, seconds, now)) is not None:
            yield f'gpustream_inference_latency_seconds{{{_names(job)},quantile="0.5"}} {latency.p50:.4f}'
            yield f'gpustream_inference_latency_seconds{{{_names(job)},quantile="0.99"}} {latency.p99:.4f}'


def _family(name: str, words: str) -> Iterator[str]:
    yield f"# HELP gpustream_{name} {words}"
    yield f"# TYPE gpustream_{name} gauge"


def _names(job: Job) -> str:
    return f'hpc_job="{job.name}",queue="{job.kind.queue}"'
