"""The machine's own sensors, through psutil: what GPU-Z logs beside the card's, and what keeps a card from working."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil

from telemetry.timestamp import SECOND

_MIB = 1 << 20
_MEGABYTE = 1_000_000
_SHORTEST = SECOND // 5
"""Two looks at counters that lie closer say more of the clock than of the machine: the older answer stands."""
_PACKAGES = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
"""Names that Linux gives to a processor's own sensors; the first that is there."""


class HostSensors:
    """For several threads; each asks when it is due, and one answer serves all that come within a fifth of a second."""

    def __init__(self) -> None:
        # What only a difference tells (loads, rates) begins with the second look.
        self._last: tuple[int, _Counters] | None = None
        self._told: dict[str, float] = {}

    def at(self, now: int) -> dict[str, float]:
        """Metric -> value at ``now`` (microseconds UTC), in the catalogue's units; without what this machine does not
        tell. ``cpu_load`` and the rates of disks and network are those since the look before."""
        last = self._last
        if last is not None and 0 <= now - last[0] < _SHORTEST:
            return self._told
        counters = _Counters()
        told = dict(_states())
        if last is not None and now > last[0]:
            told |= dict(counters.since(last[1], (now - last[0]) / SECOND))
        self._last, self._told = (now, counters), told
        return told


class _Counters:
    """What the machine has counted since it began."""

    def __init__(self) -> None:
        times = psutil.cpu_times()
        # guest is part of user, and iowait is idle that has a reason.
        busy = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
        self._busy = busy
        self._all = busy + times.idle + getattr(times, "iowait", 0.0)
        disks: Any = _asked(psutil.disk_io_counters)
        network: Any = _asked(psutil.net_io_counters)
        self._bytes: dict[str, int] = {}
        if disks is not None:
            self._bytes |= {"disk_read_rate": disks.read_bytes, "disk_write_rate": disks.write_bytes}
        if network is not None:
            self._bytes |= {"network_receive_rate": network.bytes_recv, "network_send_rate": network.bytes_sent}

    def since(self, before: _Counters, seconds: float) -> Iterator[tuple[str, float]]:
        if (passed := self._all - before._all) > 0:
            yield "cpu_load", min(100.0, max(0.0, 100 * (self._busy - before._busy) / passed))
        for name, count in self._bytes.items():
            # A counter that began anew says nothing of this while.
            if (moved := count - before._bytes.get(name, count + 1)) >= 0:
                yield name, moved / _MEGABYTE / seconds


def _states() -> Iterator[tuple[str, float]]:
    memory = psutil.virtual_memory()
    yield "system_memory_used", (memory.total - memory.available) / _MIB
    yield "system_memory_total", memory.total / _MIB
    disk: Any = _asked(lambda: psutil.disk_usage("/"))
    if disk is not None:
        yield "disk_used_percent", disk.percent
    temperature = _processor_temperature()
    if temperature is not None:
        yield "cpu_temperature", temperature


def _processor_temperature() -> float | None:
    """Degrees Celsius: of the package, or the hottest of what the processor tells; None where it tells none."""
    chips: Any = _asked(getattr(psutil, "sensors_temperatures", dict)) or {}
    for name in _PACKAGES:
        entries = [each for each in chips.get(name, ()) if each.current and each.current > 0]
        packages = [each for each in entries if each.label.startswith(("Package", "Tctl", "Tdie"))]
        if entries:
            return float(max(each.current for each in packages or entries))
    return None


def _asked(question: Callable[[], Any]) -> Any:
    """None where this machine, or our rights on it, do not tell."""
    with suppress(OSError, RuntimeError, NotImplementedError, psutil.Error):
        return question()
    return None
