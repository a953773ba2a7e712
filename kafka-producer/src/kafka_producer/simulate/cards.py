"""The cards that can be simulated: their physics in numbers, and the columns that GPU-Z shows for them.

The numbers are those of no single product: they are set so that power, temperatures, clocks and fan speeds of a log
lie where reviews of that class of card put them.
"""

from __future__ import annotations

from dataclasses import dataclass

from kafka_producer.simulate import columns
from kafka_producer.simulate.columns import Column


@dataclass(frozen=True, kw_only=True)
class Card:
    """One class of graphics card. Watts, MHz, volts, °C, W/K, J/K, MiB, RPM."""

    key: str
    name: str
    columns: tuple[Column, ...]
    idle_power: float
    load_power: float
    """What full load at boost clock adds to the idle power."""
    power_limit: float
    chip_share: float
    """Share of the board's power that the chip itself takes; the memory takes half of the rest."""
    slot_share: float
    """Share of the board's power that comes through the slot."""
    connectors: int
    """Supply connectors that bring the rest."""
    idle_clock: float
    boost_clock: float
    clock_step: float
    memory_idle_clock: float
    memory_full_clock: float
    idle_voltage: float
    boost_voltage: float
    heat_capacity: float
    passive_conductance: float
    fan_conductance: float
    """Heat sink to air, added at full fan speed."""
    die_resistance: float
    """Heat sink to core, K per watt of the chip."""
    hot_spot_resistance: float
    """Core to hot spot, K per watt of the chip."""
    throttle_at: float
    slowdown_at: float
    """Where the hardware halves the clocks at once."""
    fan_rpm: float
    """Full speed; 0 where the card has no fan of its own."""
    fan_curve: tuple[tuple[float, float], ...]
    """(core temperature, duty in %), rising."""
    fan_stop: float
    """Below this temperature the fans stand still; 0: they never do."""
    temperature_step: float
    memory_total: float
    reports_perfcap: bool = True


RTX_3080 = Card(
    key="rtx-3080",
    name="GeForce RTX 3080 class, two fans, two 8-pin connectors",
    columns=columns.RTX_3080,
    idle_power=28,
    load_power=284,
    power_limit=320,
    chip_share=0.7,
    slot_share=0.17,
    connectors=2,
    idle_clock=210,
    boost_clock=1905,
    clock_step=15,
    memory_idle_clock=101.3,
    memory_full_clock=1188.0,
    idle_voltage=0.725,
    boost_voltage=1.081,
    heat_capacity=310,
    passive_conductance=1.2,
    fan_conductance=12.6,
    die_resistance=0.05,
    hot_spot_resistance=0.055,
    throttle_at=87,
    slowdown_at=97,
    fan_rpm=3000,
    fan_curve=((50, 30), (60, 42), (68, 56), (76, 72), (84, 100)),
    fan_stop=48,
    temperature_step=0.1,
    memory_total=10240,
)

RTX_4090 = Card(
    key="rtx-4090",
    name="GeForce RTX 4090 class, 16-pin connector, memory temperature",
    columns=columns.RTX_4090,
    idle_power=24,
    load_power=405,
    power_limit=450,
    chip_share=0.78,
    slot_share=0.04,
    connectors=1,
    idle_clock=210,
    boost_clock=2745,
    clock_step=15,
    memory_idle_clock=50.6,
    memory_full_clock=1312.7,
    idle_voltage=0.88,
    boost_voltage=1.05,
    heat_capacity=900,
    passive_conductance=1.8,
    fan_conductance=24,
    die_resistance=0.03,
    hot_spot_resistance=0.032,
    throttle_at=84,
    slowdown_at=97,
    fan_rpm=2900,
    fan_curve=((50, 30), (62, 40), (70, 54), (78, 75), (84, 100)),
    fan_stop=50,
    temperature_step=0.1,
    memory_total=24564,
)

GTX_970 = Card(
    key="gtx-970",
    name="GeForce GTX 970 class, one fan, column names of 2016",
    columns=columns.GTX_970,
    idle_power=14,
    load_power=128,
    power_limit=145,
    chip_share=0.75,
    slot_share=0.3,
    connectors=2,
    idle_clock=135,
    boost_clock=1316.1,
    clock_step=12.7,
    memory_idle_clock=162.0,
    memory_full_clock=1752.8,
    idle_voltage=0.85,
    boost_voltage=1.2,
    heat_capacity=300,
    passive_conductance=0.9,
    fan_conductance=6,
    die_resistance=0.07,
    hot_spot_resistance=0.06,
    throttle_at=80,
    slowdown_at=97,
    fan_rpm=3400,
    fan_curve=((45, 28), (60, 36), (72, 52), (80, 75), (88, 100)),
    fan_stop=0,
    temperature_step=1,
    memory_total=4096,
)

RX_6800 = Card(
    key="rx-6800",
    name="Radeon RX 6800 class, columns of 2020 with `UVD Clock` twice, no board power",
    columns=columns.RX_6800,
    idle_power=16,
    load_power=222,
    power_limit=250,
    chip_share=0.8,
    slot_share=0.16,
    connectors=2,
    idle_clock=22,
    boost_clock=2260,
    clock_step=1,
    memory_idle_clock=192.0,
    memory_full_clock=1990.0,
    idle_voltage=0.781,
    boost_voltage=1.025,
    heat_capacity=600,
    passive_conductance=1.3,
    fan_conductance=11,
    die_resistance=0.05,
    hot_spot_resistance=0.075,
    throttle_at=95,
    slowdown_at=105,
    fan_rpm=3300,
    fan_curve=((50, 20), (62, 30), (72, 42), (82, 60), (92, 100)),
    fan_stop=52,
    temperature_step=1,
    memory_total=16368,
    reports_perfcap=False,
)

INTEGRATED = Card(
    key="integrated",
    name="Integrated GPU of a laptop: no fan, no board power, voltage always `-`",
    columns=columns.INTEGRATED,
    idle_power=0.1,
    load_power=13,
    power_limit=15,
    chip_share=1.0,
    slot_share=1,
    connectors=0,
    idle_clock=99.8,
    boost_clock=1297.1,
    clock_step=49.9,
    memory_idle_clock=2593.7,
    memory_full_clock=2593.7,
    idle_voltage=float("nan"),
    boost_voltage=float("nan"),
    heat_capacity=60,
    passive_conductance=0.42,
    fan_conductance=0,
    die_resistance=0.7,
    hot_spot_resistance=0,
    throttle_at=92,
    slowdown_at=98,
    fan_rpm=0,
    fan_curve=((0, 0), (100, 0)),
    fan_stop=0,
    temperature_step=1,
    memory_total=2048,
    reports_perfcap=False,
)

CARDS = {card.key: card for card in (RTX_3080, RTX_4090, GTX_970, RX_6800, INTEGRATED)}
