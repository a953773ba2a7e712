"""Cells and numbers of logs in CSV: quoted or not, with units, decimal commas, words."""

from __future__ import annotations

import csv
import re

from kafka_producer.sources.logs import layout
from kafka_producer.sources.logs.decode import text_of
from kafka_producer.sources.logs.naming import words

_DELIMITERS = (b",", b";", b"\t")
_WORDS = {
    b"yes": 1, b"no": 0, b"true": 1, b"false": 0, b"active": 1, b"not active": 0, b"enabled": 1, b"disabled": 0,
}  # fmt: skip
_WITH_UNIT = re.compile(rb"([-+]?[\d.,]*\d(?:[eE][-+]?\d+)?)(?: ?%| [A-Za-z/%]{1,8})?")
_HEXADECIMAL = re.compile(rb"0x[0-9a-fA-F]{1,16}")
_INTEGER = 1 << 63
"""From here on JSON's readers take an integer for a float."""
_STATE = re.compile(rb"P(\d{1,2})")


def delimiter_of(header: bytes) -> bytes:
    """The one that stands most often outside of quotes."""
    bare = re.sub(rb'"[^"]*"', b"", header)
    return max(_DELIMITERS, key=bare.count)


def cells_of(line: bytes, delimiter: bytes) -> list[bytes]:
    """Without the blanks and quotes around them."""
    line = line.strip(b" \r\n")
    if b'"' in line:
        text = line.decode("latin-1")
        try:
            found = next(csv.reader([text], delimiter=delimiter.decode(), skipinitialspace=True), [])
            return [cell.strip().encode("latin-1") for cell in found]
        except csv.Error:  # a carriage return in the middle of a line, say: no row, and told by its number of cells
            pass
    return [cell.strip() for cell in line.split(delimiter)]


def names_of(header: bytes, delimiter: bytes) -> tuple[list[str], bool]:
    """(names, whether the line ends with a delimiter)."""
    names = [words(text_of(cell)) for cell in cells_of(header, delimiter)]
    closed = len(names) > 1 and names[-1] == ""
    return names[:-1] if closed else names, closed


def fitting(cells: list[bytes], width: int, closed: bool) -> list[bytes] | None:
    """``width`` cells; None where there are more or fewer. A closing delimiter makes no cell."""
    if cells[-1:] != [b""]:
        return cells if len(cells) == width else None
    if closed or len(cells) == width + 1:
        cells.pop()
    return cells if len(cells) == width else None


def number_of(text: bytes) -> float | None:
    """Of ``45``, ``45 %``, ``1024 MiB``, ``12,5``, ``Yes``, ``Not Active``, ``P8``, ``0x0000000000000004``."""
    word = _WORDS.get(text.lower())
    if word is not None:
        return word
    if _HEXADECIMAL.fullmatch(text):
        mask = int(text, 16)
        return mask if mask < _INTEGER else float(mask)
    if state := _STATE.fullmatch(text):
        return int(state[1])
    match = _WITH_UNIT.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    if b"," in digits:
        # The last of the two signs is the decimal one; the other one parts thousands.
        digits = digits.replace(b",", b"" if digits.rfind(b".") > digits.rfind(b",") else b".")
    return layout.number_of(digits)
