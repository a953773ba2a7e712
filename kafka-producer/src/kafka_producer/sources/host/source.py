"""The GPUs of this machine, each of their readings with what the machine around them did at that time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kafka_producer.source import LiveSource, LiveTarget
from kafka_producer.sources.host.sensors import HostSensors
from kafka_producer.sources.judge import judge
from telemetry.catalogue import Catalogue
from telemetry.reading import Reading


class WithHost:
    """The LiveSource ``source`` of this machine. What a GPU's own source says of a metric wins."""

    def __init__(self, source: LiveSource, sensors: HostSensors, catalogue: Catalogue) -> None:
        self.name = source.name
        self._source = source
        self._targets = [_Target(each, sensors, catalogue) for each in source.targets]

    @property
    def targets(self) -> Sequence[LiveTarget]:
        return self._targets

    def about(self, target: str) -> Iterator[str]:
        yield from self._source.about(target)

    def restart(self) -> None:
        self._source.restart()

    def close(self) -> None:
        self._source.close()


class _Target:
    def __init__(self, target: LiveTarget, sensors: HostSensors, catalogue: Catalogue) -> None:
        self._target = target
        self._sensors = sensors
        self._catalogue = catalogue

    def __str__(self) -> str:
        return str(self._target)

    @property
    def name(self) -> str:
        return self._target.name

    def poll(self, now: int) -> Sequence[Reading]:
        readings = self._target.poll(now)
        told = dict(self._sensors.at(now))
        flags = judge(told, self._catalogue)
        return [
            each._replace(
                metrics=told | dict(each.metrics),
                flags={name: flag for name, flag in flags.items() if name not in each.metrics} | dict(each.flags),
            )
            for each in readings
        ]
