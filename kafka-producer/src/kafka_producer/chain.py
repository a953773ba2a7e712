"""Running checksums of a log's rows: they tell, row by row, whether two files are one log and where they part.

Entry n covers rows 0 to n, headers and blanks left out: equal entries mean equal rows up to there. CRC-32, because it
need not withstand an enemy and costs a third of a microsecond per row.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from kafka_producer.sources.logs.decode import Lines, LongLine
from kafka_producer.sources.logs.fingerprint import prefix_hashes
from kafka_producer.sources.logs.stamps import is_row

if TYPE_CHECKING:
    import sqlite3

BLOCK = 1000
"""Rows in one row of the database: 4 KB."""
_BLANKS = b" \t\r\0"
_DELIMITERS = (b",", b";", b"\t")
_CACHED = 4

SCHEMA = """
create table if not exists chains (
    fingerprint text not null,
    block integer not null,
    sums blob not null,
    primary key (fingerprint, block)
) strict, without rowid;
"""


class Head(NamedTuple):
    """What the beginning of a log says of its identity."""

    hashes: tuple[str, ...]
    """As of ``fingerprint.prefix_hashes``; never empty."""
    sums: array[int]
    """Of the first BLOCK rows."""
    is_whole: bool = True
    """False: there is but one row, and no line feed behind it."""


def head_of(blocks: Iterable[Lines | LongLine]) -> Head | None:
    """None where there is no row yet. Without its line feed a row counts where it is the only one, and whole."""
    rows: list[bytes] = []
    unfinished: list[bytes] = []
    for block in blocks:
        if isinstance(block, Lines) and block.ended:
            rows.extend(filter(is_row, block.lines))
        elif isinstance(block, Lines):
            unfinished.extend(line for line in block.lines if is_row(line) and line.rstrip().endswith(_DELIMITERS))
        if len(rows) >= BLOCK:
            break
    is_whole = bool(rows)
    rows = rows[:BLOCK] or unfinished
    if not rows:
        return None
    sums, last = array("I"), 0
    for row in rows:
        last = add(last, row)
        sums.append(last)
    return Head(tuple(prefix_hashes([Lines(0, rows)])), sums, is_whole)


def add(last: int, row: bytes) -> int:
    """The sum over one row more."""
    return crc32(row.translate(None, _BLANKS), last)


class Chain:
    """The sums of one known log, kept in the database block by block; only a few of them are in memory."""

    def __init__(self, connection: sqlite3.Connection, fingerprint: str) -> None:
        self._connection = connection
        self._fingerprint = fingerprint
        self._blocks: dict[int, array[int]] = {}
        self._unsaved: set[int] = set()
        row = connection.execute("select max(block) from chains where fingerprint = ?", (fingerprint,)).fetchone()
        self._newest = row[0] or 0
        self.length = self._newest * BLOCK + len(self._block(self._newest))
        self._saved = self.length

    def agrees(self, n: int, total: int) -> bool:
        """Whether row ``n`` is the one that the log has there; the next one after all known rows always is."""
        if n < self.length:
            return self._block(n // BLOCK)[n % BLOCK] == total
        block = n // BLOCK
        self._block(block).append(total)
        self._unsaved.add(block)
        self._newest, self.length = block, n + 1
        return True

    def has(self, n: int, total: int) -> bool:
        """Whether row ``n`` is known, and this one."""
        return n < self.length and self.agrees(n, total)

    def common(self, sums: array[int]) -> int:
        """How many of the first rows are the same, by their sums."""
        mine = self._block(0)
        low, high = 0, min(len(mine), len(sums))
        while low < high:
            middle = (low + high) // 2
            if mine[middle] == sums[middle]:
                low = middle + 1
            else:
                high = middle
        return low

    def save(self) -> None:
        for block in self._unsaved:
            self._connection.execute(
                "insert or replace into chains values (?, ?, ?)",
                (self._fingerprint, block, self._blocks[block].tobytes()),
            )
        self._unsaved.clear()
        self._saved = self.length

    @property
    def is_current(self) -> bool:
        """Whether nobody else has saved rows since this was read or saved."""
        return Chain(self._connection, self._fingerprint).length == self._saved

    def _block(self, number: int) -> array[int]:
        found = self._blocks.get(number)
        if found is None:
            query = "select sums from chains where fingerprint = ? and block = ?"
            row = self._connection.execute(query, (self._fingerprint, number)).fetchone()
            for other in [other for other in self._blocks if other != self._newest and other not in self._unsaved]:
                if len(self._blocks) >= _CACHED:
                    del self._blocks[other]
            found = self._blocks[number] = array("I", row[0] if row else b"")
        return found
