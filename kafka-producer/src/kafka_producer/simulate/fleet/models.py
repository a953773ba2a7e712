"""The models of a simulated fleet: their physics, and what DCGM tells of them.

Power, boost clocks, memory and links are those of NVIDIA's data sheets (A100 80GB SXM4: 400 W, 1410 MHz; H100 SXM5:
700 W, 1980 MHz; L40S: 350 W, 2520 MHz; RTX 4090: 450 W). An A100 throttles at some 83 °C (nvidia_gpu_exporter:
values.yaml). Idle power, the other clocks and the temperatures of slowdown and shutdown are ours, near what
``nvidia-smi -q`` of such cards shows; so are heat capacities, resistances and fan curves, set so that a card at full
work in air of 24 °C settles between 60 and 70 °C.
"""

from __future__ import annotations

from dataclasses import dataclass

from kafka_producer.simulate import cards
from kafka_producer.simulate.cards import Card


@dataclass(frozen=True, kw_only=True)
class Model:
    """°C, as ``card`` has its units."""

    card: Card
    name: str
    """As DCGM has it."""
    memory_clock_factor: float = 1.0
    """DCGM's memory clock against that of ``card``."""
    pcie_generation: int = 4
    max_operating: float
    slowdown: float
    shutdown: float
    max_memory: float | None = None
    has_margin: bool = False
    """Whether DCGM tells how far it is from slowing down."""
    is_for_data_centres: bool = True
    """It has ECC, row remapping and counters of its units' activity."""
    memory_faults: float = 1.0
    """How often its memory fails, an H100's being 1."""


_A100 = Card(
    key="a100",
    name="A100 class, SXM4, in the air stream of its node",
    columns=(),
    idle_power=55,
    load_power=330,
    power_limit=400,
    chip_share=0.78,
    slot_share=0.0,
    connectors=0,
    idle_clock=210,
    boost_clock=1410,
    clock_step=15,
    memory_idle_clock=1593,
    memory_full_clock=1593,
    idle_voltage=0.72,
    boost_voltage=1.03,
    heat_capacity=650,
    passive_conductance=2.2,
    fan_conductance=21,
    die_resistance=0.045,
    hot_spot_resistance=0.02,
    throttle_at=83,
    slowdown_at=89,
    fan_rpm=0,
    fan_curve=((45, 35), (60, 50), (70, 75), (80, 100)),
    fan_stop=0,
    temperature_step=1,
    memory_total=81_920,
)
_H100 = Card(
    key="h100",
    name="H100 class, SXM5, in the air stream of its node",
    columns=(),
    idle_power=70,
    load_power=600,
    power_limit=700,
    chip_share=0.8,
    slot_share=0.0,
    connectors=0,
    idle_clock=345,
    boost_clock=1980,
    clock_step=15,
    memory_idle_clock=2619,
    memory_full_clock=2619,
    idle_voltage=0.67,
    boost_voltage=1.05,
    heat_capacity=1100,
    passive_conductance=3.5,
    fan_conductance=40,
    die_resistance=0.028,
    hot_spot_resistance=0.015,
    throttle_at=87,
    slowdown_at=92,
    fan_rpm=0,
    fan_curve=((45, 35), (60, 50), (70, 75), (80, 100)),
    fan_stop=0,
    temperature_step=1,
    memory_total=81_559,
)
_L40S = Card(
    key="l40s",
    name="L40S class, PCIe, in the air stream of its node",
    columns=(),
    idle_power=35,
    load_power=305,
    power_limit=350,
    chip_share=0.8,
    slot_share=0.15,
    connectors=1,
    idle_clock=210,
    boost_clock=2520,
    clock_step=15,
    memory_idle_clock=405,
    memory_full_clock=9001,
    idle_voltage=0.7,
    boost_voltage=1.05,
    heat_capacity=600,
    passive_conductance=2.0,
    fan_conductance=19,
    die_resistance=0.045,
    hot_spot_resistance=0.02,
    throttle_at=87,
    slowdown_at=92,
    fan_rpm=0,
    fan_curve=((45, 35), (60, 50), (70, 75), (80, 100)),
    fan_stop=0,
    temperature_step=1,
    memory_total=46_068,
)

MODELS = {
    model.card.key: model
    for model in (
        # An H100's memory fails 3.2 times as often (Delta, SC25, arXiv 2503.11901v3).
        Model(
            card=_A100,
            name="NVIDIA A100-SXM4-80GB",
            max_operating=85,
            slowdown=89,
            shutdown=92,
            max_memory=95,
            memory_faults=1 / 3.2,
        ),
        Model(
            card=_H100,
            name="NVIDIA H100 80GB HBM3",
            pcie_generation=5,
            max_operating=87,
            slowdown=92,
            shutdown=95,
            max_memory=95,
            has_margin=True,
        ),
        Model(card=_L40S, name="NVIDIA L40S", max_operating=88, slowdown=92, shutdown=97, has_margin=True),
        Model(
            card=cards.RTX_4090,
            name="NVIDIA GeForce RTX 4090",
            # GPU-Z shows the clock of the memory's cells, the driver that of its bus.
            memory_clock_factor=8,
            max_operating=90,
            slowdown=97,
            shutdown=100,
            is_for_data_centres=False,
        ),
    )
}
