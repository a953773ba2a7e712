"""Where a page of a list by time ends, as the text with which the next one is asked for."""

from __future__ import annotations

import base64

import orjson

from dashboard.stores.postgres import storable
from telemetry.errors import Rejected
from telemetry.timestamp import format_time, parse_time


def cursor_of(time: int, name: str) -> str:
    """Of the last entry: its time (microseconds UTC), and what tells it from others of that time."""
    return base64.urlsafe_b64encode(orjson.dumps([format_time(time), name])).decode().rstrip("=")


def place_of(cursor: str) -> tuple[int, str]:
    """Raises Rejected(``bad_cursor``)."""
    try:
        time, name = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return parse_time(time), storable(name)
    except (ValueError, TypeError, AttributeError) as error:
        raise Rejected("bad_cursor", "`after` is `next` of a page before, unchanged") from error
