"""Readings of one GPU to its card: one pass, constant memory."""

from __future__ import annotations

from collections import Counter
from typing import Final

from dashboard.card import Gap, Moment
from dashboard.card_minute import WorstMinute, weigh, weigh_throttling
from dashboard.card_track import STEPS, Series, Track
from telemetry.catalogue import Catalogue
from telemetry.reading import WHOLE_READING, Reading
from telemetry.timestamp import SECOND

CHART_KINDS: Final = ("temperature", "power", "clock", "load", "fan")
BUSY_KINDS: Final = frozenset({"load"})
"""Kinds whose limits say how busy a card was: worth telling, but no fault."""
POWER: Final = ("board_power_draw", "gpu_power")
"""Where energy comes from: the whole card's power, else what older and integrated GPUs call theirs."""
NO_BRIDGE: Final = 10 * SECOND
"""Power is not known across a longer gap, so no energy is counted for it."""

_SLOWEST_SOURCE = 60 * SECOND
"""While nobody knows how often a source reads, this is no gap yet."""
_MOST_METRICS = 500
_MOST_GAPS = 20
_MOST_INTERVALS = 200
_WHOLE_TOLERANCE = 1.02, 2.0
"""A part may exceed its whole by 2 % and 2 units: two sensors are never read at quite the same time."""


class CardBuilder:
    """Takes the readings of one GPU in their order; ``card_summary`` reads the fields."""

    def __init__(self, first: Reading, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.first = self.last = first
        self.model = first.model
        self.tracks: dict[str, Track] = {}
        self.rows = self.flagged_rows = 0
        self.missing_rows = 0
        self.flag_rows: Counter[str] = Counter()
        self.covered = 0
        """Microseconds for which readings stand."""
        self.throttled = 0
        self.usual_interval = 0
        """The most frequent distance of two readings, microseconds; 0 while there is none."""
        self._intervals: Counter[int] = Counter()
        """Distance in tenths of a second -> how often."""
        self.gaps: list[Gap] = []
        self.gap_count = 0
        self.gap_steps: list[int] = []
        self.energy = dict.fromkeys(POWER, 0.0)
        """Watt microseconds."""
        self.energy_time = dict.fromkeys(POWER, 0)
        self._power_before: dict[str, tuple[int, float]] = {}
        self.minutes = WorstMinute([metric.name for metric in catalogue if metric.kind == "temperature"])
        self.step_width = SECOND // 2
        self.step_moments: list[Moment] = []
        self.step_throttled = Series()
        self._parts = [(metric.name, metric.part_of) for metric in catalogue if metric.part_of]
        self._pending: Reading | None = None

    def add(self, reading: Reading) -> None:
        """One more reading; each stands for the time until the next one comes."""
        before = self._pending
        if before is not None:
            apart = reading.time - before.time
            if 0 <= apart <= self._longest_step():
                self._note_interval(apart)
                self._account(before, apart)
            else:
                self._account(before, self.usual_interval)
                self._note_gap(before, apart)
            if reading.origin == before.origin and "/" in reading.origin:
                # The rows of a log are numbered; those of a live source carry its time.
                self.missing_rows += max(0, reading.row - before.row - 1)
        self._pending = self.last = reading
        self._integrate(reading)

    def close(self) -> None:
        """No more readings."""
        if self._pending is not None:
            self._account(self._pending, self.usual_interval)
            self._pending = None
        self.minutes.close(self.tracks)

    def _longest_step(self) -> int:
        """A longer distance of two readings is a gap, microseconds."""
        if not self.usual_interval:
            return _SLOWEST_SOURCE
        return max(NO_BRIDGE, 3 * self.usual_interval)

    def _note_interval(self, apart: int) -> None:
        tenths = round(apart / (SECOND // 10))
        # Rows of one second come milliseconds apart: that is no interval.
        if tenths and (tenths in self._intervals or len(self._intervals) < _MOST_INTERVALS):
            self._intervals[tenths] += 1
            if self._intervals[tenths] > self._intervals[self.usual_interval // (SECOND // 10)]:
                self.usual_interval = tenths * (SECOND // 10)

    def _note_gap(self, before: Reading, apart: int) -> None:
        if apart < 0:
            return
        self.gap_count += 1
        self.gaps.append(Gap(moment_of(before), apart / SECOND))
        self.gaps.sort(key=lambda gap: -gap.seconds)
        del self.gaps[_MOST_GAPS:]
        if len(self.gap_steps) < _MOST_GAPS:
            self.gap_steps.append(self.covered // self.step_width)

    def _account(self, reading: Reading, held: int) -> None:
        """``reading`` stood for ``held`` microseconds."""
        moment = moment_of(reading)
        step = self._step(moment)
        number = reading.time // (60 * SECOND)
        minute = self.minutes.see(number, moment, self.tracks)
        metrics, tracks = reading.metrics, self.tracks
        throttles = False
        for name, value in metrics.items():
            track = tracks.get(name) or self._new_track(name)
            if track is None:
                continue
            severity = track.see(value, moment, number, step)
            metric = track.metric
            if severity is not None and metric is not None:
                track.beyond[severity] += held
                weigh(minute, name, severity, held, metric.kind not in BUSY_KINDS)
            if metric is not None and metric.bits:
                track.masks[int(value) & 0xFFFF] += held
                if metric.throttles(value):
                    throttles = True
                    weigh_throttling(minute, metric.words(sum(b for b in metric.throttling if int(value) & b)), held)
        for part, whole in self._parts:
            if part in metrics and whole in metrics:
                factor, offset = _WHOLE_TOLERANCE
                if part in tracks:
                    tracks[part].more_than_whole += metrics[part] > metrics[whole] * factor + offset
        self.step_throttled.see(step, float(throttles))
        self.throttled += held if throttles else 0
        self.covered += held
        self.rows += 1
        if reading.flags:
            self._flag(reading)

    def _step(self, moment: Moment) -> int:
        step = self.covered // self.step_width
        while step >= STEPS:
            self.step_width *= 2
            step //= 2
            self.step_moments = self.step_moments[::2]
            self.gap_steps = [gap // 2 for gap in self.gap_steps]
            self.step_throttled.halve()
            for track in self.tracks.values():
                if track.series is not None:
                    track.series.halve()
        while len(self.step_moments) <= step:
            self.step_moments.append(moment)
        return step

    def _new_track(self, name: str) -> Track | None:
        if len(self.tracks) >= _MOST_METRICS:
            return None
        metric = self.catalogue.get(name)
        limits = metric.limits_for(self.model) if metric else None
        track = Track(name, metric, limits, metric is not None and metric.kind in CHART_KINDS)
        self.tracks[name] = track
        return track

    def _flag(self, reading: Reading) -> None:
        self.flagged_rows += 1
        self.flag_rows.update(set(reading.flags.values()))
        for name, flag in reading.flags.items():
            track = None if name == WHOLE_READING else self.tracks.get(name) or self._new_track(name)
            if track is not None:
                track.flags[flag] += 1

    def _integrate(self, reading: Reading) -> None:
        """Energy by the trapezoid rule, for each metric that tells power by itself."""
        for name in POWER:
            power = reading.metrics.get(name)
            if power is None:
                continue
            if name in self._power_before:
                then, power_then = self._power_before[name]
                apart = reading.time - then
                if 0 < apart <= NO_BRIDGE:
                    self.energy[name] += apart * (power + power_then) / 2
                    self.energy_time[name] += apart
            self._power_before[name] = (reading.time, power)


def moment_of(reading: Reading) -> Moment:
    return Moment(reading.time, reading.recorded)
