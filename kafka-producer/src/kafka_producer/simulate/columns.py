"""What GPU-Z shows of a card: the sensors there are, and the columns of each class of card, as logs spell them."""

from __future__ import annotations

from typing import NamedTuple


class Sensors(NamedTuple):
    """What all sensors of a card and its machine read at one moment; NaN is a sensor that gives nothing."""

    core_clock: float
    memory_clock: float
    video_clock: float
    video_clock_2: float
    temperature: float
    hot_spot: float
    memory_temperature: float
    regulator_temperature: float
    fan_percent: float
    fan1_rpm: float
    fan2_rpm: float
    memory_used: float
    memory_borrowed: float
    gpu_load: float
    memory_load: float
    video_load: float
    bus_load: float
    board_power: float
    chip_power: float
    memory_power: float
    input_power: float
    slot_power: float
    connector_power: float
    power_of_limit: float
    supply_voltage: float
    connector_voltage: float
    perfcap: float
    core_voltage: float
    memory_voltage: float
    cpu_temperature: float
    system_memory: float
    unsupported: float = 0.0
    """A sensor that this card does not have, although GPU-Z shows it."""


class Column(NamedTuple):
    """One column of a log."""

    header: str
    """As GPU-Z writes it, with its unit."""
    sensor: str
    """The field of Sensors that it shows."""
    decimals: int

    def text(self, value: float) -> str:
        """The cell, without padding; ``-`` where the sensor gives nothing."""
        return "-" if value != value else f"{value:.{self.decimals}f}"


def _columns(*parts: tuple[str, str, int]) -> tuple[Column, ...]:
    return tuple(Column(*part) for part in parts)


_LOADS = (
    ("GPU Load [%]", "gpu_load", 0),
    ("Memory Controller Load [%]", "memory_load", 0),
    ("Video Engine Load [%]", "video_load", 0),
    ("Bus Interface Load [%]", "bus_load", 0),
)
_HOST = (("CPU Temperature [°C]", "cpu_temperature", 1), ("System Memory Used [MB]", "system_memory", 0))
_TWO_FANS = (
    ("Fan 1 Speed (%) [%]", "fan_percent", 0),
    ("Fan 1 Speed (RPM) [RPM]", "fan1_rpm", 0),
    ("Fan 2 Speed (%) [%]", "fan_percent", 0),
    ("Fan 2 Speed (RPM) [RPM]", "fan2_rpm", 0),
)
_ONE_FAN = (("Fan Speed (%) [%]", "fan_percent", 0), ("Fan Speed (RPM) [RPM]", "fan1_rpm", 0))
_CLOCKS = (("GPU Clock [MHz]", "core_clock", 1), ("Memory Clock [MHz]", "memory_clock", 1))
_TEMPERATURES = (
    ("GPU Temperature [°C]", "temperature", 1),
    ("Hot Spot [°C]", "hot_spot", 1),
    ("Memory Temperature [°C]", "memory_temperature", 1),
)
_BOARD_POWER = (
    ("Board Power Draw [W]", "board_power", 1),
    ("GPU Chip Power Draw [W]", "chip_power", 1),
    ("MVDDC Power Draw [W]", "memory_power", 1),
    ("PWR_SRC Power Draw [W]", "input_power", 1),
    ("PWR_SRC Voltage [V]", "supply_voltage", 1),
    ("PCIe Slot Power [W]", "slot_power", 1),
    ("PCIe Slot Voltage [V]", "supply_voltage", 1),
)
_CAP = (
    ("Power Consumption (%) [% TDP]", "power_of_limit", 1),
    ("PerfCap Reason []", "perfcap", 0),
    ("GPU Voltage [V]", "core_voltage", 4),
)

RTX_3080 = _columns(
    *_CLOCKS,
    *_TEMPERATURES,
    *_TWO_FANS,
    ("Memory Used [MB]", "memory_used", 0),
    *_LOADS,
    *_BOARD_POWER,
    ("8-Pin #1 Power [W]", "connector_power", 1),
    ("8-Pin #1 Voltage [V]", "connector_voltage", 1),
    ("8-Pin #2 Power [W]", "connector_power", 1),
    ("8-Pin #2 Voltage [V]", "connector_voltage", 1),
    *_CAP,
    *_HOST,
)
RTX_4090 = _columns(
    *_CLOCKS,
    *_TEMPERATURES,
    *_TWO_FANS,
    ("Memory Used [MB]", "memory_used", 0),
    *_LOADS,
    *_BOARD_POWER,
    ("16-Pin Power [W]", "connector_power", 1),
    ("16-Pin Voltage [V]", "connector_voltage", 1),
    *_CAP,
    *_HOST,
)
GTX_970 = _columns(
    ("GPU Core Clock [MHz]", "core_clock", 1),
    ("GPU Memory Clock [MHz]", "memory_clock", 1),
    ("GPU Temperature [°C]", "temperature", 1),
    *_ONE_FAN,
    ("Memory Used [MB]", "memory_used", 0),
    *_LOADS,
    ("Power Consumption [% TDP]", "power_of_limit", 1),
    ("PerfCap Reason []", "perfcap", 0),
    ("VDDC [V]", "core_voltage", 4),
)
RX_6800 = _columns(
    *_CLOCKS,
    ("GPU Temperature [°C]", "temperature", 1),
    ("GPU Temperature (Hot Spot) [°C]", "hot_spot", 1),
    ("Memory Temperature [°C]", "memory_temperature", 1),
    ("GPU VRM Temperature [°C]", "regulator_temperature", 1),
    ("Mem1 VRM Temperature [°C]", "unsupported", 1),
    ("Mem2 VRM Temperature [°C]", "unsupported", 1),
    *_ONE_FAN,
    ("GPU Load [%]", "gpu_load", 0),
    ("Memory Controller Load [%]", "memory_load", 0),
    ("UVD Clock [MHz]", "video_clock", 1),
    ("UVD Clock [MHz]", "video_clock_2", 1),
    ("Memory Used (Dedicated) [MB]", "memory_used", 0),
    ("Memory Used (Dynamic) [MB]", "memory_borrowed", 0),
    ("GPU Chip Power Draw [W]", "chip_power", 1),
    ("GPU Voltage [V]", "core_voltage", 3),
    ("Memory Voltage [V]", "memory_voltage", 3),
    *_HOST,
)
INTEGRATED = _columns(
    *_CLOCKS,
    ("GPU Temperature [°C]", "temperature", 1),
    ("GPU Load [%]", "gpu_load", 0),
    ("Memory Used (Dedicated) [MB]", "memory_used", 0),
    ("GPU Power [W]", "board_power", 1),
    ("GPU Voltage [V]", "core_voltage", 3),
    *_HOST,
)
