"""The page for Prometheus, without Kafka: what is on it, under which names, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dashboard.exporter.gpus import FRESH, REMEMBERED, Gpus
from dashboard.exporter.processes import Latencies, Processes
from dashboard.exporter.programs import Programs
from dashboard.status.keeper import Keeper, Program
from dashboard.stores.live_board import Board, Record
from dashboard.stores.pipeline_kafka import KafkaPipeline
from kafka_producer.sources.dcgm.page import parse
from support.console import ROOT
from support.readings import made_up
from telemetry import catalogue, topics
from telemetry.messages import PipelineReport
from telemetry.reading import MOST_LABELS, Mode, encode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time

NOW = 1_800_000_000 * SECOND
ALL = frozenset({"gpustream", "dcgm", "nvidia_gpu_exporter"})
MOST_ON_A_SERIES = 6
"""Labels: what dcgm-exporter's dashboards look for. Mimir refuses a series of more than 30 (dcgm-exporter#585)."""
METRICS = {
    "gpu_temperature": 61.5,
    "gpu_load": 97.0,
    "gpu_memory_used": 2048.0,
    "sm_clock": 1410.0,
    "total_energy": 12.5,
}


class Standing:
    """A clock that stands at one moment."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


class Page:
    """What a scrape gets."""

    def __init__(self, *collectors: Collector) -> None:
        registry = CollectorRegistry()
        for each in collectors:
            registry.register(each)
        self.text = generate_latest(registry).decode()

    def lines(self, begin: str) -> list[str]:
        return [line for line in self.text.splitlines() if line.startswith(begin)]


def board(*modes: Mode, arrived: int = NOW) -> Board:
    made = Board()
    readings = [
        made_up(n, arrived, gpu=f"desk-01:{n}", host="desk-01", mode=mode, metrics=METRICS)
        for n, mode in enumerate(modes)
    ]
    made.feed([Record(topics.GPU_METRICS, each.gpu.encode(), encode(each), arrived) for each in readings], NOW)
    return made


def gpus(live: Board, now: int = NOW, names: frozenset[str] = ALL) -> Gpus:
    return Gpus(catalogue.load(ROOT / "config" / "metrics.yaml"), live, Standing(now), names)


def test_readings_have_the_names_and_units_of_all_three() -> None:
    page = Page(gpus(board("live")))
    ours = 'gpu="desk-01:0",host="desk-01"'
    smi = 'platform="gpustream",uuid="desk-01:0"'
    for line in (
        f"gpustream_gpu_temperature_celsius{{{ours}}} 61.5",
        f"gpustream_gpu_load_ratio{{{ours}}} 0.97",
        f"gpustream_gpu_memory_used_bytes{{{ours}}} 2.147483648e+09",
        f"gpustream_gpu_sm_clock_hertz{{{ours}}} 1.41e+09",
        f"nvidia_smi_temperature_gpu{{{smi}}} 61.5",
        f"nvidia_smi_utilization_gpu_ratio{{{smi}}} 0.97",
        f"nvidia_smi_memory_used_bytes{{{smi}}} 2.147483648e+09",
    ):
        assert _sorted(line) in {_sorted(each) for each in page.text.splitlines()}
    assert page.lines("nvidia_smi_gpu_info")


def test_what_the_collector_reads_from_our_page_is_what_we_wrote() -> None:
    text = Page(gpus(board("live"), names=frozenset({"dcgm"}))).text
    (part,) = parse("\n".join(line for line in text.splitlines() if "DCGM_" in line)).parts
    assert (part.host, part.number) == ("desk-01", "0")
    assert part.metrics == pytest.approx(METRICS)


def test_only_the_names_that_are_asked_for() -> None:
    text = Page(gpus(board("live"), names=frozenset({"gpustream"}))).text
    assert "DCGM_" not in text
    assert "nvidia_smi" not in text


def test_an_import_is_no_now() -> None:
    page = Page(gpus(board("import", "demo")))
    assert "desk-01:0" not in page.text
    assert page.lines('gpustream_gpu_temperature_celsius{gpu="desk-01:1"')


def test_an_old_value_is_told_no_more_but_when_it_came_for_a_while() -> None:
    live = board("live")
    page = Page(gpus(live, NOW + FRESH + SECOND))
    assert not page.lines("gpustream_gpu_temperature_celsius{")
    assert page.lines("gpustream_gpu_last_reading_timestamp_seconds{")
    assert page.lines("gpustream_gpu_info{")
    page = Page(gpus(live, NOW + REMEMBERED + SECOND))
    assert not page.lines("gpustream_gpu_last_reading_timestamp_seconds{")


def report(process: str, time: int, **more: object) -> Record:
    made = PipelineReport.model_validate(
        {
            "process": process, "instance": "1", "host": "h", "time": format_time(time), "started": format_time(NOW),
            "starts": 3, "received": 100, "sent": 90, "rejected": {"not_json": 2}, "memory_bytes": 5000, **more,
        }
    )  # fmt: skip
    return Record(topics.GPU_PIPELINE, process.encode(), made.encode(), time)


def test_processes_are_told_by_name() -> None:
    live = Board()
    live.feed(
        [report("watch", NOW), report("influxdb-writer", NOW, lag=7, latency_seconds=0.3, gauges={"bytes": 1e6})], NOW
    )
    pipeline = KafkaPipeline(Settings(), live, Standing(NOW + 20 * SECOND))
    page = Page(Processes(live, pipeline))
    assert page.lines('gpustream_process_report_age_seconds{process="watch"} 20.0')
    assert page.lines('gpustream_process_rejected_total{process="watch",reason="not_json"} 2.0')
    assert page.lines('gpustream_process_starts{process="watch"} 3.0')
    assert not page.lines('gpustream_process_lag_records{process="watch"}')
    assert page.lines('gpustream_process_lag_records{process="influxdb-writer"} 7.0')
    assert page.lines('gpustream_store_figure{figure="bytes",process="influxdb-writer"} 1e+06')
    assert page.lines("gpustream_feed_up 0.0")


def test_peers_17_each_target_has_its_scrape_duration_and_success() -> None:
    live = Board()
    targets = {"http://node-1:9400/metrics": {"seconds": 0.03, "success": True}}
    targets |= {"http://node-2:9400/metrics": {"seconds": 5.0, "success": False}}
    live.feed([report("collect", NOW, targets=targets), report("watch", NOW)], NOW)
    page = Page(Processes(live, KafkaPipeline(Settings(), live, Standing(NOW))))
    assert page.lines("gpustream_scrape_duration_seconds{") == [
        'gpustream_scrape_duration_seconds{process="collect",target="http://node-1:9400/metrics"} 0.03',
        'gpustream_scrape_duration_seconds{process="collect",target="http://node-2:9400/metrics"} 5.0',
    ]
    assert [line.rpartition(" ")[2] for line in page.lines("gpustream_scrape_success{")] == ["1.0", "0.0"]


def test_peers_16_labels_of_a_reading_are_none_on_the_page() -> None:
    """A reading with all the labels that it may have makes the series that one without labels makes."""
    labels = {f"label_{number}": f"value-{number}" for number in range(MOST_LABELS)}
    pages = []
    for told in ({}, labels):
        made = Board()
        reading = made_up(0, NOW, gpu="desk-01:0", host="desk-01", mode="live", metrics=METRICS, labels=told)
        made.feed([Record(topics.GPU_METRICS, b"desk-01:0", encode(reading), NOW)], NOW)
        assert [dict(each.labels) for each in made.gpus()] == [told]
        pages.append(Page(gpus(made)).text)
    assert pages[0] == pages[1]
    most = max(len(sample.labels) for family in families(gpus(made)) for sample in family.samples)
    assert most <= MOST_ON_A_SERIES


def test_each_report_is_one_latency_of_its_stage() -> None:
    registry, live = CollectorRegistry(), Board()
    latencies = Latencies(registry, live)
    for n, seconds in enumerate((0.3, 0.3, 40.0)):
        live.feed([report("streaming", NOW + 10 * n * SECOND, latency_seconds=seconds)], NOW)
        latencies.look()
        latencies.look()
    text = generate_latest(registry).decode()
    assert 'gpustream_stage_latency_seconds_bucket{le="0.5",process="streaming"} 2.0' in text
    assert 'gpustream_stage_latency_seconds_count{process="streaming"} 3.0' in text


def _sorted(line: str) -> str:
    """Labels in one order, whatever the library's."""
    name, _, rest = line.partition("{")
    labels, _, value = rest.partition("}")
    return f"{name}{{{','.join(sorted(labels.split(',')))}}}{value}"


def families(collector: Collector) -> list[Metric]:
    return list(collector.collect())


def test_no_name_stands_twice_on_the_page() -> None:
    names = [family.name for family in families(gpus(board("live", "demo")))]
    assert len(set(names)) == len(names)


class Supervised:
    """What supervisord would say."""

    def programs(self) -> list[Program]:
        return [Program("watch", "RUNNING", 17, 60.0, 0), Program("report-scheduler", "STOPPED", 0, 0.0, 0)]


def test_what_supervisord_says_of_each_program() -> None:
    assert Page(Programs(Supervised())).lines("gpustream_program_running{") == [
        'gpustream_program_running{program="watch"} 1.0',
        'gpustream_program_running{program="report-scheduler"} 0.0',
    ]


def test_without_supervisord_nothing_is_said_of_programs(tmp_path: Path) -> None:
    assert Page(Programs(Keeper(tmp_path))).lines("gpustream_program_running{") == []
