"""What happened to GPUs, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.card_words import counted
from dashboard.pages.markup import Markup, tag
from dashboard.pages.moments import lasted, moment
from dashboard.pages.states import OF_SEVERITY, badge, named
from dashboard.stores.health import Event

_KINDS = {"xid": "Xid", "sxid": "SXid", "ecc": "ECC", "remap": "Row remap", "throttle": "Throttled", "lost": "Lost"}


def table(events: Sequence[Event], now: int, *, of_one_gpu: bool = False) -> Markup:
    names = ["What", "Severity", "What to do", *([] if of_one_gpu else ["GPU"]), "When"]
    head = tag("tr", *(tag("th", name) for name in names))
    rows = (_row(each, now, of_one_gpu) for each in events)
    return tag("div", tag("table", head, *rows, class_="stacked"), class_="scroll")


def title(event: Event) -> str:
    """``Xid 79: GPU has fallen off the bus``."""
    number = f" {event.number}" if event.kind in {"xid", "sxid"} else ""
    return f"{_KINDS[event.kind]}{number}: {event.name}"


def _row(event: Event, now: int, of_one_gpu: bool) -> Markup:
    times = "" if event.count == 1 else f", {counted(event.count, 'time')} in {lasted(event.first, event.last)}"
    where = tag("a", event.gpu, href=f"/gpu/{event.gpu}") if event.gpu else f"{event.host}, device {event.device}"
    return tag(
        "tr",
        tag("td", tag("b", title(event)), tag("div", event.text, class_="soft small code")),
        tag("td", badge(OF_SEVERITY.get(event.severity) or named({}, event.severity)), data_label="Severity"),
        tag("td", event.action, data_label="What to do"),
        None if of_one_gpu else tag("td", where, data_label="GPU"),
        tag(
            "td", moment(event.last, now), tag("span", times, class_="soft"), class_="nowrap figure", data_label="When"
        ),
    )
