"""Every fault that logs in the wild have, by name, and the bytes of a log that has the chosen ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from random import Random

from kafka_producer.simulate import quirk_bytes, quirk_elements
from kafka_producer.simulate.gpuz_writer import Element, lines
from kafka_producer.simulate.quirk_bytes import ByteQuirk, Encoder, LineQuirk
from kafka_producer.simulate.quirk_elements import ElementQuirk, Log
from telemetry.errors import Misconfigured

ELEMENTS: dict[str, ElementQuirk] = {
    "layout-change": quirk_elements.layout_change,
    "repeated-header": quirk_elements.repeated_header,
    "no-header-first": quirk_elements.no_header_first,
    "no-header": quirk_elements.no_header,
    "failed-read": quirk_elements.failed_read,
    "dash": quirk_elements.dash,
    "lone-zero": quirk_elements.lone_zero,
    "constant-zero": quirk_elements.constant_zero,
    "duplicate-column": quirk_elements.duplicate_column,
    "unknown-column": quirk_elements.unknown_column,
    "duplicate-timestamps": quirk_elements.duplicate_timestamps,
    "interval-change": quirk_elements.interval_change,
    "gap": quirk_elements.gap,
    "dst-back": quirk_elements.dst_back,
    "dst-forward": quirk_elements.dst_forward,
    "sub-second": quirk_elements.sub_second,
    "bad-rows": quirk_elements.bad_rows,
}
LINES: dict[str, LineQuirk] = {
    "semicolon-decimal-comma": quirk_bytes.semicolon_decimal_comma,
    "lf": quirk_bytes.lf,
    "unfinished-last-line": quirk_bytes.unfinished_last_line,
}
ENCODINGS: dict[str, Encoder] = {
    "utf8": quirk_bytes.utf8,
    "utf8-bom": quirk_bytes.utf8_bom,
    "utf8-damaged-degree": quirk_bytes.utf8_damaged_degree,
    "utf8-no-degree": quirk_bytes.utf8_no_degree,
    "utf8-mixed-degree": quirk_bytes.utf8_mixed_degree,
    "utf8-twice": quirk_bytes.utf8_twice,
    "utf16-le": quirk_bytes.utf16_le,
    "utf16-be": quirk_bytes.utf16_be,
    "cjk-cp949": quirk_bytes.cjk_resave("cp949"),
    "cjk-gbk": quirk_bytes.cjk_resave("gbk"),
    "cjk-big5": quirk_bytes.cjk_resave("big5"),
    "cjk-shift-jis": quirk_bytes.cjk_resave("shift_jis"),
}
BYTES: dict[str, ByteQuirk] = {"nul-hole": quirk_bytes.nul_hole}

QUIRKS = {**ELEMENTS, **LINES, **ENCODINGS, **BYTES}
"""Name -> what does it, described by the first line of its docstring. Applied in this order, always."""


def render(
    elements: Iterable[Element], chosen: Sequence[str], *, rows: int, interval: float, seed: int
) -> Iterator[bytes]:
    """The log as bytes, with the quirks ``chosen``. Raises Misconfigured for a name that is none, or two encodings."""
    if unknown := sorted(set(chosen) - set(QUIRKS)):
        raise Misconfigured("--quirk", ", ".join(unknown), f"one of {', '.join(QUIRKS)}")
    encodings = [name for name in ENCODINGS if name in chosen]
    if len(encodings) > 1:
        raise Misconfigured("--quirk", " and ".join(encodings), "at most one encoding")
    for name, quirk in ELEMENTS.items():
        if name in chosen:
            # Each quirk draws for itself, so that one more does not change what the others do.
            elements = quirk(elements, Log(rows, interval, Random(f"{seed}/{name}")))
    text = reduce(lambda made, name: LINES[name](made), (name for name in LINES if name in chosen), lines(elements))
    encode = ENCODINGS[encodings[0]] if encodings else quirk_bytes.as_written
    return reduce(lambda made, name: BYTES[name](made), (name for name in BYTES if name in chosen), encode(text))
