"""What all pages share: the stores, words for values, the clock, and answers that many open pages show."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.alerts_together import Entry, Together
from dashboard.pages.cached import Cached
from dashboard.pages.figures import Figures
from dashboard.sessions import Sessions
from dashboard.stores.alerts import Alert
from dashboard.stores.all import Stores
from dashboard.stores.health import Advice, Risk, Score
from dashboard.stores.history import KnownGpu
from dashboard.stores.live import Latest
from telemetry.clock import Clock
from telemetry.errors import Unavailable
from telemetry.reading import Mode
from telemetry.settings import Settings

ALERTS_EVERY = 3.0
GPUS_EVERY = 5.0
SCORES_EVERY = 5.0
ADVICE_EVERY = 60.0
"""Made by the nightly batch."""
EVERY_MODE: tuple[Mode, ...] = ("live", "demo", "import")


@dataclass(frozen=True)
class Console:
    settings: Settings
    stores: Stores
    sessions: Sessions
    clock: Clock
    figures: Figures = field(init=False)
    open_alerts: Cached[list[Alert]] = field(init=False)
    """The worst and newest first."""
    together: Together = field(init=False)
    known_gpus: Cached[list[KnownGpu]] = field(init=False)
    scores: Cached[list[Score]] = field(init=False)
    """The worst first; of all modes."""
    risks: Cached[list[Risk]] = field(init=False)
    advice: Cached[list[Advice]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "figures", Figures(self.stores.catalogue))
        object.__setattr__(self, "open_alerts", Cached(self.stores.alerts.active, ALERTS_EVERY))
        object.__setattr__(self, "together", Together(self.stores.catalogue))
        object.__setattr__(self, "known_gpus", Cached(self.stores.history.gpus, GPUS_EVERY))
        health = self.stores.health
        object.__setattr__(self, "scores", Cached(lambda: health.scores(EVERY_MODE), SCORES_EVERY))
        object.__setattr__(self, "risks", Cached(lambda: health.risks(EVERY_MODE), ADVICE_EVERY))
        object.__setattr__(self, "advice", Cached(lambda: health.advice(EVERY_MODE), ADVICE_EVERY))

    async def gpus(self) -> list[KnownGpu]:
        """Those of which there is a history, and those that were just heard of for the first time. Raises Away."""
        known = await self.known_gpus.get()
        names = {each.gpu for each in known}
        return known + [_just_heard_of(each) for each in self.stores.live.gpus() if each.gpu not in names]

    async def alerts_now(self) -> tuple[list[Entry], Unavailable | None]:
        """Open alerts of our engine and of Prometheus, and why ours are not among them."""
        away, ours = None, list[Alert]()
        try:
            ours = await self.open_alerts.get()
        except Unavailable as error:
            away = error
        return self.together(ours, self.stores.prometheus.said().alerts), away

    def now(self) -> int:
        """Microseconds UTC."""
        return self.clock.now()


def _just_heard_of(latest: Latest) -> KnownGpu:
    modes = frozenset({latest.mode})
    return KnownGpu(
        latest.gpu, latest.host, latest.source, modes, latest.time, latest.time, tuple(sorted(latest.metrics))
    )
