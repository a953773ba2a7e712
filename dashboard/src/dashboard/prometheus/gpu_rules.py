"""The rule pack for GPUs: usable in any Prometheus that scrapes dcgm-exporter, nvidia_gpu_exporter or gpustream."""

from __future__ import annotations

from dashboard.grafana.alert_file import LimitRules
from dashboard.prometheus import cards, gpu_faults, gpu_limits, gpu_presence, gpu_xid
from dashboard.prometheus.rule import Group
from telemetry.catalogue import Catalogue
from telemetry.xid import XidTable

INTERVAL = "15s"
SHOWN = ("board_power_draw", "memory_controller_load", "gpu_clock", "memory_clock")
"""No rule reads these; dashboards do."""
KEPT = "1m"
"""Longer than a group of warnings waits in Alertmanager (30 s) and two evaluations: a GPU that throttles itself below
its limit again was too hot all the same, and people are told; of one that hovers at its limit they are told once."""


def groups(catalogue: Catalogue, rules: LimitRules, xids: XidTable) -> list[Group]:
    read = {*SHOWN, *gpu_faults.METRICS, *(metric.name for metric in gpu_limits.judged(catalogue))}
    # What follows from others is made after them.
    metrics = sorted(
        (metric for metric in catalogue if metric.name in read), key=lambda each: each.name in cards.FOLLOWS
    )
    records = (*cards.records(catalogue, metrics), *gpu_presence.records(), *gpu_xid.records(), cards.models())
    alerts = [
        *gpu_limits.alerts(catalogue, rules),
        *gpu_faults.alerts(),
        *gpu_xid.alerts(xids),
        *gpu_presence.alerts(),
    ]
    # One group: an alert is judged by the values of the same moment.
    return [Group("gpustream-gpu", INTERVAL, (*records, *(each._replace(kept=KEPT) for each in alerts)))]
