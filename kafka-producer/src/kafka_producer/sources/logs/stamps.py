"""Dates and times as programs write them at the start of a row, in the one spelling that a WallClock reads."""

from __future__ import annotations

import re

_YEAR_FIRST = rb"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
_YEAR_LAST = rb"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
_ROW = re.compile(
    rb'\s*"?(?:%b|%b)\.?"?[ T,;\t]+"?\d{1,2}:\d{2}:\d{2}[^,;\t]{0,12}[,;\t]'.replace(b"%b", _YEAR_FIRST, 1).replace(
        b"%b", _YEAR_LAST, 1
    )
)
_STAMP = re.compile(
    rb'\s*"?(?P<date>(?P<a>\d{1,4})(?P<dot>[-/.])(?P<b>\d{1,2})(?P=dot)(?P<c>\d{1,4}))\.?"?[ T,;\t]+'
    rb'"?(?P<time>\d{1,2}:\d{2}:\d{2})(?:[.](?P<fraction>\d{1,9})|,(?P<comma>\d{1,9})(?=["\s]*[;\t]))?'
)
_LATER = re.compile(rb"(?:[^,\n]{0,80},){1,12} ?(?=\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}[^,]{0,12}(?:,|\s*$))")
"""nvidia-smi writes its columns in the order in which they were asked for."""


def is_row(line: bytes) -> bool:
    """Whether the line begins as a row of a log does, whatever its columns."""
    return _ROW.match(line) is not None or (b"/" in line and _LATER.match(line) is not None)


def stamp_of(row: bytes, day_first: bool) -> bytes:
    """``2023-06-16 10:17:08.123`` (local time, without the fraction where there is none); empty where none is found.

    With dots and hyphens a year at the end means a day at the front. With slashes that is the reader's choice.
    """
    match = _STAMP.match(row)
    if match is None:
        later = _LATER.match(row)
        match = _STAMP.match(row, later.end()) if later is not None else None
    if match is None:
        return b""
    first, middle, last = match["a"], match["b"], match["c"]
    if len(first) < 4:
        is_month_first = match["dot"] == b"/" and not day_first
        first, middle, last = last, *((first, middle) if is_month_first else (middle, first))
    fraction = match["fraction"] or match["comma"]
    stamp = b"%b-%b-%b %b" % (first, middle.rjust(2, b"0"), last.rjust(2, b"0"), match["time"].rjust(8, b"0"))
    return stamp + (b"." + fraction if fraction else b"")


def shows_day_first(row: bytes) -> bool:
    """Whether the date of a row can only have the day before the month."""
    match = _STAMP.match(row)
    return match is not None and len(match["a"]) < 4 and 12 < int(match["a"]) <= 31
