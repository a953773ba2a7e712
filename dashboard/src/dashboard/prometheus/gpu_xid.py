"""Xids by what there is to do, from config/xid.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dashboard.prometheus import cards
from dashboard.prometheus.rule import Alert, Record, Severity
from telemetry.xid import XidTable

RECENT = "gpu:xid_recent"
"""1 for five minutes after an Xid, with the number as a label."""
_WINDOW = 300
"""Seconds. As nvidia_gpu_exporter advises: by the time of the last one, because a rate misses a series' first event."""
_GAUGES = ("DCGM_FI_DEV_XID_ERROR", "DCGM_FI_DEV_XID_ERRORS")
"""dcgm-exporter's: the last Xid, which stays for ever (4.6, and before)."""
_TIMES = (
    ("nvidia_gpu_exporter", "nvidia_smi_xid_last_timestamp_seconds"),
    ("gpustream", "gpustream_gpu_xid_last_timestamp_seconds"),
)


class _Class(NamedTuple):
    alert: str
    actions: tuple[str, ...]
    severities: tuple[str, ...]
    severity: Severity
    to_do: str


_CLASSES = (
    _Class("GpuXidReboot", ("reboot",), ("warning", "critical"), "critical", "Drain the node and reboot it."),
    _Class(
        "GpuXidReset",
        ("reset_gpu", "restart_vm"),
        ("warning", "critical"),
        "critical",
        "Move the work away and reset the GPU.",
    ),
    _Class(
        "GpuXidHardware",
        ("check_power", "contact_support", "update_software"),
        ("warning", "critical"),
        "critical",
        "Hardware, its power or its software must be looked at.",
    ),
    _Class(
        "GpuXidFollowUp",
        ("follow_up", "look_up"),
        ("critical",),
        "critical",
        "The number alone does not say what to do; the kernel's line does.",
    ),
    _Class(
        "GpuXidLookUp",
        ("follow_up", "look_up"),
        ("warning",),
        "warning",
        "Read the kernel's line and what came before it.",
    ),
    _Class(
        "GpuXidApplication",
        ("restart_app",),
        ("warning", "critical"),
        "info",
        "Most often the program's own fault: restart it.",
    ),
    _Class("GpuXidNoted", ("ignore",), ("warning",), "info", "Nothing to do at once; many of them are a trend."),
)


def records() -> Iterator[Record]:
    terms = []
    for gauge in _GAUGES:
        # The value becomes a label; one that stood there five minutes ago is no news.
        now = f'count_values without () ("xid", {gauge} > 0)'
        before = f'count_values without () ("xid", {gauge} offset {_WINDOW // 60}m > 0)'
        terms.append(cards.card_of("dcgm", f"({now} unless {before})"))
    terms.append(cards.card_of("dcgm", 'DCGM_EXP_XID_ERRORS_COUNT{xid!="", xid!="0"} > 0'))
    for exporter, name in _TIMES:
        series = cards.series_of(exporter, name)
        terms.append(cards.card_of(exporter, f"(time() - {series} < {_WINDOW})"))
    joined = "\n  or\n  ".join(terms)
    yield Record(RECENT, f"group by (cluster, host, card, xid) (\n  {joined}\n)")


def alerts(table: XidTable) -> Iterator[Alert]:
    named: set[int] = set()
    for each in _CLASSES:
        numbers = sorted(
            number
            for number, xid in table.rows.items()
            if xid.action in each.actions and xid.severity in each.severities
        )
        if numbers:
            yield _alert(each.alert, f'xid=~"{_any(numbers)}"', each.severity, each.to_do)
        named.update(table.rows)
    yield _alert("GpuXidUnknown", f'xid!~"{_any(sorted(named))}"', "warning", "config/xid.yaml does not know it.")


def _alert(name: str, chosen: str, severity: Severity, to_do: str) -> Alert:
    return Alert(
        name=name,
        expr=f"{RECENT}{{{chosen}}} > 0",
        patience="0s",
        severity=severity,
        about="gpu",
        summary="{{ $labels.card }}: Xid {{ $labels.xid }}",
        description=f"{to_do} config/xid.yaml says what the number means and who says so.",
    )


def _any(numbers: list[int]) -> str:
    return "|".join(map(str, numbers))
