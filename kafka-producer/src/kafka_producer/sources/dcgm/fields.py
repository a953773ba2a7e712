"""Which field of DCGM gives which metric of the catalogue, and how.

Names with and without the prefixes ``DCGM_FI_DEV_`` and ``DCGM_FI_PROF_``, today's and those of DCGM 4.6
(NVIDIA/dcgm-exporter: etc/default-counters.csv, NVIDIA/DCGM: dcgmlib/dcgm_fields.h).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

_PREFIX = re.compile(r"DCGM_FI_(?:DEV|PROF)_")
_BILLION = 1_000_000_000
_OF_PROFILING = re.compile(r".*_ACTIVE|(?:GR_ENGINE|TENSOR|DRAM)_UTIL_RATIO|PCIE_.X_BYTES")

Generation = Literal["3", "4.6"]
"""Of the names: those that exporters have had since DCGM 3, and those of DCGM 4.6."""


class Field(NamedTuple):
    """``value`` makes the metric's unit of what the page says."""

    metric: str
    value: Callable[[float], float]


class Written(NamedTuple):
    """A metric as a page has it; ``write`` undoes :attr:`Field.value`."""

    name: str
    write: Callable[[float], float]


class _Unit(NamedTuple):
    read: Callable[[float], float]
    write: Callable[[float], float]


def _percent(value: float) -> float:
    return round(100 * value, 3)


_SAME = _Unit(lambda value: value, lambda value: value)
_PERCENT = _Unit(_percent, lambda value: value / 100)
# Named a ratio, while the field behind it counts percent: what is above 1 can only be the latter.
_RATIO = _Unit(lambda value: value if value > 1 else _percent(value), lambda value: value / 100)
_MILLI = _Unit(lambda value: value / 1000, lambda value: value * 1000)
_GIGA = _Unit(lambda value: value / _BILLION, lambda value: value * _BILLION)

_TABLE: Final[tuple[tuple[str, _Unit, tuple[str, ...]], ...]] = (
    ("gpu_temperature", _SAME, ("GPU_TEMP", "GPU_TEMP_CELSIUS")),
    ("memory_temperature", _SAME, ("MEMORY_TEMP", "MEMORY_TEMP_CELSIUS")),
    ("gpu_thermal_margin", _SAME, ("GPU_TEMP_LIMIT",)),
    ("board_power_draw", _SAME, ("POWER_USAGE", "BOARD_POWER_WATTS")),
    ("board_power_draw_instant", _SAME, ("POWER_USAGE_INSTANT",)),
    ("power_limit", _SAME, ("ENFORCED_POWER_LIMIT",)),
    ("total_energy", _MILLI, ("TOTAL_ENERGY_CONSUMPTION",)),
    ("sm_clock", _SAME, ("SM_CLOCK",)),
    ("memory_clock", _SAME, ("MEM_CLOCK",)),
    ("fan1_speed_percent", _SAME, ("FAN_SPEED",)),
    ("video_clock", _SAME, ("VIDEO_CLOCK",)),
    ("gpu_load", _SAME, ("GPU_UTIL",)),
    ("gpu_load", _RATIO, ("GPU_UTIL_RATIO",)),
    ("memory_controller_load", _SAME, ("MEM_COPY_UTIL",)),
    ("encoder_load", _SAME, ("ENC_UTIL",)),
    ("decoder_load", _SAME, ("DEC_UTIL",)),
    ("engine_active", _PERCENT, ("GR_ENGINE_ACTIVE", "GR_ENGINE_UTIL_RATIO")),
    ("sm_active", _PERCENT, ("SM_ACTIVE",)),
    ("tensor_active", _PERCENT, ("PIPE_TENSOR_ACTIVE", "TENSOR_UTIL_RATIO")),
    ("memory_active", _PERCENT, ("DRAM_ACTIVE", "DRAM_UTIL_RATIO")),
    ("gpu_memory_total", _SAME, ("FB_TOTAL",)),
    ("gpu_memory_free", _SAME, ("FB_FREE",)),
    ("gpu_memory_used", _SAME, ("FB_USED",)),
    ("gpu_memory_reserved", _SAME, ("FB_RESERVED",)),
    ("pcie_tx", _GIGA, ("PCIE_TX_BYTES",)),
    ("pcie_rx", _GIGA, ("PCIE_RX_BYTES",)),
    ("pcie_replays", _SAME, ("PCIE_REPLAY_COUNTER", "PCIE_REPLAY_TOTAL")),
    ("pcie_generation", _SAME, ("PCIE_LINK_GEN",)),
    ("pcie_width", _SAME, ("PCIE_LINK_WIDTH",)),
    ("clocks_event_reasons", _SAME, ("CLOCK_THROTTLE_REASONS", "CLOCKS_EVENT_REASONS")),
    ("ecc_corrected_volatile", _SAME, ("ECC_SBE_VOL_TOTAL",)),
    ("ecc_uncorrected_volatile", _SAME, ("ECC_DBE_VOL_TOTAL",)),
    ("ecc_corrected_aggregate", _SAME, ("ECC_SBE_AGG_TOTAL",)),
    ("ecc_uncorrected_aggregate", _SAME, ("ECC_DBE_AGG_TOTAL",)),
    ("retired_pages_single_bit", _SAME, ("RETIRED_SBE",)),
    ("retired_pages_double_bit", _SAME, ("RETIRED_DBE",)),
    ("retired_pages_pending", _SAME, ("RETIRED_PENDING",)),
    ("remapped_rows_correctable", _SAME, ("CORRECTABLE_REMAPPED_ROWS", "ROW_REMAP_CORRECTABLE_TOTAL")),
    ("remapped_rows_uncorrectable", _SAME, ("UNCORRECTABLE_REMAPPED_ROWS", "ROW_REMAP_UNCORRECTABLE_TOTAL")),
    ("row_remap_pending", _SAME, ("ROW_REMAP_PENDING",)),
    ("row_remap_failed", _SAME, ("ROW_REMAP_FAILURE", "ROW_REMAP_FAILED")),
    ("last_xid", _SAME, ("XID_ERRORS", "XID_ERROR")),
    ("recent_xids", _SAME, ("DCGM_EXP_XID_ERRORS_COUNT",)),
    ("gpu_recovery_action", _SAME, ("GPU_RECOVERY_ACTION",)),
    ("slowdown_temperature", _SAME, ("SLOWDOWN_TEMP",)),
    ("shutdown_temperature", _SAME, ("SHUTDOWN_TEMP",)),
    ("max_operating_temperature", _SAME, ("GPU_MAX_OP_TEMP",)),
    ("max_memory_temperature", _SAME, ("MEM_MAX_OP_TEMP",)),
)
"""metric, unit, its field's names: the one that exporters have had, and that of DCGM 4.6 where it is another."""

_FIELDS: Final[Mapping[str, Field]] = {
    name: Field(metric, unit.read) for metric, unit, names in _TABLE for name in names
}

SPELLED: Final[Mapping[str, Field]] = {
    prefix + name: field for name, field in _FIELDS.items() for prefix in ("", "DCGM_FI_DEV_", "DCGM_FI_PROF_")
}
"""Whole names that :func:`field_of` knows, for a look-up alone."""

METRICS: Final = tuple(dict.fromkeys([field.metric for field in _FIELDS.values()] + ["gpu_memory_used_percent"]))
"""Everything that an exporter may offer."""
SUMMED: Final = frozenset({"recent_xids"})
"""Metrics of which a page has a sample for each number: their sum counts."""

BLANKS: Final = frozenset(
    float(first + offset) for first in (0x7FFFFFF0, 0x7FFFFFFFFFFFFFF0, 1 << 47) for offset in range(4)
)
"""What DCGM writes where it has no value (NVIDIA/DCGM: dcgmlib/dcgm_structs.h): blank, not found, not supported, no
permission, as a 32-bit, a 64-bit and a floating number; as floats, in which the four 64-bit ones are one number."""


@lru_cache(maxsize=1024)
def field_of(name: str) -> Field | None:
    """None for a name that no metric comes from."""
    return _FIELDS.get(_PREFIX.sub("", name, count=1))


@lru_cache(maxsize=1024)
def written(metric: str, names: Generation) -> Written:
    """How a page of that generation has ``metric``; KeyError for one that no page has."""
    rows = [(unit, spelled) for each, unit, spelled in _TABLE if each == metric]
    if not rows:
        raise KeyError(metric)
    unit, spelled = rows[0] if names == "3" else rows[-1]
    name = spelled[0] if names == "3" else spelled[-1]
    if name.startswith("DCGM_"):
        # The exporter's own, which is no field of DCGM.
        return Written(name, unit.write)
    return Written(f"DCGM_FI_{'PROF' if _OF_PROFILING.fullmatch(name) else 'DEV'}_{name}", unit.write)
