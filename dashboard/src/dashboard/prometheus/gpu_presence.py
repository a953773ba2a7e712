"""Whether GPUs and those who tell of them are there; and what tells of NVLink."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.prometheus import cards
from dashboard.prometheus.rule import Alert, Record

_JOBS = 'job=~".*(dcgm|nvidia|gpu|fleet).*"'
"""Scrape jobs of GPU exporters, by what people call them."""
_NVLINK_CRC = ("NVLINK_CRC_FLIT_ERROR", "NVLINK_CRC_DATA_ERROR")
_NVLINK_OTHER = ("NVLINK_REPLAY_ERROR", "NVLINK_RECOVERY_ERROR")


def records() -> Iterator[Record]:
    """NVLink's counters, of which the catalogue has but the sum (NVIDIA/DCGM: dcgmlib/dcgm_fields.h, 409 to 439)."""
    for name, fields in (("nvlink_crc_errors", _NVLINK_CRC), ("nvlink_link_errors", _NVLINK_OTHER)):
        each = [f"max {cards.BY} ({cards.card_of('dcgm', _either(field))})" for field in fields]
        # A page may have one of the two only.
        summed = f"({each[0]} + {each[1]})\n  or\n  {each[0]}\n  or\n  {each[1]}"
        yield Record(cards.of(name), summed)


def _either(field: str) -> str:
    """By its name of DCGM 4.6 or by the one before."""
    return f'{{__name__=~"DCGM_FI_DEV_{field}(_COUNT)?_TOTAL"}}'


def alerts() -> Iterator[Alert]:
    seen = "max_over_time(gpu:gpu_temperature[6h])"
    yield Alert(
        "GpuMissing",
        f"({seen} unless gpu:gpu_temperature) and on (cluster, host) (group by (cluster, host) (gpu:gpu_temperature))",
        "2m",
        "critical",
        "gpu",
        "{{ $labels.card }} is gone, the other GPUs of {{ $labels.host }} are there",
        "It was there within the last six hours (nvidia_gpu_exporter's rule): it fell off the bus, or its driver "
        "gave it up.",
    )
    yield Alert(
        "GpuNodeSilent",
        f"count by (cluster, host) ({seen}) unless count by (cluster, host) (gpu:gpu_temperature)",
        "2m",
        "critical",
        "gpu",
        "No GPU of {{ $labels.host }} is told of any more; there were {{ $value }}",
        "Within the last six hours. The node, its exporter or the network between.",
    )
    yield Alert(
        "GpuExporterDown",
        f"up{{{_JOBS}}} == 0",
        "2m",
        "warning",
        "gpu",
        "{{ $labels.instance }} does not answer ({{ $labels.job }})",
        "An exporter of GPUs: what happens to its GPUs is not seen.",
    )
    yield Alert(
        "GpuCollectorStale",
        "time() - nvidia_smi_last_collect_success_timestamp_seconds > 300\n"
        'or\ntime() - max by (host) (gpustream_gpu_last_reading_timestamp_seconds{mode="live"}) > 300',
        "0s",
        "warning",
        "gpu",
        "{{ $labels.host }}{{ $labels.instance }}: no new values for {{ $value | humanizeDuration }}",
        "The exporter answers, and what it says is old: after 300 s it is stale (nvidia_gpu_exporter).",
    )
    yield Alert(
        "GpuCollectorSlow",
        f"nvidia_smi_last_collect_duration_seconds > 5\nor\nscrape_duration_seconds{{{_JOBS}}} > 5",
        "10m",
        "warning",
        "gpu",
        "{{ $labels.instance }} takes {{ $value | humanizeDuration }} to tell of its GPUs",
        "More than 5 s for ten minutes often comes before a driver that hangs (nvidia_gpu_exporter).",
    )
