"""Numbers and times as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.card import Card, Moment
from telemetry.timestamp import format_time

_LONGEST_TEXT = 60
_SOURCES = {"gpuz": "GPU-Z log"}
"""What people call a source whose name is a word of ours."""


def clean(text: str) -> str:
    """What came from outside, printable and short."""
    shown = "".join(c if c.isprintable() else "?" for c in text[: _LONGEST_TEXT + 1])
    return shown if len(shown) <= _LONGEST_TEXT else shown[: _LONGEST_TEXT - 1] + "…"


def number(value: float, decimals: int, symbol: str = "") -> str:
    """``61.0 °C``, ``1,860 MHz``, ``97 %``."""
    # A sensor without a catalogue entry may have any size.
    text = f"{value:,.{decimals}f}" if abs(value) < 1e12 else f"{value:.3g}"
    text = text[1:] if text.startswith("-") and not text.strip("-0.,") else text
    return f"{text} {symbol}".rstrip()


def duration(seconds: float) -> str:
    """The two largest parts: ``4 d 21 h``, ``1 h 10 min``, ``2 min 8 s``, ``15 s``."""
    if 0 < seconds < 1:
        return "under 1 s"
    whole = round(seconds)
    parts: list[str] = []
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, whole = divmod(whole, size)
        if count or parts:
            parts.append(f"{count} {name}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"


def share(part: float, whole: float) -> str:
    """``36 %``; never 0 % of something or 100 % of what is not all."""
    percent = 100 * part / whole if whole > 0 else 0.0
    if 0 < percent < 1:
        return "under 1 %"
    return "over 99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def counted(count: int, what: str) -> str:
    """``1 row``, ``1,042 rows``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def energy(kwh: float) -> str:
    """kWh with three digits that tell something."""
    if 0 < kwh < 0.001:
        return "under 0.001 kWh"
    return f"{kwh:.3g} kWh" if kwh < 1 else f"{kwh:,.2f} kWh"


def cost(amount: float, currency: str) -> str:
    """In hundredths."""
    return f"under 0.01 {clean(currency)}" if 0 < amount < 0.01 else f"{amount:,.2f} {clean(currency)}"


def full_moment(moment: Moment) -> str:
    """``2023-06-16 10:17:08`` as the source wrote it; in UTC where it wrote nothing."""
    if moment.recorded is not None:
        return clean(moment.recorded.replace("T", " ", 1))
    return format_time(moment.time)[:19].replace("T", " ") + " UTC"


def origin(card: Card) -> str:
    """Where the readings come from: ``GPU-Z log``, ``GPU-Z log of the demonstration``."""
    source = _SOURCES.get(card.source, clean(card.source))
    return f"{source} of the demonstration" if card.mode == "demo" else source


def short_moment(moment: Moment, card: Card) -> str:
    """The time of day alone where the whole session lies on one day."""
    text, begin, end = full_moment(moment), full_moment(card.begin), full_moment(card.end)
    return text[11:] if begin[:10] == end[:10] == text[:10] else text


def few(words: Sequence[str], most: int) -> str:
    """``a, b and c``; ``a, b and more`` where there are more than ``most``."""
    return f"{', '.join(words[:most])} and more" if len(words) > most else listing(list(words))


def listing(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
