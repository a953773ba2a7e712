"""What supervisord says of each program, natively: some of them tell nothing of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric

from dashboard.status.keeper import Program
from telemetry.errors import Unavailable


class Supervisor(Protocol):
    """:class:`dashboard.status.keeper.Keeper`, or who stands in for it."""

    def programs(self) -> list[Program]:
        """Raises Unavailable where there is none."""


class Programs:
    """prometheus_client's collector protocol. With Docker, where there is no supervisord, there is nothing to tell."""

    def __init__(self, keeper: Supervisor) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[Metric]:
        running = GaugeMetricFamily(
            "gpustream_program_running", "Whether supervisord has it running.", labels=("program",)
        )
        try:
            for program in self._keeper.programs():
                running.add_metric((program.name,), float(program.state == "RUNNING"))
        except Unavailable:
            pass
        yield running
