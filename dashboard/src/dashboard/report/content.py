"""A document as values: what it shows and in which order. How it looks stands in html.py and pdf.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from dashboard.card import Chart, Charts

Tone = Literal["critical", "warning", "good", "plain"]
TONES: tuple[Tone, ...] = ("critical", "warning", "good", "plain")
"""The worst first."""
WORDS: dict[Tone, str] = {"critical": "Act", "warning": "Look", "good": "Fine", "plain": "Note"}
"""Beside the colour, for those who do not see it."""


class Finding(NamedTuple):
    tone: Tone
    text: str


class Cell(NamedTuple):
    """``value``: the number as the tables have it, of which ``text`` is the shown form."""

    text: str
    value: float | None = None
    tone: Tone = "plain"
    bar: float | None = None
    """How long a bar behind the text is, 0 to 1."""


class Column(NamedTuple):
    title: str
    is_number: bool = True
    is_optional: bool = False
    """Left out on a phone."""


@dataclass(frozen=True)
class Table:
    name: str
    """Of the report whose rows these are."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Lines:
    """Sensors over the period, an hour a step."""

    chart: Chart
    charts: Charts
    times: tuple[str, ...]


class Mark(NamedTuple):
    """A stretch of the period, ``begin`` and ``end`` from 0 to 1."""

    begin: float
    end: float
    tone: Tone
    words: str


@dataclass(frozen=True)
class Strip:
    """When something was."""

    title: str
    marks: tuple[Mark, ...]
    times: tuple[str, ...]


class HeatRow(NamedTuple):
    label: str
    values: tuple[float | None, ...]
    words: tuple[str, ...]
    """Of each value, with its time."""
    low: float
    high: float
    """What is drawn palest and darkest."""


@dataclass(frozen=True)
class HeatMap:
    title: str
    rows: tuple[HeatRow, ...]
    times: tuple[str, ...]


class Dot(NamedTuple):
    x: float
    y: float
    words: str


class Band(NamedTuple):
    """What is usual between ``left`` and ``right``."""

    left: float
    right: float
    low: float
    middle: float
    high: float
    words: str


@dataclass(frozen=True)
class Scatter:
    """One metric against another."""

    title: str
    decimals: int
    dots: tuple[Dot, ...]
    bands: tuple[Band, ...]
    left: float
    right: float
    note: str = ""


class Bar(NamedTuple):
    label: str
    value: float | None
    words: str


@dataclass(frozen=True)
class Bars:
    """One bar per day."""

    title: str
    bars: tuple[Bar, ...]
    times: tuple[str, ...]
    high: str
    """What the highest stands for."""


@dataclass(frozen=True)
class Note:
    text: str


Block = Table | Lines | Strip | HeatMap | Scatter | Bars | Note


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


class Tile(NamedTuple):
    big: Cell
    small: str


@dataclass(frozen=True)
class Chapter:
    """One GPU, or what all have in common."""

    anchor: str
    title: str
    subtitle: str
    tiles: tuple[Tile, ...]
    findings: tuple[Finding, ...]
    sections: tuple[Section, ...]
    is_demo: bool = False


@dataclass(frozen=True)
class Document:
    title: str
    subtitle: str
    lead: str
    """What happened, in a few sentences."""
    chapters: tuple[Chapter, ...]
    """All real GPUs together, each of them, then the demonstration in the same way."""
    footer: str
