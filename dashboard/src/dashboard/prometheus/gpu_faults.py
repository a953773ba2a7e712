"""What is in no single metric's limit: throttling by reason, errors that grow, links, peers, fans, waste.

Numbers have their source beside them; the names in brackets are those of the projects and documents that have them.
"""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.prometheus.rule import Alert, Severity

METRICS = (
    "gpu_temperature",
    "gpu_load",
    "gpu_memory_used",
    "gpu_memory_free",
    "gpu_memory_used_percent",
    "sm_clock",
    "fan1_speed_percent",
    "fan1_speed_rpm",
    "clocks_event_reasons",
    "perfcap_reason",
    "ecc_corrected_volatile",
    "remapped_rows_uncorrectable",
    "retired_pages_single_bit",
    "retired_pages_double_bit",
    "pcie_generation",
    "pcie_generation_max",
    "pcie_width",
    "pcie_width_max",
    "pcie_replays",
    "nvlink_active_links",
    "nvlink_errors",
)
"""Those of the catalogue that are read here."""

_REPLAYS_PER_MINUTE_AND_LANE = {1: 0.15, 2: 0.3, 3: 0.48, 4: 0.96, 5: 1.92, 6: 3.84}
"""By generation (DCGM: modules/health/DcgmHealthWatch.cpp)."""
_OF_HOST = "on (cluster, host) group_left ()"


def _bit(metric: str, bit: int) -> str:
    """1 where the bit of a mask is set, else 0. PromQL has no operator for it."""
    return f"(floor(gpu:{metric} / {bit}) % 2)"


def _busy(bit: int) -> str:
    """The bit, while the mask does not say `nothing to do` (1): an idle card's clocks are low by design."""
    return f"({_bit('clocks_event_reasons', bit)} == 1 and {_bit('clocks_event_reasons', 1)} == 0)"


def alerts() -> Iterator[Alert]:
    yield from _throttling()
    yield from _memory_errors()
    yield from _links()
    yield from _against_peers()
    yield from _fans()
    yield _alert(
        "GpuIdleWaste",
        "max_over_time(gpu:gpu_load[15m]) < 5 and gpu:gpu_memory_used_percent > 10\n"
        "and count_over_time(gpu:gpu_load[15m]) > 10",
        "5m",
        "info",
        "{{ $labels.card }} does nothing and holds memory",
        "Load below 5 % for 15 minutes (all-smi) while more than a tenth of the memory is taken: a program waits "
        "or was forgotten.",
    )


def _throttling() -> Iterator[Alert]:
    yield _alert(
        "GpuHardwareThermalSlowdown",
        _busy(64),
        "5m",
        "warning",
        "{{ $labels.card }}: its hardware slows it down for heat",
        "For five minutes (nvidia_gpu_exporter, hardware-observer). Clocks are halved or worse.",
    )
    yield _alert(
        "GpuSoftwareThermalSlowdown",
        _busy(32),
        "30m",
        "info",
        "{{ $labels.card }}: the driver slows it down for heat",
        "For half an hour. Many cards live with it under full load, so it is only worth knowing "
        "(nvidia_gpu_exporter has it off by default).",
    )
    yield _alert(
        "GpuThermalLimit",
        f"{_bit('perfcap_reason', 2)} == 1",
        "1m",
        "warning",
        "{{ $labels.card }} is at its thermal limit (GPU-Z)",
        "GPU-Z's PerfCap reason is Thermal for a minute.",
    )
    yield _alert(
        "GpuHardwareSlowdown",
        f"avg_over_time({_busy_without_cause()}[10m:30s]) >= 0.6",
        "0s",
        "warning",
        "{{ $labels.card }}: its hardware slows it down, neither for heat nor for the power brake",
        "In 6 of 10 samples of the last ten minutes (gpud asks for an inspection of the hardware at 0.6 a "
        "minute). Single ones are changes of the performance state.",
    )
    yield _alert(
        "GpuPowerBrake",
        _busy(128),
        "5m",
        "warning",
        "{{ $labels.card }}: the machine has told it to slow down",
        "Power brake for five minutes (hardware-observer): a power supply or its cable. A reboot does not help "
        "(NVSentinel); look whether the whole rack has it.",
    )


def _busy_without_cause() -> str:
    slowed, idle = _bit("clocks_event_reasons", 8), _bit("clocks_event_reasons", 1)
    heat, brake = _bit("clocks_event_reasons", 64), _bit("clocks_event_reasons", 128)
    return f"({slowed} * (1 - {idle}) * (1 - {heat}) * (1 - {brake}))"


def _memory_errors() -> Iterator[Alert]:
    yield _alert(
        "GpuEccCorrectedMany",
        "increase(gpu:ecc_corrected_volatile[1h]) > 10",
        "0s",
        "warning",
        '{{ $labels.card }}: {{ $value | printf "%.0f" }} corrected memory errors in an hour',
        "DCGM's limit is 10, which its own code calls a dummy value: a trend counts more than the number.",
    )
    yield _alert(
        "GpuRowRemapsGrow",
        "increase(gpu:remapped_rows_uncorrectable[1d]) > 0",
        "0s",
        "warning",
        "{{ $labels.card }}: rows of its memory were replaced after errors that could not be corrected",
        "Within a day. Spare rows are few, and a card that uses them up goes back.",
    )
    yield _alert(
        "GpuRetiredPagesMany",
        "gpu:retired_pages_single_bit + gpu:retired_pages_double_bit >= 63",
        "0s",
        "critical",
        "{{ $labels.card }}: {{ $value }} pages of its memory are retired",
        "From 63 on the card has failed (DCGM: DcgmGPUHardwareLimits.h). GPUs before Ampere.",
    )
    yield _alert(
        "GpuRetiredPagesGrow",
        "gpu:retired_pages_double_bit > 15 and increase(gpu:retired_pages_double_bit[7d]) > 1",
        "0s",
        "critical",
        "{{ $labels.card }}: pages of its memory go on to be retired",
        "More than 15 after double-bit errors, and more than one new within a week: the card has failed (DCGM).",
    )


def _links() -> Iterator[Alert]:
    by_generation = [
        f"(increase(gpu:pcie_replays[5m]) / 5 > ceil({rate:g} * gpu:pcie_width) and gpu:pcie_generation == "
        f"{generation})"
        for generation, rate in _REPLAYS_PER_MINUTE_AND_LANE.items()
    ]
    # dcgm-exporter tells no generation by default: then by that of 16 lanes of generation 5.
    unknown = "(increase(gpu:pcie_replays[5m]) / 5 > 31 unless gpu:pcie_generation)"
    yield _alert(
        "GpuPcieReplays",
        "\nor\n".join([*by_generation, unknown]),
        "5m",
        "warning",
        '{{ $labels.card }}: {{ $value | printf "%.1f" }} PCIe replays a minute',
        "More than the link's generation and width explain (DCGM: ceil(rate per lane x lanes)): a riser, a "
        "cable, a slot or the card's edge.",
    )
    yield _alert(
        "GpuPcieWidth",
        "(gpu:pcie_width < gpu:pcie_width_max or gpu:pcie_width < max_over_time(gpu:pcie_width[6h])) and "
        "gpu:gpu_load > 10",
        "10m",
        "warning",
        "{{ $labels.card }}: its PCIe link has {{ $value }} lanes, fewer than it can have",
        "While it works, so it is no power saving: the link trained down.",
    )
    yield _alert(
        "GpuPcieGeneration",
        "gpu:pcie_generation < gpu:pcie_generation_max and gpu:gpu_load > 10",
        "10m",
        "warning",
        "{{ $labels.card }}: its PCIe link is of generation {{ $value }}, lower than card and slot allow",
        "While it works; at rest a lower one saves power.",
    )
    yield _alert(
        "GpuNvlinkCrcErrors",
        "rate(gpu:nvlink_crc_errors[5m]) > 100 or rate(gpu:nvlink_errors[5m]) > 100",
        "0s",
        "warning",
        '{{ $labels.card }}: {{ $value | printf "%.0f" }} NVLink checksum errors a second',
        "From 100 a second on they matter (DCGM: DcgmGPUHardwareLimits.h).",
    )
    yield _alert(
        "GpuNvlinkErrors",
        "increase(gpu:nvlink_link_errors[5m]) >= 1",
        "0s",
        "warning",
        "{{ $labels.card }}: NVLink replays or recoveries",
        "One is worth a look (DCGM): a link that repeats or recovers slows all GPUs that wait for it.",
    )
    yield _alert(
        "GpuNvlinkDown",
        "gpu:nvlink_active_links < max_over_time(gpu:nvlink_active_links[6h])",
        "1m",
        "critical",
        "{{ $labels.card }}: {{ $value }} NVLinks are up, fewer than within the last six hours",
        "Any inactive link is critical (NVIDIA Health Validation).",
    )


def _against_peers() -> Iterator[Alert]:
    # At least four that work: of two nobody knows which one is right.
    working = "gpu:sm_clock and gpu:gpu_load > 90"
    enough = "count by (cluster, host) (gpu:gpu_load > 90) >= 4"
    yield _alert(
        "GpuClockBehindPeers",
        f"({working}) < {_OF_HOST} (0.85 * quantile by (cluster, host) (0.5, {working}) and {enough})",
        "10m",
        "warning",
        '{{ $labels.card }} runs at {{ $value | printf "%.0f" }} MHz under load, its neighbours faster',
        "15 % below the median of the GPUs of its machine that are loaded above 90 %, four at least: it holds "
        "all of them up.",
    )
    hot, hot_enough = "gpu:gpu_temperature and gpu:gpu_load > 90", enough
    yield _alert(
        "GpuHotterThanPeers",
        f"({hot}) - {_OF_HOST} (quantile by (cluster, host) (0.5, {hot}) and {hot_enough}) > 15",
        "10m",
        "warning",
        '{{ $labels.card }} is {{ $value | printf "%.0f" }} °C hotter than its neighbours under load',
        "Than the median of the GPUs of its machine that are loaded above 90 %, four at least: its cooler, or "
        "the air where it sits.",
    )


def _fans() -> Iterator[Alert]:
    yield _alert(
        "GpuFanStopped",
        "(gpu:fan1_speed_percent < 1 or gpu:fan1_speed_rpm < 100) and gpu:gpu_temperature > 75",
        "1m",
        "critical",
        "{{ $labels.card }} is hot and its fan stands still",
        "Above 75 °C no card's zero-fan mode holds the fan any more.",
    )
    yield _alert(
        "GpuFanAtFull",
        "min_over_time(gpu:fan1_speed_percent[15m]) >= 98 and gpu:gpu_temperature > 75",
        "0s",
        "warning",
        "{{ $labels.card }}: its fan has been at full speed for a quarter of an hour",
        "There is no reserve left: dust, a warm room, or a fan that wears out.",
    )


def _alert(name: str, expr: str, patience: str, severity: Severity, summary: str, description: str) -> Alert:
    return Alert(name, expr, patience, severity, "gpu", summary, description)
