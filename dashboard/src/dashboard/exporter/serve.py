"""The page, until it is told to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from dashboard.exporter.disks import Disks
from dashboard.exporter.gpus import Gpus
from dashboard.exporter.kafka import Kafka
from dashboard.exporter.processes import Latencies, Processes
from dashboard.exporter.programs import Programs
from dashboard.status.keeper import Keeper
from dashboard.stores.live_kafka import Feed
from dashboard.stores.pipeline_kafka import KafkaPipeline
from telemetry import catalogue
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings


@contextmanager
def served(settings: Settings) -> Iterator[None]:
    """On EXPORTER_HOST and EXPORTER_PORT. Raises Misconfigured where the port is taken or the catalogue is wrong."""
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    clock = SystemClock()
    feed = Feed(settings)
    registry = CollectorRegistry()
    latencies = Latencies(registry, feed)
    kafka = Kafka(settings, latencies.look)
    for each in (
        Processes(feed, KafkaPipeline(settings, feed)),
        kafka,
        Disks(settings.gpustream_run_dir),
        Programs(Keeper(settings.gpustream_run_dir)),
        Gpus(metrics, feed, clock, frozenset(settings.exporter_names.split(","))),
    ):
        registry.register(each)
    try:
        server, thread = start_http_server(settings.exporter_port, settings.exporter_host, registry)
    except OSError as error:
        raise Misconfigured(
            "settings: EXPORTER_HOST, EXPORTER_PORT",
            f"{settings.exporter_host}:{settings.exporter_port} ({error.strerror})",
            "an address and a free port of this machine",
        ) from error
    feed.start()
    kafka.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
        kafka.close()
        feed.close()


def wait_for_the_end(stopped: threading.Event) -> None:
    """Wakes up now and then: a signal is handled between two waits."""
    while not stopped.wait(1.0):
        pass
