"""Sensors that lie: what is shown in the place of what is measured."""

from __future__ import annotations

from kafka_producer.simulate.columns import Sensors
from kafka_producer.simulate.demand import Demand


def faulty(sensors: Sensors, before: Sensors | None, demand: Demand) -> Sensors:
    """``sensors`` with the faults of ``demand``; ``before``: what was shown in the row before, None in the first."""
    shown = {name: getattr(sensors, name) + offset for name, offset in demand.offsets}
    if before is not None:
        shown |= {name: getattr(before, name) for name in demand.frozen}
    return sensors._replace(**shown)
