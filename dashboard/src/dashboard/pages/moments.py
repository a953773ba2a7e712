"""Times as the console shows them: UTC, and how long ago."""

from __future__ import annotations

from dashboard.card_words import duration
from dashboard.pages.markup import Markup, tag
from telemetry.timestamp import SECOND, format_time


def clock(time: int) -> str:
    """``2021-05-16 08:17:08``, UTC."""
    return format_time(time)[:19].replace("T", " ")


def ago(time: int, now: int) -> str:
    seconds = (now - time) / SECOND
    if seconds < 5:
        return "just now"
    # The largest part is enough: ``3 min ago``.
    return f"{' '.join(duration(seconds).split()[:2])} ago"


def lasted(begin: int, end: int) -> str:
    return duration(max(0, end - begin) / SECOND)


def moment(time: int, now: int) -> Markup:
    """Recent ones by their age, old ones by their date; the whole time on hovering."""
    recent = 0 <= now - time < 86_400 * SECOND
    text = ago(time, now) if recent else f"{clock(time)[:16]} UTC"
    return tag("time", text, datetime=format_time(time), title=f"{clock(time)} UTC")
