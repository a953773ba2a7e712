"""Column headers of sensor logs: ``GPU Temperature [°C]`` in any spelling becomes a key, or a metric name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

_HEADER = re.compile(r"\s*(?P<name>.*?)\s*(?:\[(?P<unit>[^\[\]]*)\])?\s*", re.DOTALL)
_NAME_LENGTH = 80  # leaves room for a unit and a suffix within METRIC_NAME's 96


class ColumnKey(NamedTuple):
    """Equal for all spellings of one column."""

    name: str
    unit: str


def column_key(header: str, unit_of_spelling: Mapping[str, str]) -> ColumnKey:
    """Name without case and surplus spaces, unit by its canonical name (its own spelling where unknown)."""
    match = _HEADER.fullmatch(header)
    name, unit = (match["name"], match["unit"] or "") if match else (header, "")
    unit = unit.strip().casefold()
    return ColumnKey(" ".join(name.split()).casefold(), unit_of_spelling.get(unit, unit))


def metric_name_of(header: str, unit_of_spelling: Mapping[str, str]) -> str:
    """A metric name for a column that the catalogue does not know: its words and its unit, in ASCII."""
    name, unit = column_key(header, unit_of_spelling)
    words = _words(name)
    unit_words = _words(unit)
    if not words or not name.isascii():
        # Two columns in other scripts may have the same ASCII rest: a digest of the header tells them apart.
        words = [*words, hashlib.sha256(f"{name}[{unit}]".encode()).hexdigest()[:8]]
    if unit_words and words[-len(unit_words) :] != unit_words:
        words = [*words, *unit_words]
    made = "_".join(words)[:_NAME_LENGTH].strip("_")
    return made if made[0].isalpha() else f"sensor_{made}"


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.replace("%", " percent "))
