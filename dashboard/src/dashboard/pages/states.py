"""The states that people meet, each with a word, an icon of its own shape and a tone."""

from __future__ import annotations

from typing import NamedTuple

from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, tag


class State(NamedTuple):
    word: str
    icon: str
    tone: str
    """critical, warning, good, note or plain: a class of console.css."""


CRITICAL = State("Critical", "critical", "critical")
WARNING = State("Warning", "warning", "warning")
GOOD = State("OK", "good", "good")
SILENT = State("Silent", "silent", "plain")
ANOMALY = State("Anomaly", "anomaly", "note")

INFO = State("Info", "info", "note")

OF_SEVERITY = {"critical": CRITICAL, "warning": WARNING, "info": INFO}
OF_ALERT = {
    "pending": State("Pending", "pending", "plain"),
    "firing": State("Firing", "critical", "critical"),
    "acknowledged": State("Acknowledged", "acknowledged", "note"),
    "resolved": State("Resolved", "good", "good"),
    "silenced": State("Silenced", "silenced", "plain"),
    "inhibited": State("Held back", "silenced", "plain"),
}
OF_PROMETHEUS = State("Prometheus", "pipeline", "plain")
"""Where an alert comes from that is not our own engine's."""
OF_MODE = {
    "live": State("Live", "live", "good"),
    "demo": State("Demo", "demo", "note"),
    "import": State("Recorded", "recorded", "plain"),
}
OF_LOG = {
    "waiting": State("Waiting", "pending", "plain"),
    "following": State("Being read", "live", "note"),
    "done": State("Read to its end", "good", "good"),
    "rejected": State("Rejected", "critical", "critical"),
    "gone": State("File removed", "silent", "plain"),
    "sent": State("Replayed", "good", "good"),
    "unfinished": State("Unfinished", "pending", "warning"),
}


def badge(state: State, word: str | None = None) -> Markup:
    return tag("span", icon(state.icon, 15), word or state.word, class_=f"state {state.tone}")


def named(states: dict[str, State], name: str) -> State:
    """A state by its name; one that nobody has drawn yet still has its word."""
    return states.get(name) or State(name.replace("_", " ").capitalize(), "silent", "plain")
