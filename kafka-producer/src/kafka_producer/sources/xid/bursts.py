"""Messages to events: a burst of the same message is one event, which has a beginning, an end and a count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from kafka_producer.sources.xid.kernel_line import KernelMessage
from telemetry.messages import GpuEvent
from telemetry.reading import mode_of
from telemetry.timestamp import SECOND, format_time
from telemetry.xid import Xid, XidTable

GAP = 180 * SECOND
"""A longer silence ends a burst, as NVIDIA's Fleet Intelligence has it."""
MOST = 10_000
"""Bursts that are remembered. A machine has a few devices, and each of them a few numbers."""
SOURCE = "xid"

_Key = tuple[str, str, str, int]


@dataclass
class _Burst:
    """One event on its way."""

    first: int
    last: int
    count: int
    text: str
    is_told: bool = False


class Bursts:
    """Of one log, from its start: read again, it gives the same events."""

    def __init__(self, table: XidTable, host: str, devices: dict[str, str]) -> None:
        """``host``: where a line names none. ``devices``: PCI address -> index of the GPU, where that is known."""
        self.uuids: dict[str, str] = {}
        """PCI address -> UUID; to be filled as the log tells them."""
        self._table = table
        self._host = host
        self._devices = devices
        self._open: dict[_Key, _Burst] = {}
        self._ended: list[tuple[_Key, _Burst]] = []

    def add(self, message: KernelMessage) -> None:
        """Messages come in the order of the log; a clock that steps back by less than the gap splits no burst."""
        key = (message.host or self._host, message.kind, message.device, message.number)
        burst = self._open.get(key)
        if burst is not None and abs(message.time - burst.last) <= GAP:
            burst.last = max(burst.last, message.time)
            burst.count += 1
            burst.text, burst.is_told = message.text, False
            return
        if burst is not None:
            self._ended.append((key, burst))
        elif len(self._open) >= MOST:
            oldest = min(self._open, key=lambda each: self._open[each].last)
            self._ended.append((oldest, self._open.pop(oldest)))
        self._open[key] = _Burst(message.time, message.time, 1, message.text)

    def changed(self, now: int) -> Iterator[GpuEvent]:
        """The events that are new or have grown since the last call."""
        for key, burst in [*self._ended, *self._open.items()]:
            if not burst.is_told:
                burst.is_told = True
                yield self._event(key, burst, now)
        self._ended.clear()

    def _event(self, key: _Key, burst: _Burst, now: int) -> GpuEvent:
        host, kind, device, number = key
        index = self._devices.get(device)
        meaning = self._table.of(number) if kind == "xid" else _of_switch(number, burst.text)
        place = f"{host}/{kind}/{device}/{number}/{burst.first}"
        return GpuEvent(
            id=hashlib.sha256(place.encode()).hexdigest()[:16],
            kind="xid" if kind == "xid" else "sxid",
            number=number,
            host=host,
            device=device,
            gpu=f"{host}:{index}" if index is not None else None,
            uuid=self.uuids.get(device),
            source=SOURCE,
            mode=mode_of(host, burst.last, now),
            name=meaning.name,
            action=meaning.action,
            severity=meaning.severity,
            text=burst.text,
            first=format_time(burst.first),
            last=format_time(burst.last),
            count=burst.count,
        )


def _of_switch(number: int, text: str) -> Xid:
    """The driver itself says whether an SXid is fatal."""
    is_fatal = text.lower().startswith("fatal")
    return Xid(
        name=f"NVSwitch error {number}{', fatal' if is_fatal else ''}",
        action="follow_up" if is_fatal else "look_up",
        severity="critical" if is_fatal else "warning",
        subsystem="nvlink",
        sources={"driver": "Fatal" if is_fatal else "Non-fatal"},
    )
