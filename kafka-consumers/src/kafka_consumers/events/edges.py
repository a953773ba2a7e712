"""One reading of a GPU x what was there before -> what has happened since. Pure, but for the state it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kafka_consumers.events import bursts
from kafka_consumers.events.bursts import Bursts
from kafka_consumers.events.config import EventRules
from kafka_consumers.events.counters import Counter, counted, grown
from kafka_consumers.events.words import Meanings


@dataclass(slots=True)
class Edges:
    """What must be known of a GPU to see that something has changed. Stored with the GPU's track."""

    counters: dict[str, Counter] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    xids: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Source -> (number of the last Xid, how many there were lately; -1 where it does not say)."""
    bursts: Bursts = field(default_factory=dict)


class Seen(NamedTuple):
    """What one reading brought."""

    growth: dict[str, float]
    """Counter -> by how much it has grown."""
    happened: tuple[str, ...]
    """Bursts (``kind/number``) that began or grew by something that is over in a moment."""


_NOTHING = Seen({}, ())


class EdgeRules:
    """The rules, ready for the many readings that bring nothing."""

    def __init__(self, rules: EventRules, meanings: Meanings) -> None:
        self._rules = rules
        self._bits = meanings.bits

    def look(self, edges: Edges, values: Mapping[str, float], source: str, time: int) -> Seen:
        """``time`` in microseconds UTC, never before that of the last look."""
        growth: dict[str, float] = {}
        happened: list[str] = []
        for name, rule in self._rules.counters.items():
            rise = grown(edges.counters, name, rule.metrics, values, source, time)
            if not rise:
                continue
            growth[name] = rise
            if rule.event is not None:
                known = edges.counters[name].value
                key = bursts.key(rule.event.kind, rule.event.number)
                text = f"{counted(rise, rule.words)} more, {known:g} in all by {edges.counters[name].metric}"
                bursts.happened(edges.bursts, key, time, max(1, round(rise)), text)
                happened.append(key)
        self._gauges(edges, values, time, happened)
        self._xids(edges, values, source, time, happened)
        self._throttle(edges.bursts, values, time)
        return Seen(growth, tuple(happened)) if growth or happened else _NOTHING

    def _gauges(self, edges: Edges, values: Mapping[str, float], time: int, happened: list[str]) -> None:
        for rule in self._rules.gauges:
            value = values.get(rule.metric)
            if value is None:
                continue
            before = edges.gauges.get(rule.metric)
            edges.gauges[rule.metric] = value
            if before is not None and not before and value:
                key = bursts.key(rule.event.kind, rule.event.number)
                bursts.happened(edges.bursts, key, time, 1, f"{rule.metric} went from 0 to {value:g}")
                happened.append(key)

    def _xids(self, edges: Edges, values: Mapping[str, float], source: str, time: int, happened: list[str]) -> None:
        """The number stays for ever: it says something where it changes, or where there is one more of them."""
        last = values.get(self._rules.xid.last)
        if last is None:
            return
        recent = values.get(self._rules.xid.recent, -1.0)
        before = edges.xids.get(source)
        edges.xids[source] = (last, recent)
        if before is None or not last:
            return
        more = recent - before[1] if recent >= 0 and before[1] >= 0 else 0.0
        count = max(1, round(more)) if last != before[0] else round(max(0.0, more))
        if count:
            key = bursts.key("xid", int(last))
            bursts.happened(edges.bursts, key, time, count, f"{self._rules.xid.last} is {last:g}, by {source}")
            happened.append(key)

    def _throttle(self, open_bursts: Bursts, values: Mapping[str, float], time: int) -> None:
        for metric, bits in self._bits.items():
            value = values.get(metric)
            if value is None:
                continue
            mask = int(value)
            if not mask and not open_bursts:
                continue
            for bit, words in bits.items():
                if mask & bit:
                    text = f"{metric} says: {words}"
                    bursts.is_on(open_bursts, f"throttle/{bit}", time, self._rules.throttle.min_readings, text)
                elif open_bursts:
                    bursts.is_off(open_bursts, f"throttle/{bit}")
