"""Bytes of a log, as they come, to lines: in constant memory, whatever stands in them.

Lines leave as bytes in a superset of ASCII: as stored (single-byte or UTF-8), or UTF-8 where the file is UTF-16.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LINE_LIMIT = 64 * 1024
"""A longer line is no row of sensors. As long as the payload of a dead letter, so that all that is kept is shown."""

_BOMS = ((codecs.BOM_UTF8, None), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LONGEST_BOM = 3
_HOLE = re.compile(rb"\0{2,}")


class Lines(NamedTuple):
    """Consecutive lines without their line feed (a carriage return stays)."""

    offset: int
    """Of the first line, in bytes of the file; the others follow it, one line feed between two."""
    lines: list[bytes]
    ended: bool = True
    """False for the last line of a file that does not end in a line feed: it may still be being written."""

    def offset_of(self, index: int) -> int:
        return self.offset + sum(len(line) + 1 for line in self.lines[:index])


class LongLine(NamedTuple):
    """A line beyond LINE_LIMIT, of which only the head was kept."""

    offset: int
    head: bytes
    length: int
    sha256: str


class _Partial:
    """The line that has begun and not yet ended; holds at most LINE_LIMIT of it."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._pieces: list[bytes] = []
        self._kept = 0
        self._length = 0
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._kept > LINE_LIMIT:
            self._digest.update(piece)
            return
        # A hole of NULs can be gigabytes: one of them stands for all, the place of a hole is all that matters.
        piece = _HOLE.sub(b"\0", piece)
        self._pieces.append(piece)
        self._kept += len(piece)
        if self._kept > LINE_LIMIT:
            self._pieces = [b"".join(self._pieces)]
            self._digest.update(self._pieces[0])

    def line(self, ended: bool = True) -> Lines | LongLine:
        text = b"".join(self._pieces)
        if self._kept > LINE_LIMIT:
            return LongLine(self._offset, text[:LINE_LIMIT], self._length, self._digest.hexdigest())
        return Lines(self._offset, [text], ended)

    def is_empty(self) -> bool:
        return self._length == 0


class Decoder:
    """Give it chunks in order; it gives back the lines that they complete."""

    def __init__(self) -> None:
        self._start: bytes | None = b""
        self._position = 0
        self._utf16: codecs.IncrementalDecoder | None = None
        self._partial = _Partial(0)

    def feed(self, chunk: bytes) -> Iterator[Lines | LongLine]:
        if self._start is not None:
            chunk = self._start + chunk
            if len(chunk) < _LONGEST_BOM:
                self._start = chunk
                return
            chunk = self._sniff(chunk)
        for at in range(0, len(chunk), LINE_LIMIT):
            yield from self._split(chunk[at : at + LINE_LIMIT])

    def end(self) -> Iterator[Lines | LongLine]:
        """The unfinished last line, if there is one."""
        if self._start is not None:
            yield from self._split(self._sniff(self._start))
        if not self._partial.is_empty():
            yield self._partial.line(ended=False)

    def _sniff(self, start: bytes) -> bytes:
        self._start = None
        for bom, encoding in _BOMS:
            if start.startswith(bom):
                self._position = len(bom)
                self._partial = _Partial(len(bom))
                if encoding is not None:
                    self._utf16 = codecs.getincrementaldecoder(encoding)("replace")
                return start[len(bom) :]
        return start

    def _split(self, chunk: bytes) -> Iterator[Lines | LongLine]:
        if self._utf16 is not None:
            yield from self._split_utf16(self._utf16.decode(chunk))
            return
        self._position += len(chunk)
        first, ended, rest = chunk.partition(b"\n")
        self._partial.add(first)
        if not ended:
            return
        *whole, last = rest.split(b"\n")
        offset = self._position - len(rest)
        yield self._partial.line()
        self._partial = _Partial(self._position - len(last))
        if whole:
            yield Lines(offset, whole)
        self._partial.add(last)

    def _split_utf16(self, text: str) -> Iterator[Lines | LongLine]:
        *whole, last = text.split("\n")
        for line in whole:
            self._partial.add(line.encode())
            self._position += len(line.encode("utf-16-le")) + 2
            yield self._partial.line()
            self._partial = _Partial(self._position)
        self._partial.add(last.encode())
        self._position += len(last.encode("utf-16-le"))


def lines_of(file: BinaryIO) -> Iterator[Lines | LongLine]:
    """All lines of an open file, the unfinished last one included."""
    decoder = Decoder()
    while chunk := file.read(LINE_LIMIT):
        yield from decoder.feed(chunk)
    yield from decoder.end()


def text_of(line: bytes) -> str:
    """A line as text: UTF-8 where it is that, else single-byte. One file may mix both."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")
