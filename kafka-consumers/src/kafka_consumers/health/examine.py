"""A minute of a GPU to its score: every look of config/health.yaml, one after the other. Pure, but for the track."""

from __future__ import annotations

from kafka_consumers.health import findings_now as now_
from kafka_consumers.health import findings_past as past
from kafka_consumers.health.config import HealthConfig, metrics_of
from kafka_consumers.health.finding_config import (
    AnyLook,
    Bits,
    Comparison,
    Flagged,
    Growth,
    Incidents,
    Level,
    Limit,
    Limits,
    Narrowed,
    Rate,
)
from kafka_consumers.health.findings_now import Found
from kafka_consumers.health.minute import MINUTE, Minute
from kafka_consumers.health.peers import Board, band_of
from kafka_consumers.health.score import Score, of, settled
from kafka_consumers.health.track import Track
from telemetry.catalogue import Catalogue

_AGES = (Growth, Rate, Incidents)
"""Looks that stand on what was counted: an odd minute is none of their business."""


class Examiner:
    """The looks, applied to the minute that a track has just closed."""

    def __init__(self, config: HealthConfig, catalogue: Catalogue, board: Board) -> None:
        self._file = config.file
        self._catalogue = catalogue
        self._board = board
        looks = [
            (component, key, look)
            for component, each in config.file.components.items()
            for key, look in each.findings.items()
        ]
        self._looks = looks
        named = {name for _, _, look in looks for name in metrics_of(look, catalogue)}
        self.masks = frozenset({look.metric for _, _, look in looks if isinstance(look, Bits)})
        self.metrics = frozenset(named - self.masks)
        """What a minute must gather, beside the bit masks."""
        self._compared = [(key, look) for _, key, look in looks if isinstance(look, Comparison)]
        self._load = next((look.load for _, look in self._compared), "")
        self._widest = [look.metric for _, _, look in looks if isinstance(look, Narrowed)]
        self.windows = {
            f"{component}/{key}": (look.counter, look.window)
            for component, key, look in looks
            if isinstance(look, Growth | Rate)
        }
        """Finding -> the counter that it follows, and for how long."""

    def score(self, track: Track, minute: Minute, *, has_seen: bool = True) -> Score:
        """``minute`` may be empty, of a GPU that is lost: what its past says, then. The track remembers it."""
        if minute.start - track.closed > 3 * MINUTE:
            # What was before a pause says nothing of what is after it; a machine that has just started settles first.
            track.band = ""
            track.held = {key: held for key, held in track.held.items() if minute.start - held.at <= self._file.carry}
        for name in self._widest:
            if (value := minute.highest(name)) is not None:
                track.most[name] = max(value, track.most.get(name, value))
        load = minute.mean(self._load)
        band = band_of(load) if load is not None else ""
        findings: dict[str, dict[str, Found]] = {name: {} for name in self._file.components}
        for component, key, look in self._looks:
            whole = f"{component}/{key}"
            found = self._look(whole, look, track, minute, band)
            if not isinstance(look, _AGES):
                found = settled(track.held, whole, found, minute.start, self._file.carry)
            if found is not None:
                findings[component][key] = found
        if has_seen:
            self._show(track, minute, band)
            track.band, track.closed = band, minute.start
        return of(self._file, findings)

    def _look(self, whole: str, look: AnyLook, track: Track, minute: Minute, band: str) -> Found | None:
        end = minute.start + MINUTE
        catalogue = self._catalogue
        if isinstance(look, Level):
            return now_.of_level(look, minute, catalogue)
        if isinstance(look, Limit):
            return now_.of_limit(look, minute, track.model, catalogue)
        if isinstance(look, Limits):
            return now_.of_limits(look, minute, track.model, catalogue)
        if isinstance(look, Bits):
            return now_.of_bits(look, minute, catalogue)
        if isinstance(look, Narrowed):
            return now_.of_narrowed(look, minute, track.most, catalogue)
        if isinstance(look, Flagged):
            return now_.of_flagged(look, minute, catalogue) if minute.readings else None
        if isinstance(look, Comparison):
            return self._compare(look, track, minute, band)
        if isinstance(look, Incidents):
            # A source that tells of no event gives no evidence that there was none.
            knows = track.edges.xids or track.incidents or track.source in self._file.events.lost.sources
            return past.of_incidents(look, track.incidents, track.gpu, end) if knows else None
        if look.counter not in track.edges.counters:
            return None
        grown = track.grown.get(whole, {})
        if isinstance(look, Growth):
            return past.of_growth(look, grown, end)
        return past.of_rate(look, grown, minute, end)

    def _compare(self, look: Comparison, track: Track, minute: Minute, band: str) -> Found | None:
        """Not in the minute in which the load has changed: a card takes its time to warm up and to cool down."""
        value = minute.mean(look.metric)
        if value is None or not band or band != track.band or (look.bands and band not in look.bands):
            return None
        peers = None
        if track.mode != "import" and track.model:
            least = self._file.usual.peers
            peers = self._board.middle(minute.start, track.mode, track.model, band, look.metric, least)
        name = f"{look.metric}/{band}"
        own = track.usual.get(name)
        compared = past.compare(look, value, band, own, peers, self._file.usual, self._catalogue)
        learnt = past.learn(look, value, own, compared, self._file.usual)
        if learnt is not None:
            track.usual[name] = learnt
        return compared.found

    def _show(self, track: Track, minute: Minute, band: str) -> None:
        """To its peers; like a comparison, only once it has been at this load for a minute."""
        if track.mode == "import" or not track.model or not band or band != track.band:
            return
        means = {look.metric: mean for _, look in self._compared if (mean := minute.mean(look.metric)) is not None}
        self._board.add(minute.start, track.mode, track.model, band, means)
