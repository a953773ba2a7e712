"""Which question to the driver gives which metrics of the catalogue: docs/decisions/0014-live-gpus.md.

A card that does not offer an answer has no such metric; what two questions can tell, the first that is answered tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import pynvml as nvml

from kafka_producer.sources.nvml.driver import Field

# Divided by, not multiplied with their inverse: 123456 mW are 123.456 W, and not 123.45600000000002.
_MILLI = 1_000
_NANO = 1_000_000_000
_KILOBYTES_IN_GIGABYTE = 1_000_000
_MEBIBYTE = 1024 * 1024
_FANS = 3
_LINKS = 18
_ALL_LINKS = 0xFFFFFFFF
_P_STATES = 16

Read = Callable[[Any], Iterable[float | None]]


class Question(NamedTuple):
    """One question; ``read`` takes its answer apart, a value (or None) per metric."""

    metrics: tuple[str, ...]
    ask: str
    arguments: tuple[int, ...]
    read: Read


class FieldSum(NamedTuple):
    """A metric that is the sum of those of ``fields`` that a card offers, over ``divisor``."""

    metric: str
    fields: tuple[Field, ...]
    divisor: int = 1


def _number(metric: str, ask: str, *arguments: int, divisor: int = 1) -> Question:
    return Question((metric,), ask, arguments, lambda answer: (answer / divisor if divisor != 1 else answer,))


def _busy(metric: str, ask: str) -> Question:
    """(percent, period of sampling)"""
    return Question((metric,), ask, (), lambda answer: (answer[0],))


def _length(metric: str, ask: str, *arguments: int) -> Question:
    return Question((metric,), ask, arguments, lambda answer: (len(answer),))


def _violation(metric: str, policy: int) -> Question:
    return Question((metric,), "ViolationStatus", (policy,), lambda answer: (answer["violationTime"] / _NANO,))


def _memory(answer: Mapping[str, int]) -> Iterable[float | None]:
    total, used = answer["total"], answer["used"]
    share = round(100 * used / total, 3) if total else None
    reserved = answer["reserved"] / _MEBIBYTE if "reserved" in answer else None
    return total / _MEBIBYTE, used / _MEBIBYTE, answer["free"] / _MEBIBYTE, share, reserved


_MEMORY = ("gpu_memory_total", "gpu_memory_used", "gpu_memory_free", "gpu_memory_used_percent", "gpu_memory_reserved")

QUESTIONS: tuple[Question, ...] = (
    _number("gpu_temperature", "TemperatureV", nvml.NVML_TEMPERATURE_GPU),
    _number("gpu_temperature", "Temperature", nvml.NVML_TEMPERATURE_GPU),
    _number("gpu_thermal_margin", "MarginTemperature"),
    Question(
        ("gpu_load", "memory_controller_load"),
        "UtilizationRates",
        (),
        lambda answer: (answer["gpu"], answer["memory"]),
    ),
    _busy("encoder_load", "EncoderUtilization"),
    _busy("decoder_load", "DecoderUtilization"),
    _busy("jpeg_load", "JpgUtilization"),
    _busy("optical_flow_load", "OfaUtilization"),
    _number("board_power_draw", "PowerUsage", divisor=_MILLI),
    _number("power_limit", "EnforcedPowerLimit", divisor=_MILLI),
    _number("total_energy", "TotalEnergyConsumption", divisor=_MILLI),
    _number("gpu_clock", "ClockInfo", nvml.NVML_CLOCK_GRAPHICS),
    _number("sm_clock", "ClockInfo", nvml.NVML_CLOCK_SM),
    _number("memory_clock", "ClockInfo", nvml.NVML_CLOCK_MEM),
    _number("video_clock", "ClockInfo", nvml.NVML_CLOCK_VIDEO),
    # The second version tells what the driver keeps for itself; the first counts it as used.
    Question(_MEMORY, "MemoryInfo", (nvml.nvmlMemory_v2,), _memory),
    Question(_MEMORY[:-1], "MemoryInfo", (), lambda answer: tuple(_memory(answer))[:-1]),
    Question(("bar1_memory_used",), "BAR1MemoryInfo", (), lambda answer: (answer["bar1Used"] / _MEBIBYTE,)),
    *(_number(f"fan{fan + 1}_speed_percent", "FanSpeed_v2", fan) for fan in range(_FANS)),
    _number("fan1_speed_rpm", "FanSpeedRPM"),
    _number("clocks_event_reasons", "CurrentClocksEventReasons"),
    _number("clocks_event_reasons", "CurrentClocksThrottleReasons"),
    _violation("power_violation_time", nvml.NVML_PERF_POLICY_POWER),
    _violation("thermal_violation_time", nvml.NVML_PERF_POLICY_THERMAL),
    Question(("performance_state",), "PerformanceState", (), lambda answer: (answer if answer < _P_STATES else None,)),
    _number("pcie_generation", "CurrPcieLinkGeneration"),
    _number("pcie_width", "CurrPcieLinkWidth"),
    _number("pcie_replays", "PcieReplayCounter"),
    _number("pcie_tx", "PcieThroughput", nvml.NVML_PCIE_UTIL_TX_BYTES, divisor=_KILOBYTES_IN_GIGABYTE),
    _number("pcie_rx", "PcieThroughput", nvml.NVML_PCIE_UTIL_RX_BYTES, divisor=_KILOBYTES_IN_GIGABYTE),
    _number("ecc_corrected_volatile", "TotalEccErrors", nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, nvml.NVML_VOLATILE_ECC),
    _number(
        "ecc_uncorrected_volatile", "TotalEccErrors", nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC
    ),
    _number(
        "ecc_corrected_aggregate", "TotalEccErrors", nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, nvml.NVML_AGGREGATE_ECC
    ),
    _number(
        "ecc_uncorrected_aggregate", "TotalEccErrors", nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_AGGREGATE_ECC
    ),
    Question(
        ("remapped_rows_correctable", "remapped_rows_uncorrectable", "row_remap_pending", "row_remap_failed"),
        "RemappedRows",
        (),
        lambda answer: answer,
    ),
    _length("retired_pages_single_bit", "RetiredPages", nvml.NVML_PAGE_RETIREMENT_CAUSE_MULTIPLE_SINGLE_BIT_ECC_ERRORS),
    _length("retired_pages_double_bit", "RetiredPages", nvml.NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR),
    _number("retired_pages_pending", "RetiredPagesPendingStatus"),
    _length("compute_processes", "ComputeRunningProcesses"),
    _length("graphics_processes", "GraphicsRunningProcesses"),
)

FIELDS: tuple[FieldSum, ...] = (
    FieldSum("memory_temperature", ((nvml.NVML_FI_DEV_MEMORY_TEMP, 0),)),
    FieldSum("board_power_draw_instant", ((nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_POWER_SCOPE_GPU),), _MILLI),
    FieldSum("memory_power_draw", ((nvml.NVML_FI_DEV_POWER_AVERAGE, nvml.NVML_POWER_SCOPE_MEMORY),), _MILLI),
    FieldSum("hardware_thermal_time", ((nvml.NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN, 0),), _NANO),
    FieldSum("power_brake_time", ((nvml.NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN, 0),), _NANO),
    FieldSum("gpu_recovery_action", ((nvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION, 0),)),
    FieldSum("nvlink_active_links", tuple((nvml.NVML_FI_DEV_NVLINK_GET_STATE, link) for link in range(_LINKS))),
    FieldSum(
        "nvlink_errors",
        tuple(
            (counter, link)
            for counter in (
                nvml.NVML_FI_DEV_NVLINK_ERROR_DL_CRC,
                nvml.NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY,
                nvml.NVML_FI_DEV_NVLINK_ERROR_DL_RECOVERY,
            )
            for link in range(_LINKS)
        ),
    ),
    FieldSum("nvlink_sent", ((nvml.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX, _ALL_LINKS),), 1024),
    FieldSum("nvlink_received", ((nvml.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, _ALL_LINKS),), 1024),
)

RATINGS: tuple[Question, ...] = (
    _number("slowdown_temperature", "TemperatureThreshold", nvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN),
    _number("shutdown_temperature", "TemperatureThreshold", nvml.NVML_TEMPERATURE_THRESHOLD_SHUTDOWN),
    _number("max_operating_temperature", "TemperatureThreshold", nvml.NVML_TEMPERATURE_THRESHOLD_GPU_MAX),
    _number("max_memory_temperature", "TemperatureThreshold", nvml.NVML_TEMPERATURE_THRESHOLD_MEM_MAX),
    _number("gpu_clock_max", "MaxClockInfo", nvml.NVML_CLOCK_GRAPHICS),
    _number("memory_clock_max", "MaxClockInfo", nvml.NVML_CLOCK_MEM),
    _number("pcie_generation_max", "MaxPcieLinkGeneration"),
    _number("pcie_width_max", "MaxPcieLinkWidth"),
)
"""What stays as it is while the card is there: asked once."""

METRICS = tuple(
    dict.fromkeys(
        [metric for question in (*QUESTIONS, *RATINGS) for metric in question.metrics]
        + [field.metric for field in FIELDS]
        + ["mig_devices"]
    )
)
"""Everything that a card may offer."""
