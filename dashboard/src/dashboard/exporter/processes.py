"""What our processes say of themselves, and how long records take: from the topic gpu-pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from dashboard.stores.live import Live
from dashboard.stores.pipeline import Pipeline

BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900)
"""Seconds: alerts come within 0.1 s, the lake is written each 20 s, an import takes minutes."""


class Processes:
    """prometheus_client's collector protocol."""

    def __init__(self, live: Live, pipeline: Pipeline) -> None:
        self._live = live
        self._pipeline = pipeline

    def collect(self) -> Iterator[Metric]:
        state = self._live.state()
        yield _gauge("gpustream_feed_up", "Whether the exporter follows Kafka.", state.state == "live")
        yield _gauge(
            "gpustream_feed_readings_per_second", "Readings that arrive, of the last 10 s.", state.readings_per_second
        )
        yield from self._of_reports()

    def _of_reports(self) -> Iterator[Metric]:
        names = ("process",)
        age = GaugeMetricFamily("gpustream_process_report_age_seconds", "Since a process spoke.", labels=names)
        lag = GaugeMetricFamily("gpustream_process_lag_records", "Records before a process.", labels=names)
        latency = GaugeMetricFamily(
            "gpustream_process_latency_seconds", "From Kafka to the store, the slowest record.", labels=names
        )
        memory = GaugeMetricFamily("gpustream_process_memory_bytes", "Resident memory.", labels=names)
        starts = GaugeMetricFamily("gpustream_process_starts", "How often it was started.", labels=names)
        received = CounterMetricFamily("gpustream_process_received", "Records taken, since its start.", labels=names)
        sent = CounterMetricFamily("gpustream_process_sent", "Records passed on, since its start.", labels=names)
        rejected = CounterMetricFamily(
            "gpustream_process_rejected", "Records that could not be used.", labels=("process", "reason")
        )
        stores = GaugeMetricFamily(
            "gpustream_store_figure",
            "What a process measured of what it reads from or writes to.",
            labels=("process", "figure"),
        )
        seconds = GaugeMetricFamily(
            "gpustream_scrape_duration_seconds",
            "How long a collector's last question to a target took, or has taken so far.",
            labels=("process", "target"),
        )
        success = GaugeMetricFamily(
            "gpustream_scrape_success", "Whether the target answered it.", labels=("process", "target")
        )
        for each in self._pipeline.processes():
            report = each.report
            name = (report.process,)
            age.add_metric(name, each.age_seconds)
            memory.add_metric(name, report.memory_bytes)
            starts.add_metric(name, report.starts)
            received.add_metric(name, report.received)
            sent.add_metric(name, report.sent)
            if report.lag is not None:
                lag.add_metric(name, report.lag)
            if report.latency_seconds is not None:
                latency.add_metric(name, report.latency_seconds)
            for reason, count in report.rejected.items():
                rejected.add_metric((report.process, reason), count)
            for figure, value in report.gauges.items():
                stores.add_metric((report.process, figure), value)
            for target, scrape in report.targets.items():
                seconds.add_metric((report.process, target), scrape.seconds)
                success.add_metric((report.process, target), float(scrape.success))
        yield from (age, lag, latency, memory, starts, received, sent, rejected, stores, seconds, success)


class Latencies:
    """A histogram of what each report says: by stage, the slowest record of its newest batch."""

    def __init__(self, registry: CollectorRegistry, live: Live) -> None:
        self._live = live
        self._seen: dict[str, str] = {}
        self._histogram = Histogram(
            "gpustream_stage_latency_seconds",
            "From Kafka's timestamp to the store's acknowledgement, the slowest record of each report.",
            labelnames=("process",),
            buckets=BUCKETS,
            registry=registry,
        )

    def look(self) -> None:
        """More often than each 10 s, which is how often processes report."""
        for report in self._live.pipeline():
            if self._seen.get(report.process) != report.time and report.latency_seconds is not None:
                self._seen[report.process] = report.time
                self._histogram.labels(report.process).observe(report.latency_seconds)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))
