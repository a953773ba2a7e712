"""Which lines of a refused write are the bad ones: asked of the server with few requests.

InfluxDB writes the good lines of a request, drops the bad, and answers 422 with the first reason and a count that may
be too small, so the lines are sent again in parts until every part is either written or bad as a whole. Writing again
changes nothing. The answer says what to split by: then three or four requests do, whatever the number of bad lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from kafka_consumers.sink import Refusal
from kafka_consumers.sinks.influxdb_api import Answer
from telemetry.errors import Rejected
from telemetry.timestamp import parse_time

_TOO_LARGE = 413
_CONFLICT = re.compile(r'field type conflict: input field "(?P<field>.*?)" on measurement ')
_DROPPED = re.compile(r"dropped[= ](\d+)")
_OLDEST_KEPT = re.compile(r"Retention Policy Lower Bound at (\S+?)[,.]?(?:\s|$)")
_REASONS = (
    ("field type conflict", "field_type_conflict"),
    ("retention policy", "outside_retention"),
    ("unable to parse", "bad_line"),
)
DETAIL = 500


class Entry(NamedTuple):
    """A line and its place in the batch."""

    place: int
    line: bytes


def write(entries: Sequence[Entry], send: Callable[[Sequence[bytes]], Answer]) -> list[Refusal]:
    """Sends all lines; returns those that can never be written. What ``send`` raises passes through."""
    answer = send([entry.line for entry in entries])
    if answer.written:
        return []
    if len(entries) == 1 or _all_dropped(answer, len(entries)):
        error = Rejected(_reason(answer), answer.message[:DETAIL])
        return [Refusal(entry.place, error) for entry in entries]
    return [refusal for part in _split(entries, answer) for refusal in write(part, send)]


def _all_dropped(answer: Answer, lines: int) -> bool:
    found = _DROPPED.search(answer.message)
    return found is not None and int(found[1]) == lines


def _reason(answer: Answer) -> str:
    if answer.status == _TOO_LARGE:
        return "too_large"
    return next((reason for words, reason in _REASONS if words in answer.message), "refused_by_influxdb")


def _split(entries: Sequence[Entry], answer: Answer) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """In two parts that are not empty: suspects and others where the answer tells them apart, else older and newer."""
    if suspicious := _suspicion(answer):
        suspects = [entry for entry in entries if suspicious(entry.line)]
        if 0 < len(suspects) < len(entries):
            return suspects, [entry for entry in entries if not suspicious(entry.line)]
    # By time, because what makes a line bad (retention, the types of one shard) holds for a stretch of time.
    ordered = sorted(entries, key=lambda entry: _time(entry.line))
    middle = len(ordered) // 2
    return ordered[:middle], ordered[middle:]


def _suspicion(answer: Answer) -> Callable[[bytes], bool] | None:
    if found := _CONFLICT.search(answer.message):
        key = found["field"].encode() + b"="
        return lambda line: b" " + key in line or b"," + key in line
    if found := _OLDEST_KEPT.search(answer.message):
        # Go writes nanoseconds and Python reads microseconds at most.
        bound = parse_time(re.sub(r"(\.\d{6})\d+", r"\1", found[1]))
        return lambda line: _time(line) < bound
    return None


def _time(line: bytes) -> int:
    return int(line.rpartition(b" ")[2])
