"""What PostgreSQL has a place for. The rest is a dead letter, or the engine would end with it again and again."""

from __future__ import annotations

from telemetry.errors import Rejected


def storable(raw: bytes) -> bytes:
    """``raw``, JSON. Raises Rejected(``bad_value``)."""
    if b"\\u0000" in raw:
        raise Rejected("bad_value", "a text with the character 0, which PostgreSQL has no place for")
    return raw
