"""The contract of "what does Prometheus say is wrong?": its alerts as Alertmanager has them now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from dashboard.stores.alerts import Severity

State = Literal["firing", "silenced", "inhibited"]
_WHOM = ("card", "process", "program", "group", "mountpoint", "host", "job")
"""Labels that say what an alert is about, the most exact first."""


@dataclass(frozen=True, slots=True)
class PrometheusAlert:
    """One alert that fires there. Times in microseconds UTC."""

    id: str
    """Alertmanager's fingerprint: of all its labels."""
    name: str
    severity: Severity
    summary: str
    description: str
    runbook: str
    """A path in this repository or an address; empty: none."""
    started: int
    state: State
    """``silenced``: by people; ``inhibited``: held back by another alert."""
    labels: Mapping[str, str]

    @property
    def gpu(self) -> str | None:
        """As gpustream calls it; None: it is about no GPU, or one that only its UUID is known of."""
        card = self.labels.get("card", "")
        return card if ":" in card else None

    @property
    def about(self) -> str:
        """``gpu`` or ``platform``, by the rule; other rules: empty."""
        return self.labels.get("about", "")

    @property
    def whom(self) -> str:
        """The GPU, the machine, the process."""
        return next((self.labels[name] for name in _WHOM if self.labels.get(name)), "")


class Said(NamedTuple):
    """What was heard last."""

    alerts: tuple[PrometheusAlert, ...] = ()
    """Those of the last answer, also while ``trouble`` says that there is none any more: empty then."""
    asked: bool = False
    """False: there is no Alertmanager here to be asked."""
    trouble: str = ""
    """Why there is no answer; empty: there is one."""


class PrometheusAlerts(Protocol):
    def said(self) -> Said:
        """At once: nobody waits for Alertmanager."""
        ...


class NotAsked:
    """Where there is no Alertmanager."""

    def said(self) -> Said:
        return Said()
