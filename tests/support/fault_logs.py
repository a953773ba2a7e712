"""Logs in the drop folder while harm is done: the identities that they must become, against what the stores hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.fault_load import Count
from support.identities import Point, Row, eventually
from support.platform import Platform
from telemetry.timestamp import parse_time

PATIENCE = 400
BUCKET = "gpu-imports"
"""Where the readings of old logs are."""


@dataclass
class Wanted:
    """What must be there in the end, each once."""

    points: Counter[Point] = field(default_factory=Counter)
    rows: Counter[Row] = field(default_factory=Counter)

    def add(self, gpu: str, readings: Iterable[Mapping[str, Any]]) -> None:
        """As the dry run prints them."""
        for each in readings:
            self.points[Point(gpu, parse_time(each["time"]), each["row"])] += 1
            self.rows[Row(each["origin"], gpu, each["row"])] += 1

    def add_logs(self, platform: Platform, gpu: str, logs: Sequence[Path]) -> None:
        self.add(gpu, platform.readings_of(logs[0], gpu, *logs[1:]))

    def counted(self, platform: Platform) -> dict[str, Count]:
        """Store -> what it holds of these GPUs, once all is there or ``PATIENCE`` is over."""
        gpus = sorted({point.gpu for point in self.points})
        points = eventually(
            lambda: sum((platform.points(BUCKET, gpu) for gpu in gpus), Counter[Point]()),
            lambda found: not self.points - found, PATIENCE,
        )  # fmt: skip
        rows = eventually(
            lambda: sum((platform.rows(gpu) for gpu in gpus), Counter[Row]()),
            lambda found: not self.rows - found, PATIENCE,
        )  # fmt: skip
        return {"InfluxDB": Count.of(self.points, points), "lake": Count.of(self.rows, rows)}
