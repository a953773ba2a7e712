"""A card through time: power follows work, temperatures follow power, fans follow temperature, clocks follow all.

The heat sink is one first-order RC element between the chip's power and the air; core and hot spot lie above it by
the resistance of the chip's joint. Fans have inertia; throttling has hysteresis.
"""

from __future__ import annotations

import math
from random import Random

from kafka_producer.simulate.cards import Card
from kafka_producer.simulate.columns import Sensors
from kafka_producer.simulate.demand import Demand

LONGEST_STEP = 5.0
"""Seconds; the fan and the throttle are a control loop, which longer steps would make swing."""

_CAP_POWER, _CAP_THERMAL, _CAP_RELIABILITY, _CAP_IDLE = 1, 2, 4, 16
_DIE_SECONDS = 2.0
_FAN_SECONDS = 4.0
_DUTY_PER_SECOND = 2.5
_HYSTERESIS = 4.0
_CLOCK_CUT = 1.1
"""MHz per second and degree above the throttling temperature."""
_CLOCK_RETURN = 25.0
"""MHz per second once it is cool again."""


class Machine:
    """One card in one machine; ``advance`` moves it on and tells what its sensors read."""

    def __init__(self, card: Card, random: Random) -> None:
        self._card = card
        self._random = random
        self._sink = 30.0
        self._core = 32.0
        self._duty = 30.0
        self._fan = 0.3
        self._cap = self._clock = card.boost_clock
        self._throttling = self._slowed = False
        self._spinning = card.fan_stop == 0
        self._noise = self._host_noise = 0.0
        self._cpu = 42.0
        self._system_memory = 6200.0
        self._awake = 0.0

    @property
    def slowed(self) -> bool:
        """Whether the hardware has halved the clocks."""
        return self._slowed

    def advance(self, demand: Demand, seconds: float) -> Sensors:
        """The readings after ``seconds`` (at most LONGEST_STEP) of ``demand``."""
        card, gauss = self._card, self._random.gauss
        keep = math.exp(-seconds / 6.0)
        self._noise = keep * self._noise + math.sqrt(1 - keep * keep) * gauss(0, 1)
        self._host_noise = keep * self._host_noise + math.sqrt(1 - keep * keep) * gauss(0, 1)
        work = min(1.0, max(0.0, demand.work + demand.restless * self._noise))

        clock, voltage, load, board, capped = self._electric(
            work, demand.intensity, card.power_limit * demand.power_limit
        )
        self._clock = clock
        chip = board * card.chip_share
        self._heat(demand, board, chip, seconds)
        self._spin(demand, seconds)
        self._throttle(seconds)
        awake = load > 0.04
        self._awake = 8.0 if awake else max(0.0, self._awake - seconds)

        self._cpu += (36 + 30 * demand.cpu + 0.15 * demand.ambient - self._cpu) * (1 - math.exp(-seconds / 8))
        wanted = 5200 + 14000 * demand.memory_used
        self._system_memory += (wanted - self._system_memory) * (1 - math.exp(-seconds / 30))
        memory_used = card.memory_total * (demand.memory_used + 0.004 * self._host_noise)
        step = card.temperature_step
        slot = board * card.slot_share + 0.3 * gauss(0, 1)
        rpm = card.fan_rpm * self._fan
        full_memory = self._awake > 0
        rest = (board - chip) / 2
        return Sensors(
            core_clock=clock,
            memory_clock=card.memory_full_clock if full_memory else card.memory_idle_clock,
            video_clock=105.0 if demand.video == 0 else 1020.0,
            video_clock_2=102.0 if demand.video == 0 else 875.0,
            temperature=round(self._core / step) * step,
            hot_spot=self._core + card.hot_spot_resistance * demand.paste * chip + 0.5 + 0.2 * gauss(0, 1),
            memory_temperature=round((self._sink + 3 + 0.22 * rest) / 2) * 2,
            regulator_temperature=round(self._sink + 4 + 0.02 * board),
            fan_percent=self._duty if self._spinning else 0.0,
            fan1_rpm=max(0.0, rpm + 6 * gauss(0, 1)) if rpm > 60 else 0.0,
            fan2_rpm=max(0.0, rpm * 1.004 + 6 * gauss(0, 1)) if rpm > 60 else 0.0,
            memory_used=memory_used,
            memory_borrowed=max(0.0, 90 + 260 * demand.memory_used + 12 * self._host_noise),
            gpu_load=100 * load,
            memory_load=min(100.0, 100 * load * demand.memory_work),
            video_load=max(0.0, 100 * demand.video + 3 * self._noise) if demand.video else 0.0,
            bus_load=max(0.0, 6 * load + 1.2 * self._host_noise) if awake else 0.0,
            board_power=board,
            chip_power=chip,
            memory_power=rest,
            input_power=max(0.0, board * 0.31 + gauss(0, 0.4)),
            slot_power=max(0.0, slot),
            connector_power=max(0.0, board - slot) / card.connectors if card.connectors else 0.0,
            power_of_limit=100 * board / card.power_limit,
            supply_voltage=12.14 - 0.0006 * board + 0.02 * gauss(0, 1),
            connector_voltage=12.18 - 0.0007 * board + 0.02 * gauss(0, 1),
            perfcap=capped,
            core_voltage=voltage,
            memory_voltage=1.35 if full_memory else 0.85,
            cpu_temperature=self._cpu + 1.5 * self._host_noise,
            system_memory=self._system_memory + 18 * self._host_noise,
        )

    def _electric(self, work: float, intensity: float, limit: float) -> tuple[float, float, float, float, int]:
        """(clock, voltage, load, board power, PerfCap mask) for this much work."""
        card = self._card
        span = card.boost_clock - card.idle_clock
        # Boost gives a step back for every few degrees.
        boost = card.boost_clock - card.clock_step * max(0.0, (self._core - 55) / 6)
        asked = boost if work > 0.3 else card.idle_clock + span * max(0.0, (work - 0.01) / 0.3)
        wanted = min(asked, self._cap)
        clock, voltage, load, board = self._at(wanted, work, intensity)
        capped = 0
        if board > limit:
            # Power goes with the clock and with the square of the voltage, which follows it.
            wanted *= (limit / board) ** 0.45
            clock, voltage, load, board = self._at(wanted, work, intensity)
            capped |= _CAP_POWER
        if work < 0.1:
            capped = _CAP_IDLE
        elif self._throttling and self._cap < asked:
            capped |= _CAP_THERMAL
        elif not capped and asked >= boost:
            capped = _CAP_RELIABILITY
        return clock, voltage, load, board, capped if card.reports_perfcap else 0

    def _at(self, wanted: float, work: float, intensity: float) -> tuple[float, float, float, float]:
        card = self._card
        span = card.boost_clock - card.idle_clock
        clock = card.idle_clock + card.clock_step * math.floor((wanted - card.idle_clock) / card.clock_step)
        height = min(1.0, max(0.0, (clock - card.idle_clock) / span))
        voltage = card.idle_voltage + (card.boost_voltage - card.idle_voltage) * height**1.6
        # Work that takes longer at a lower clock keeps the card busy for longer. Idle work is a share of idle clocks.
        load = min(1.0, work * card.boost_clock / clock) if work > 0.3 else work
        strength = (0.55 + 0.45 * height**1.6) ** 2
        board = card.idle_power + card.load_power * intensity * load * (clock / card.boost_clock) * strength
        board *= 1 + 0.008 * self._random.gauss(0, 1)
        return clock, math.floor(voltage * 160) / 160 if voltage == voltage else voltage, load, board

    def _heat(self, demand: Demand, board: float, chip: float, seconds: float) -> None:
        card = self._card
        air = (self._fan**0.8) * demand.air_flow
        conductance = card.passive_conductance + card.fan_conductance * air
        settled = demand.ambient + board / conductance
        self._sink += (settled - self._sink) * (1 - math.exp(-seconds * conductance / card.heat_capacity))
        core = self._sink + card.die_resistance * demand.paste * chip
        self._core += (core - self._core) * (1 - math.exp(-seconds / _DIE_SECONDS))

    def _spin(self, demand: Demand, seconds: float) -> None:
        card = self._card
        if card.fan_stop:
            # Fans that stand still start only well above where they stopped.
            self._spinning = self._core > (card.fan_stop if self._spinning else card.fan_stop + 7)
        aim = self._curve(self._core) if self._spinning else 0.0
        most = _DUTY_PER_SECOND * seconds
        self._duty += min(most, max(-most, aim - self._duty))
        reached = self._duty / 100 * demand.fan_health if self._spinning else 0.0
        self._fan += (reached - self._fan) * (1 - math.exp(-seconds / _FAN_SECONDS))

    def _curve(self, temperature: float) -> float:
        points = self._card.fan_curve
        before = points[0]
        for point in points:
            if temperature < point[0]:
                share = (temperature - before[0]) / (point[0] - before[0]) if point[0] > before[0] else 0.0
                return before[1] + max(0.0, share) * (point[1] - before[1])
            before = point
        return points[-1][1]

    def _throttle(self, seconds: float) -> None:
        card = self._card
        over = self._core - card.throttle_at
        if over > 0 and not self._throttling:
            self._throttling = True
            self._cap = self._clock
        if self._core > card.slowdown_at:
            self._slowed = True
        elif self._core < card.slowdown_at - _HYSTERESIS:
            self._slowed = False
        if self._slowed:
            self._cap = min(self._cap, card.boost_clock * 0.5)
        elif over > 0:
            self._cap = max(card.boost_clock * 0.35, self._cap - _CLOCK_CUT * over * seconds)
        elif over < -_HYSTERESIS:
            self._cap = min(card.boost_clock, self._cap + _CLOCK_RETURN * seconds)
            self._throttling = self._cap < card.boost_clock
