"""What a minute shows beside the past: this GPU's own, its peers', its counters' and its incidents'. Pure."""

from __future__ import annotations

from typing import NamedTuple

from kafka_consumers.alerts.duration import spell
from kafka_consumers.events.counters import counted
from kafka_consumers.health.config import Usual as UsualRule
from kafka_consumers.health.finding_config import Comparison, Growth, Incidents, Rate
from kafka_consumers.health.findings_now import Found, shown
from kafka_consumers.health.minute import MINUTE, Minute
from kafka_consumers.health.peers import Middle
from kafka_consumers.health.track import Incident, Usual
from telemetry.catalogue import Catalogue
from telemetry.reading import split_gpu

_PARTS = 24
"""Into which a window is divided: what is old leaves it part by part."""
_WORDS = {7 * 24 * 60: "this week", 24 * 60: "within a day", 60: "within an hour"}


class Compared(NamedTuple):
    """``by_own``, ``by_peers``: how far it is from what is usual, in the direction that is bad; None: not known."""

    found: Found | None
    by_own: float | None
    by_peers: float | None


def compare(
    look: Comparison, value: float, band: str, own: Usual | None, peers: Middle | None, rule: UsualRule,
    catalogue: Catalogue,
) -> Compared:  # fmt: skip
    """Where both are known, both must say so: hotter than ever, like all its peers, is a warm day; hotter than its
    peers, like always, is its place in the rack."""
    own_mean = own.mean if own is not None and own.minutes * MINUTE >= rule.after else None
    by_own = _away(look, value, own_mean)
    by_peers = _away(look, value, peers.value if peers is not None else None)
    known = [each for each in (by_own, by_peers) if each is not None]
    if not known:
        return Compared(None, None, None)
    points = min(look.ramp(each) for each in known)
    if not points:
        return Compared(Found(0.0), by_own, by_peers)
    usual = []
    if peers is not None:
        usual.append(f"its {peers.gpus - 1} peers show {shown(catalogue, look.metric, peers.value)}")
    if own_mean is not None:
        usual.append(f"it had {shown(catalogue, look.metric, own_mean)} before")
    label = catalogue[look.metric].label
    sentence = f"{label} {shown(catalogue, look.metric, value)} at {band} load: {' and '.join(usual)}"
    return Compared(Found(points, sentence), by_own, by_peers)


def learn(look: Comparison, value: float, own: Usual | None, compared: Compared, rule: UsualRule) -> Usual | None:
    """What is usual of it after this minute. What its peers call odd is not learnt, or a fault would become usual."""
    half = (look.begin + look.to) / 2
    if compared.by_peers is not None and abs(compared.by_peers) > abs(look.begin) / 2:
        return own
    if own is None:
        return Usual(1, value)
    if compared.by_peers is None and compared.by_own is not None and abs(compared.by_own) > abs(half):
        return own
    minutes = min(own.minutes + 1, rule.memory // MINUTE)
    return Usual(minutes, own.mean + (value - own.mean) / minutes)


def _away(look: Comparison, value: float, usual: float | None) -> float | None:
    if usual is None or (look.percent and not usual):
        return None
    return 100 * (value - usual) / abs(usual) if look.percent else value - usual


def note(grown: dict[int, float], window: int, time: int, amount: float) -> None:
    """``amount`` more at ``time``, kept for ``window``."""
    part = window // _PARTS
    begin = time // part * part
    grown[begin] = grown.get(begin, 0.0) + amount
    for old in [each for each in grown if each <= time - window - part]:
        del grown[old]


def of_growth(look: Growth, grown: dict[int, float], now: int) -> Found:
    """All of its points where it has just grown, none any more when the window is over, in steps of a part of it."""
    total, weighed = 0.0, 0.0
    part = look.window // _PARTS
    for begin, amount in grown.items():
        parts = now // part - begin // part
        if 0 <= parts < _PARTS:
            total += amount
            weighed = max(weighed, 1 - parts / _PARTS)
    total = max(0.0, total - look.least)
    if not total:
        return Found(0.0)
    points = min(look.points, look.first + look.each * (total - 1)) * weighed
    span = _WORDS.get(look.window // MINUTE, f"within {spell(look.window)}")
    return Found(max(0.0, points), f"{counted(total + look.least, look.words)} {span}")


def of_rate(look: Rate, grown: dict[int, float], minute: Minute, now: int) -> Found | None:
    per_minute = sum(amount for begin, amount in grown.items() if now - begin < look.window) * MINUTE / look.window
    if look.allowed is None:
        points = look.ramp(per_minute)
        return Found(points, f"{per_minute:.1f} {look.words} per minute" if points else "")
    generation, width = minute.highest(look.allowed.generation), minute.highest(look.allowed.width)
    if generation is None or width is None:
        return None
    per_lane = look.allowed.rates.get(int(generation))
    if per_lane is None or not width:
        return None
    allowed = per_lane * width
    points = look.ramp(per_minute / allowed)
    link = f"generation {generation:.0f} x{width:.0f}"
    words = f"{per_minute:.1f} {look.words} per minute, {allowed:.1f} are normal at {link}"
    return Found(points, words if points else "")


def of_incidents(look: Incidents, incidents: dict[str, Incident], gpu: str, now: int) -> Found:
    """The gravest is the sentence, all of them are the points."""
    worst, total, sentence, others = 0.0, 0.0, "", -1
    for each in incidents.values():
        keep = look.severities.get(each.severity)
        if keep is None or each.action in look.ignored:
            continue
        points = keep.points * max(0.0, 1 - max(0, now - each.last) / keep.keep)
        if not points:
            continue
        total += points
        others += 1
        if points > worst:
            worst, sentence = points, _told(each, gpu, now)
    more = f", and {others} other{'s' if others > 1 else ''}" if others > 0 else ""
    return Found(total, sentence + more)


def _told(incident: Incident, gpu: str, now: int) -> str:
    name = f"Xid {incident.number}: {incident.name}" if incident.kind == "xid" else incident.name
    times = f", {incident.count} times" if incident.count > 1 else ""
    host, _ = split_gpu(gpu)
    where = f" of {host}" if incident.kind == "lost" else ""
    return f"{name}{where}{times}, {_ago(now - incident.last)}"


def _ago(microseconds: int) -> str:
    minutes = max(0, microseconds) // MINUTE
    if minutes < 2:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"
