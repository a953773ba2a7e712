"""One simulated GPU of a node: the physics of its card, and the counters that DCGM keeps."""

from __future__ import annotations

import math
from random import Random

from kafka_producer.simulate.columns import Sensors
from kafka_producer.simulate.demand import IDLE, Demand
from kafka_producer.simulate.fleet.faults import KINDS, Fault
from kafka_producer.simulate.fleet.models import Model
from kafka_producer.simulate.fleet.rates import CORRECTED_PER_HOUR, REPLAYS_PER_HOUR
from kafka_producer.simulate.physics import Machine

_IDLE, _POWER_CAP, _SLOWDOWN, _SOFTWARE_HOT, _HARDWARE_HOT = 1, 4, 8, 32, 64
"""Bits of DCGM's clocks event reasons (NVIDIA/DCGM: dcgmlib/dcgm_fields.h)."""
_CAP_POWER, _CAP_THERMAL, _CAP_IDLE = 1, 2, 16
_SICK_CORRECTED_PER_HOUR = 400.0
_SICK_REPLAYS_PER_HOUR = 3000.0
_UNCORRECTED_AFTER = 600.0
"""Seconds from the first corrected errors of a failing memory to one that cannot be; three numbers of ours."""
_LANE_GIGABYTES = {3: 0.985, 4: 1.969, 5: 3.938}
"""GB/s of a PCIe lane (PCI-SIG: generations 3 to 5 with 128b/130b)."""


class Gpu:
    """``advance`` moves it on; ``metrics`` says what its exporter would, by the catalogue's names."""

    def __init__(self, model: Model, random: Random, faults: list[Fault], inlet: float) -> None:
        """``inlet``: °C of the air that its node breathes there."""
        self.model = model
        self.faults = faults
        self.xid = 0
        """The last, as DCGM shows it for ever."""
        self._random = random
        self._inlet = inlet
        self._machine = Machine(model.card, random)
        self._sensors: Sensors = self._machine.advance(IDLE, 1.0)
        self._demand = IDLE
        self._energy = 0.0
        self._corrected = self._uncorrected = self._replays = 0
        self._pending = 0
        self._sick: frozenset[str] = frozenset()
        self._told: set[Fault] = set()

    @property
    def is_there(self) -> bool:
        return "off-bus" not in self._sick

    @property
    def slowness(self) -> float:
        """How many times as long its work takes as at full clock."""
        return self.model.card.boost_clock / max(self._sensors.core_clock, 1.0)

    def advance(self, demand: Demand, moment: float, seconds: float) -> None:
        """To ``moment``, ``seconds`` after the last one."""
        demand = demand._replace(ambient=self._inlet + 4 * demand.work + (demand.ambient - IDLE.ambient))
        sick = []
        for fault in self.faults:
            if fault.is_on(moment):
                demand = fault.on(demand, moment)
                sick.append(fault.kind)
                self._tell(fault, moment)
        self._sick = frozenset(sick)
        self._demand = demand
        sensors = self._sensors = self._machine.advance(demand, seconds)
        self._energy += sensors.board_power * seconds
        hours = seconds / 3600
        if self.model.is_for_data_centres:
            corrected = _SICK_CORRECTED_PER_HOUR if "ecc" in sick else CORRECTED_PER_HOUR
            self._corrected += self._happened(corrected * hours)
        self._replays += self._happened((_SICK_REPLAYS_PER_HOUR if "pcie" in sick else REPLAYS_PER_HOUR) * hours)

    def add(self, corrected: int = 0, uncorrected: int = 0, replays: int = 0) -> None:
        """What a story has happen, whatever the rates say."""
        self._corrected += corrected
        self._uncorrected += uncorrected
        self._replays += replays

    def _tell(self, fault: Fault, moment: float) -> None:
        if fault in self._told or (fault.kind == "ecc" and moment < fault.begin + _UNCORRECTED_AFTER):
            return
        self._told.add(fault)
        self.xid = KINDS[fault.kind].xid or self.xid
        if fault.kind in {"ecc", "sram"}:
            self._uncorrected += 1
            self._pending = int(fault.kind == "ecc")

    def _happened(self, expected: float) -> int:
        """A Poisson number for a small ``expected``."""
        left, count = self._random.random(), 0
        share = total = math.exp(-expected)
        while left > total and count < 1000:
            count += 1
            share *= expected / count
            total += share
        return count

    def metrics(self) -> dict[str, float]:
        """Whole numbers where DCGM has them; power to the milliwatt, shares to the thousandth of a percent."""
        model, card, sensors = self.model, self.model.card, self._sensors
        temperature = round(sensors.temperature)
        used = round(min(sensors.memory_used, card.memory_total))
        reserved = round(card.memory_total * 0.008)
        width = 4 if "pcie" in self._sick else 16
        traffic = 0.4 * sensors.bus_load / 100 * _LANE_GIGABYTES[model.pcie_generation] * width
        found: dict[str, float] = {
            "gpu_temperature": temperature,
            "board_power_draw": round(sensors.board_power, 3),
            "power_limit": round(card.power_limit * self._demand.power_limit, 3),
            "total_energy": round(self._energy, 3),
            "sm_clock": round(sensors.core_clock),
            "memory_clock": round(sensors.memory_clock * model.memory_clock_factor),
            "gpu_load": round(sensors.gpu_load),
            "memory_controller_load": round(sensors.memory_load),
            "gpu_memory_total": round(card.memory_total),
            "gpu_memory_used": used,
            "gpu_memory_free": max(0, round(card.memory_total) - used - reserved),
            "gpu_memory_reserved": reserved,
            "pcie_replays": self._replays,
            "pcie_generation": model.pcie_generation,
            "pcie_width": width,
            "clocks_event_reasons": self._reasons(),
            "slowdown_temperature": model.slowdown,
            "shutdown_temperature": model.shutdown,
            "max_operating_temperature": model.max_operating,
            "last_xid": self.xid,
            "gpu_recovery_action": 2 if "gsp" in self._sick else 1 if self._pending or "sram" in self._sick else 0,
        }
        if card.fan_rpm:
            found["fan1_speed_percent"] = round(sensors.fan_percent)
        if model.has_margin:
            found["gpu_thermal_margin"] = round(model.slowdown - 2 - temperature)
        if model.max_memory is not None:
            found["memory_temperature"] = round(sensors.memory_temperature)
            found["max_memory_temperature"] = model.max_memory
        if model.is_for_data_centres:
            busy = sensors.gpu_load
            found |= {
                "engine_active": round(busy, 3),
                "sm_active": round(0.93 * busy, 3),
                "tensor_active": round(0.55 * busy * min(1.0, self._demand.intensity), 3),
                "memory_active": round(0.9 * sensors.memory_load, 3),
                "pcie_tx": round(traffic, 6),
                "pcie_rx": round(1.3 * traffic, 6),
                "ecc_corrected_volatile": self._corrected,
                "ecc_uncorrected_volatile": self._uncorrected,
                "ecc_corrected_aggregate": self._corrected,
                "ecc_uncorrected_aggregate": self._uncorrected,
                "remapped_rows_correctable": 0,
                "remapped_rows_uncorrectable": 0,
                "row_remap_pending": self._pending,
                "row_remap_failed": 0,
            }
        return found

    def _reasons(self) -> int:
        capped = int(self._sensors.perfcap)
        if self._machine.slowed:
            return _SLOWDOWN | _SOFTWARE_HOT | _HARDWARE_HOT
        if capped & _CAP_THERMAL:
            return _SOFTWARE_HOT
        if capped & _CAP_POWER:
            return _POWER_CAP
        return _IDLE if capped & _CAP_IDLE else 0
