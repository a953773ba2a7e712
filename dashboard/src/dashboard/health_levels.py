"""From which health score on a GPU deserves a look: the same for the pages and for Grafana."""

from __future__ import annotations

from telemetry.catalogue import Limits

LIMITS = Limits(
    warning=80,
    critical=50,
    direction="below",
    reason="A score falls by what its reasons take: 20 points are a grave reason or some small ones, 50 several grave.",
)
BEST = 100.0
