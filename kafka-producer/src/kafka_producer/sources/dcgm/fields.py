"""Which field of DCGM gives which metric of the catalogue, and how.

Names with and without the prefixes ``DCGM_FI_DEV_`` and ``DCGM_FI_PROF_``, today's and those of DCGM 4.6
(NVIDIA/dcgm-exporter: etc/default-counters.csv, NVIDIA/DCGM: dcgmlib/dcgm_fields.h).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

_PREFIX = re.compile(r"DCGM_FI_(?:DEV|PROF)_")
_GIGA = 1_000_000_000


class Field(NamedTuple):
    """``value`` makes the metric's unit of what the page says."""

    metric: str
    value: Callable[[float], float]


def _same(value: float) -> float:
    return value


def _percent(value: float) -> float:
    return round(100 * value, 3)


def _percent_of_ratio(value: float) -> float:
    # Named a ratio, while the field behind it counts percent: what is above 1 can only be the latter.
    return value if value > 1 else _percent(value)


def _milli(value: float) -> float:
    return value / 1000


def _giga(value: float) -> float:
    return value / _GIGA


_FIELDS: Final[Mapping[str, Field]] = {
    name: Field(metric, value)
    for metric, value, names in (
        ("gpu_temperature", _same, ("GPU_TEMP", "GPU_TEMP_CELSIUS")),
        ("memory_temperature", _same, ("MEMORY_TEMP", "MEMORY_TEMP_CELSIUS")),
        ("gpu_thermal_margin", _same, ("GPU_TEMP_LIMIT",)),
        ("board_power_draw", _same, ("POWER_USAGE", "BOARD_POWER_WATTS")),
        ("board_power_draw_instant", _same, ("POWER_USAGE_INSTANT",)),
        ("power_limit", _same, ("ENFORCED_POWER_LIMIT",)),
        ("total_energy", _milli, ("TOTAL_ENERGY_CONSUMPTION",)),
        ("sm_clock", _same, ("SM_CLOCK",)),
        ("memory_clock", _same, ("MEM_CLOCK",)),
        ("video_clock", _same, ("VIDEO_CLOCK",)),
        ("gpu_load", _same, ("GPU_UTIL",)),
        ("gpu_load", _percent_of_ratio, ("GPU_UTIL_RATIO",)),
        ("memory_controller_load", _same, ("MEM_COPY_UTIL",)),
        ("encoder_load", _same, ("ENC_UTIL",)),
        ("decoder_load", _same, ("DEC_UTIL",)),
        ("engine_active", _percent, ("GR_ENGINE_ACTIVE", "GR_ENGINE_UTIL_RATIO")),
        ("sm_active", _percent, ("SM_ACTIVE",)),
        ("tensor_active", _percent, ("PIPE_TENSOR_ACTIVE", "TENSOR_UTIL_RATIO")),
        ("memory_active", _percent, ("DRAM_ACTIVE", "DRAM_UTIL_RATIO")),
        ("gpu_memory_total", _same, ("FB_TOTAL",)),
        ("gpu_memory_free", _same, ("FB_FREE",)),
        ("gpu_memory_used", _same, ("FB_USED",)),
        ("gpu_memory_reserved", _same, ("FB_RESERVED",)),
        ("pcie_tx", _giga, ("PCIE_TX_BYTES",)),
        ("pcie_rx", _giga, ("PCIE_RX_BYTES",)),
        ("pcie_replays", _same, ("PCIE_REPLAY_COUNTER", "PCIE_REPLAY_TOTAL")),
        ("pcie_generation", _same, ("PCIE_LINK_GEN",)),
        ("pcie_width", _same, ("PCIE_LINK_WIDTH",)),
        ("clocks_event_reasons", _same, ("CLOCKS_EVENT_REASONS", "CLOCK_THROTTLE_REASONS")),
        ("ecc_corrected_volatile", _same, ("ECC_SBE_VOL_TOTAL",)),
        ("ecc_uncorrected_volatile", _same, ("ECC_DBE_VOL_TOTAL",)),
        ("ecc_corrected_aggregate", _same, ("ECC_SBE_AGG_TOTAL",)),
        ("ecc_uncorrected_aggregate", _same, ("ECC_DBE_AGG_TOTAL",)),
        ("retired_pages_single_bit", _same, ("RETIRED_SBE",)),
        ("retired_pages_double_bit", _same, ("RETIRED_DBE",)),
        ("retired_pages_pending", _same, ("RETIRED_PENDING",)),
        ("remapped_rows_correctable", _same, ("CORRECTABLE_REMAPPED_ROWS", "ROW_REMAP_CORRECTABLE_TOTAL")),
        ("remapped_rows_uncorrectable", _same, ("UNCORRECTABLE_REMAPPED_ROWS", "ROW_REMAP_UNCORRECTABLE_TOTAL")),
        ("row_remap_pending", _same, ("ROW_REMAP_PENDING",)),
        ("row_remap_failed", _same, ("ROW_REMAP_FAILURE", "ROW_REMAP_FAILED")),
        ("gpu_recovery_action", _same, ("GPU_RECOVERY_ACTION",)),
        ("slowdown_temperature", _same, ("SLOWDOWN_TEMP",)),
        ("shutdown_temperature", _same, ("SHUTDOWN_TEMP",)),
        ("max_operating_temperature", _same, ("GPU_MAX_OP_TEMP",)),
        ("max_memory_temperature", _same, ("MEM_MAX_OP_TEMP",)),
    )
    for name in names
}

METRICS: Final = tuple(dict.fromkeys([field.metric for field in _FIELDS.values()] + ["gpu_memory_used_percent"]))
"""Everything that an exporter may offer."""

_BLANKS: Final = frozenset(
    float(first + offset) for first in (0x7FFFFFF0, 0x7FFFFFFFFFFFFFF0, 1 << 47) for offset in range(4)
)
"""What DCGM writes where it has no value (NVIDIA/DCGM: dcgmlib/dcgm_structs.h): blank, not found, not supported, no
permission, as a 32-bit, a 64-bit and a floating number."""


@lru_cache(maxsize=1024)
def field_of(name: str) -> Field | None:
    """None for a name that no metric comes from."""
    return _FIELDS.get(_PREFIX.sub("", name, count=1))


def is_blank(value: float) -> bool:
    """Whether it stands for no value; as a float, in which the four 64-bit blanks are one number."""
    return float(value) in _BLANKS
