"""Rules about gpustream itself: its processes, its servers, the machine under them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dashboard.prometheus.rule import Alert, Group, Record, Severity

INTERVAL = "10s"
"""What stops must be told within 60 s: a scrape (10 s), an evaluation, the patience of 20 s."""

SERVICES: Final = (
    "influxdb-writer",
    "timescale-writer",
    "alert-engine",
    "health-engine",
    "streaming",
    "watch",
    "collect",
    "demo",
    "fleet-collector",
)
"""Processes that run until they are stopped and say each 10 s how they are; others end when their work is done."""
_ALWAYS: Final = ("influxdb-writer", "alert-engine", "health-engine", "streaming", "watch")
_SILENT_BY_NATURE: Final = ("report-scheduler", "backup-scheduler", "gateway")
"""Programs that have no page and report nothing; supervisord tells of them."""
_SILENT_SECONDS = 30
"""Three reports."""
_LAG_RECORDS = 10_000
"""As Grafana's rule has it."""

READINGS = "platform:readings:rate1m"
P95 = "platform:api_latency_seconds:p95_5m"
P99 = "platform:api_latency_seconds:p99_5m"
ERRORS = "platform:api_errors:ratio5m"
DISK = "platform:disk_free:ratio"
MEMORY = "platform:memory_available:ratio"
CPU = "platform:cpu_busy:ratio5m"


def groups() -> list[Group]:
    return [Group("gpustream-platform", INTERVAL, (*_records(), *_alerts()))]


def _records() -> Iterator[Record]:
    buckets = "sum by (le, endpoint) (rate(gpustream_api_request_duration_seconds_bucket[5m]))"
    yield Record(READINGS, 'sum by (topic) (rate(gpustream_kafka_topic_records_total{topic="gpu-metrics"}[1m]))')
    yield Record(P95, f"histogram_quantile(0.95, {buckets})")
    yield Record(P99, f"histogram_quantile(0.99, {buckets})")
    counted = "rate(gpustream_api_request_duration_seconds_count"
    yield Record(ERRORS, f'sum({counted}{{status="5xx"}}[5m])) / (sum({counted}[5m])) > 0)')
    # What is read-only or in memory fills up by design.
    room = '{fstype!~"tmpfs|ramfs|squashfs|overlay|iso9660|erofs", mountpoint!~"/boot.*"}'
    yield Record(DISK, f"node_filesystem_avail_bytes{room} / node_filesystem_size_bytes{room}")
    yield Record(MEMORY, "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes")
    yield Record(CPU, '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))')


def _alerts() -> Iterator[Alert]:
    yield from _presence()
    yield from _flow()
    yield from _api()
    yield from _machine()
    yield from _servers()
    yield from _watchers()


def _presence() -> Iterator[Alert]:
    yield _alert(
        "PlatformTargetDown",
        'up{platform="gpustream"} == 0',
        "20s",
        "critical",
        "{{ $labels.job }} does not answer at {{ $labels.instance }}",
        "Two scrapes have failed. ./start.sh status says which process it is; its log is in .run/logs.",
    )
    services = "|".join(SERVICES)
    yield _alert(
        "PlatformProcessSilent",
        f'gpustream_process_report_age_seconds{{process=~"{services}"}} > {_SILENT_SECONDS}',
        "0s",
        "critical",
        "{{ $labels.process }} has said nothing for {{ $value | humanizeDuration }}",
        "Processes speak each 10 s. One that was stopped on purpose is forgotten after 15 minutes.",
    )
    programs = f'gpustream_program_running{{program=~"{"|".join(_SILENT_BY_NATURE)}"}}'
    yield _alert(
        "PlatformProgramStopped",
        f"{programs} == 0 and max_over_time({programs}[15m]) == 1",
        "20s",
        "critical",
        "{{ $labels.program }} does not run any more",
        "It did within the last 15 minutes. One that was stopped on purpose is forgotten after them.",
    )
    absent = "\nor\n".join(
        f'absent(gpustream_process_report_age_seconds{{process="{name}"}}) and on () gpustream_feed_up == 1'
        for name in _ALWAYS
    )
    yield _alert(
        "PlatformProcessMissing",
        absent,
        "5m",
        "critical",
        "{{ $labels.process }} was not heard of for a quarter of an hour",
        "It belongs to every installation: without it readings are not stored, judged or taken in.",
    )
    yield _alert(
        "PlatformRestarts",
        "changes(gpustream_process_starts[15m]) >= 3",
        "0s",
        "warning",
        "{{ $labels.process }} was started {{ $value }} times in a quarter of an hour",
        "It dies and is started again; its log says why.",
    )


def _flow() -> Iterator[Alert]:
    yield _alert(
        "PlatformLag",
        f"gpustream_process_lag_records > {_LAG_RECORDS}",
        "10m",
        "warning",
        "{{ $labels.process }} is {{ $value | humanize }} records behind",
        "For ten minutes. After an import this is work to do; at a steady load it takes more in than it can pass on.",
    )
    yield _alert(
        "PlatformLatencyHigh",
        "histogram_quantile(0.95, sum by (le, process) (rate(gpustream_stage_latency_seconds_bucket[10m]))) > 60",
        "10m",
        "warning",
        "{{ $labels.process }}: its slowest records take {{ $value | humanizeDuration }} to be stored",
        "From Kafka's timestamp to the store's acknowledgement, 95 of 100 reports of ten minutes.",
    )
    yield _alert(
        "PlatformDeadLetters",
        "sum by (process, reason) (increase(gpustream_process_rejected_total[10m])) > 0",
        "0s",
        "warning",
        '{{ $labels.process }} could not use {{ $value | printf "%.0f" }} records ({{ $labels.reason }})',
        "Within ten minutes. Each is kept with its reason on gpu-dead-letters, and on the console's page Pipeline.",
    )
    yield _alert(
        "PlatformNoReadings",
        f"{READINGS} == 0 and max_over_time({READINGS}[1h]) > 0",
        "2m",
        "critical",
        "No readings arrive any more",
        "In the hour before they did: collectors, the producer, or Kafka.",
    )
    yield _alert(
        "PlatformConsumerStuck",
        "sum by (group) (gpustream_kafka_consumer_lag_records) > 0\n"
        "and sum by (group) (delta(gpustream_kafka_consumer_offset[10m])) == 0",
        "10m",
        "warning",
        "The consumer group {{ $labels.group }} has records before it and takes none",
        "For ten minutes: no member, or one that waits for a store.",
    )


def _api() -> Iterator[Alert]:
    yield _alert(
        "PlatformApiErrors",
        f"{ERRORS} > 0.05",
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of the API's answers are errors of ours",
        "More than one in twenty for five minutes: a store is away, or there is a fault in the console.",
    )
    yield _alert(
        "PlatformApiSlow",
        f"{P95} > 2",
        "10m",
        "warning",
        "{{ $labels.endpoint }} takes {{ $value | humanizeDuration }} (p95)",
        "For ten minutes. Most of them wait for InfluxDB or the lake.",
    )


def _machine() -> Iterator[Alert]:
    yield _alert(
        "PlatformDiskLow",
        f"{DISK} < 0.1",
        "5m",
        "warning",
        "{{ $labels.mountpoint }} has {{ $value | humanizePercentage }} of its room left",
        "Less than a tenth.",
    )
    yield _alert(
        "PlatformDiskFull",
        "gpustream_disk_free_bytes < 500e6",
        "1m",
        "critical",
        "{{ $labels.path }} has {{ $value | humanize1024 }}B left",
        "Kafka, HDFS and InfluxDB stop writing when there is none; InfluxDB must be started anew then.",
    )
    yield _alert(
        "PlatformMemoryLow",
        f"{MEMORY} < 0.05",
        "5m",
        "warning",
        "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory left",
        "The next thing that the system does is to kill the largest process.",
    )
    yield _alert(
        "PlatformCpuBusy",
        f"{CPU} > 0.95",
        "30m",
        "info",
        "{{ $labels.instance }} has been busy for half an hour",
        "Above 95 % of all processors. docs/sizing.md says what to give more room first.",
    )


def _servers() -> Iterator[Alert]:
    yield _alert(
        "PlatformKafkaAway",
        "gpustream_kafka_up == 0",
        "20s",
        "critical",
        "Kafka does not answer",
        "Nothing is lost while it is away: producers keep what they have not sent, logs stay in their folder. "
        "Live GPUs are kept for a time (COLLECT_BUFFER_READINGS).",
    )
    yield _alert(
        "PlatformPostgresAway",
        "pg_up == 0",
        "20s",
        "critical",
        "PostgreSQL does not answer",
        "The alert engine waits for it: no alert of ours is raised meanwhile, and none is forgotten.",
    )
    yield _alert(
        "PlatformHdfsDatanodeDead",
        "fs_namesystem_num_dead_data_nodes > 0 or fs_namesystem_num_live_data_nodes == 0",
        "1m",
        "critical",
        "HDFS has {{ $value }} DataNodes, counted as dead or alive",
        "The lake cannot be written, or has one copy less than it should.",
    )
    yield _alert(
        "PlatformHdfsBlocksMissing",
        "fs_namesystem_missing_blocks > 0",
        "1m",
        "critical",
        "HDFS misses {{ $value }} blocks",
        "Files of the lake that cannot be read.",
    )
    yield _alert(
        "PlatformInfluxdbErrors",
        'sum(rate(http_api_requests_total{status="5XX"}[5m])) / sum(rate(http_api_requests_total[5m])) > 0.05',
        "5m",
        "warning",
        "InfluxDB answers {{ $value | humanizePercentage }} of all requests with errors of its own",
        "A full disk, or a query that is too large.",
    )


def _watchers() -> Iterator[Alert]:
    yield _alert(
        "PlatformNotificationsFail",
        "increase(alertmanager_notifications_failed_total[10m]) > 0",
        "0s",
        "critical",
        "Alertmanager cannot tell people by {{ $labels.integration }}",
        "Within ten minutes. Its log says why: an address, a password, a server that is away.",
    )
    yield _alert(
        "PlatformRulesFail",
        "increase(prometheus_rule_evaluation_failures_total[5m]) > 0 or prometheus_config_last_reload_successful == 0",
        "0s",
        "warning",
        "Prometheus cannot evaluate its rules, or read its configuration",
        "Its page Status > Rules names the rule.",
    )
    yield _alert(
        "PlatformAlertsNotSent",
        "rate(prometheus_notifications_errors_total[5m]) > 0",
        "1m",
        "critical",
        "Prometheus cannot hand alerts to Alertmanager",
        "They are raised, and nobody is told.",
    )


def _alert(name: str, expr: str, patience: str, severity: Severity, summary: str, description: str) -> Alert:
    return Alert(name, expr, patience, severity, "platform", summary, description)
