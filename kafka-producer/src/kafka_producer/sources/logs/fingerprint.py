"""What a log is known by: its first rows, whatever its name, its encoding, and however much it grows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import islice

from kafka_producer.sources.logs.decode import Lines, LongLine
from kafka_producer.sources.logs.stamps import is_row

MOST_ROWS = 100
"""A hundred rows of measured values tell two cards that were logged in the same minutes apart."""
_DIGITS = 16


def prefix_hashes(blocks: Iterable[Lines | LongLine]) -> list[str]:
    """Entry n - 1 is the hash of the first n complete rows, up to MOST_ROWS; empty where there is no row.

    A log that was seen when it had n rows is known by entry n - 1 for ever. Headers and blanks do not count: the same
    log saved again in another encoding is the same log.
    """
    digest = hashlib.sha256()
    hashes = []
    for row in islice(_complete_rows(blocks), MOST_ROWS):
        digest.update(b" ".join(row.replace(b"\0", b"").split()) + b"\n")
        hashes.append(digest.hexdigest()[:_DIGITS])
    return hashes


def _complete_rows(blocks: Iterable[Lines | LongLine]) -> Iterable[bytes]:
    for block in blocks:
        if isinstance(block, Lines) and block.ended:
            yield from filter(is_row, block.lines)
