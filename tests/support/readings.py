"""Readings made up for tests: what matters about them is given, the rest is the same for all."""

from __future__ import annotations

from typing import Any

from telemetry.reading import Reading


def made_up(row: int, time: int, **changes: Any) -> Reading:
    """A reading of the GPU desk:0 at ``time`` (microseconds UTC); ``changes`` are fields of Reading."""
    metrics = {"gpu_load": float(row % 100), "gpu_temperature": 40.0 + row % 50, "board_power_draw": 100.0 + row % 7}
    reading = Reading("0123456789abcdef/0", row, "live", time, None, "desk:0", "desk", "gpuz", None, metrics, {})
    return reading._replace(**changes)
