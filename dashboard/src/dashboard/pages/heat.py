"""The heat map of a fleet as values: which shade each GPU has, what is said of it, and in which group it stands."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dashboard.card_words import counted
from dashboard.pages import health_words
from dashboard.pages.figures import Figures
from dashboard.stores.live import Latest
from telemetry.catalogue import Limits, Severity

LEVELS = 7
"""Shades of what breaks no limit: the stronger, the nearer to it."""
MODEL = "model"
"""Grouped by what the source tells, not by a label."""
_OF_SEVERITY: dict[Severity, str] = {"warning": "w", "critical": "c"}
_SIZES = ((8, "huge"), (64, "large"), (320, "medium"))
"""(so many GPUs at most, how large each is drawn)."""


class Scale(NamedTuple):
    """From where to where the shades go. ``limits``: those of a GPU of which nothing special is known."""

    low: float
    high: float
    limits: Limits | None

    def level(self, value: float) -> str:
        """``0`` to ``6``."""
        share = (value - self.low) / (self.high - self.low)
        if self.limits is not None and self.limits.direction == "below":
            share = 1 - share
        return str(max(0, min(LEVELS - 1, int(share * LEVELS))))


class Cell(NamedTuple):
    """One GPU of the map. ``level``: a shade, ``w`` or ``c`` (beyond a limit), empty where there is no value."""

    gpu: str
    level: str
    text: str
    """On the cell, where it is large enough."""
    words: str
    silent: bool
    notes: tuple[str, ...]
    rank: tuple[int, float]
    """The worse, the greater; it begins with 2 or 1 beyond a limit, by a value that is not old."""


class Node(NamedTuple):
    name: str
    gpus: list[str]


class Group(NamedTuple):
    title: str
    note: str
    nodes: list[Node]


def scale_of(values: Sequence[float], plausible: tuple[float, float] | None, limits: Limits | None) -> Scale:
    """Percentages from 0 to 100; else from round number to round number; where there is a limit, up to it."""
    lowest, highest = min(values, default=0.0), max(values, default=1.0)
    levels = [level for level in (limits.warning, limits.critical) if level is not None] if limits else []
    if levels and limits is not None:
        is_above = limits.direction == "above"
        lowest, highest = (
            (min(lowest, levels[0] - 1), levels[0]) if is_above else (levels[0], max(highest, levels[0] + 1))
        )
    low, high = (0.0, 100.0) if plausible == (0, 100) else _round_ends(lowest, highest)
    if levels and limits is not None:
        low, high = (low, levels[0]) if limits.direction == "above" else (levels[0], high)
    return Scale(low, high, limits)


def cell_of_metric(
    latest: Latest, name: str, scale: Scale, figures: Figures, silent: bool, notes: Iterable[str]
) -> Cell:
    value = latest.metrics.get(name)
    if value is None:
        return _nothing(latest.gpu, f"no {figures.label(name)}", silent, notes)
    if figures.is_mask(name):
        why, held_back = figures.throttling({name: value}) or ([], False)
        level = "w" if held_back else "3" if why else "0"
        words = f"{figures.label(name)}: {', '.join(why) or 'none'}"
        return Cell(latest.gpu, level, "", words, silent, tuple(notes), _rank(level, value, 1, silent))
    figure = figures.figure(name, value, latest.model)
    level = _OF_SEVERITY[figure.severity] if figure.severity else scale.level(value)
    sign = -1 if scale.limits is not None and scale.limits.direction == "below" else 1
    words = f"{figures.label(name)} {figure.text}"
    return Cell(latest.gpu, level, figure.number, words, silent, tuple(notes), _rank(level, value, sign, silent))


def cell_of_score(gpu: str, score: float | None, scale: Scale, silent: bool, notes: Iterable[str]) -> Cell:
    if score is None or scale.limits is None:
        return _nothing(gpu, "no health score yet", silent, notes)
    severity = scale.limits.judge(score)
    level = _OF_SEVERITY[severity] if severity else scale.level(score)
    told = health_words.score(score)
    words = f"health score {told}"
    # Of a GPU that was lost the score is as new as any other, and says so.
    return Cell(gpu, level, told, words, silent, tuple(notes), _rank(level, score, -1, False))


def grouped(gpus: Sequence[Latest], by: str, cells: Mapping[str, Cell], worst_first: bool) -> list[Group]:
    """``by``: a label's name, MODEL, or empty for one group. Within a group by machine; by name, or the worst first."""
    groups: dict[str, dict[str, list[str]]] = {}
    for each in sorted(gpus, key=lambda latest: natural(latest.gpu)):
        groups.setdefault(_group_of(each, by), {}).setdefault(each.host, []).append(each.gpu)

    def rank(names: Iterable[str]) -> tuple[int, float]:
        return max(cells[name].rank for name in names)

    made = []
    for title, hosts in groups.items():
        nodes = [Node(host, names) for host, names in hosts.items()]
        if worst_first:
            nodes.sort(key=lambda node: rank(node.gpus), reverse=True)
        made.append(Group(title, _note(nodes), nodes))
    if worst_first:
        made.sort(key=lambda group: max(rank(node.gpus) for node in group.nodes), reverse=True)
    else:
        made.sort(key=lambda group: (not group.title or group.title.startswith("no "), natural(group.title)))
    return made


def worst(cells: Iterable[Cell], most: int) -> list[Cell]:
    """Those with a value, the worst first."""
    valued = [cell for cell in cells if cell.level]
    return sorted(valued, key=lambda cell: (*(-part for part in cell.rank), natural(cell.gpu)))[:most]


def size_of(count: int) -> str:
    return next((name for most, name in _SIZES if count <= most), "small")


def natural(name: str) -> list[tuple[int, str]]:
    """node-2 before node-10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name) if part]


def groupings(gpus: Iterable[Latest], first: Sequence[str]) -> list[str]:
    """What the GPUs can be grouped by: model, and the labels that any of them has, ``first`` before all others."""
    labels = {name for each in gpus for name in each.labels}
    return [MODEL, *(name for name in first if name in labels), *sorted(labels - set(first))]


def _group_of(latest: Latest, by: str) -> str:
    if not by:
        return ""
    return (latest.model if by == MODEL else latest.labels.get(by)) or f"no {by} told"


def _note(nodes: Sequence[Node]) -> str:
    count = sum(len(node.gpus) for node in nodes)
    return f"{counted(count, 'GPU')} on {counted(len(nodes), 'machine')}"


def _nothing(gpu: str, words: str, silent: bool, notes: Iterable[str]) -> Cell:
    return Cell(gpu, "", "", words, silent, tuple(notes), (-2, 0.0))


def _rank(level: str, value: float, sign: int, silent: bool) -> tuple[int, float]:
    """What is silent has an old value, and stands behind all that have a new one."""
    return (-1 if silent else {"w": 1, "c": 2}.get(level, 0)), sign * value


def _round_ends(low: float, high: float) -> tuple[float, float]:
    """Around both, at a fifth of 1, 2, 5, 10, ...: so they change seldom while values move."""
    if high <= low:
        low, high = low - 1, high + 1
    raw = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw * 0.999)
    return math.floor(low / step) * step, math.ceil(high / step) * step
