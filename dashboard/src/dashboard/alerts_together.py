"""Alerts of our own engine and of Prometheus as one list, in which one fault stands once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.prometheus.alert_names import LimitOf, limits_of
from dashboard.stores.alerts import Alert, Severity
from dashboard.stores.prometheus_alerts import PrometheusAlert
from telemetry.catalogue import Catalogue

_RANK: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}


class Entry(NamedTuple):
    """An alert of one of the two, or one that both know; ours says more, and people can act on it here."""

    ours: Alert | None = None
    theirs: PrometheusAlert | None = None

    @property
    def id(self) -> str:
        return self.ours.id if self.ours else f"prometheus-{self._theirs.id}"

    @property
    def severity(self) -> Severity:
        return self.ours.severity if self.ours else self._theirs.severity

    @property
    def started(self) -> int:
        return self.ours.started if self.ours else self._theirs.started

    @property
    def heard(self) -> bool:
        """False: people do not want to hear of it, or another alert says it."""
        return self.ours is not None or self._theirs.state == "firing"

    @property
    def _theirs(self) -> PrometheusAlert:
        assert self.theirs is not None, "an entry is of one of the two"
        return self.theirs


class Together:
    """Joins the two lists. The catalogue knows the limits by which both judge."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._limit_of = LimitOf(catalogue)

    def __call__(self, ours: Sequence[Alert], theirs: Sequence[PrometheusAlert]) -> list[Entry]:
        """What nobody needs to hear of last, else the worst first, then the newest."""
        same = {(each.gpu, *limit): each for each in theirs if each.gpu and (limit := self._limit_of(each.labels))}
        entries, both = [], set()
        for alert in ours:
            found = next((same[key] for key in self._keys(alert) if key in same), None)
            if found:
                both.add(found.id)
            entries.append(Entry(alert, found))
        entries += [Entry(theirs=each) for each in theirs if each.id not in both]
        return sorted(entries, key=lambda each: (not each.heard, _RANK[each.severity], -each.started))

    def _keys(self, alert: Alert) -> list[tuple[str, str, Severity]]:
        """(GPU, metric, level) of each limit at which the alert's threshold stands."""
        metric = self._catalogue.get(alert.metric)
        if metric is None or alert.threshold is None:
            return []
        levels: tuple[Severity, ...] = ("critical", "warning")
        return [
            (alert.gpu, metric.name, level)
            for level in levels
            if any(getattr(limits, level) == alert.threshold for limits in limits_of(metric))
        ]
