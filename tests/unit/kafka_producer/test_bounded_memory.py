"""However much of whatever stands in a file: the memory that reading it takes stays the same."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

import pytest

from kafka_producer.sources.logs.decode import lines_of
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.fingerprint import prefix_hashes
from kafka_producer.sources.logs.log import Pass, SensorLog
from support.gpuz_logs import CATALOGUE, NOW, header, row
from telemetry.errors import Rejected
from telemetry.reading import encode

KIBIBYTE = 1024
BOUND = 16 * 1024 * KIBIBYTE
"""A block of 64 KiB that holds nothing but line feeds is 65,536 lines: the most that there can be at a time."""

HEADER = header("GPU Load [%]", "GPU Clock [MHz]").encode()
ROW = row(1, 50, 1500.0).encode()


def _headers() -> Iterator[bytes]:
    return (f"Date,Sensor {n} [W],Sensor {n} [V],\n".encode() for n in itertools.count())


def _wide() -> Iterator[bytes]:
    yield b"Date," + b",".join(b"S%d" % n for n in range(10_000)) + b",\n"
    yield from itertools.repeat(b"2023-06-16 10:17:08," + b"1," * 10_000 + b"\n")


def _after(first: bytes, rest: bytes) -> Iterator[bytes]:
    yield first
    yield from itertools.repeat(rest)


CASES = {
    "one line": (lambda: _after(b"", b"x" * 4096), 4096),
    "one line after a header": (lambda: _after(HEADER + ROW, b"7" * 4096), 4096),
    "one cell": (lambda: _after(HEADER + b"2023-06-16 10:17:08 ,", b"7" * 4096), 4096),
    "cells without end": (lambda: _after(HEADER + b"2023-06-16 10:17:08 ,", b" 7 ," * 1024), 4096),
    "a header without end": (lambda: _after(b"Date,", b"GPU Load [%]," * 300), 4096),
    "one line of UTF-16": (lambda: _after(b"\xff\xfe", b"x\0" * 2048), 2048),
    "NULs": (lambda: _after(HEADER, bytes(4096)), 4096),
    "NULs alone": (lambda: _after(b"", bytes(4096)), 4096),
    "blanks": (lambda: _after(HEADER, b" " * 4096), 4096),
    "line feeds": (lambda: _after(HEADER, b"\n" * 4096), 64),
    "rows": (lambda: _after(HEADER, ROW * 50), 256),
    "rows without a header": (lambda: _after(b"", ROW * 50), 128),
    "the same header": (lambda: _after(ROW, HEADER * 50), 256),
    "other headers": (_headers, 64),
    "ten thousand columns": (_wide, 192),
    "rubbish": (lambda: _after(HEADER, b"rubbish\n" * 512), 64),
}
"""What stands in the file, and KiB of it, of which four times as many must not take more memory."""


class _Endless(io.RawIOBase):
    """The first bytes of what ``pieces`` give."""

    def __init__(self, pieces: Iterable[bytes], size: int) -> None:
        self._pieces = iter(pieces)
        self._left = size
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._pending:
            self._pending = next(self._pieces)
        count = min(len(buffer), len(self._pending), self._left)
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        self._left -= count
        return count


def _peak(pieces: Callable[[], Iterable[bytes]], size: int) -> int:
    """Bytes that a walk over the first ``size`` bytes of ``pieces`` takes."""

    def opened() -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Endless(pieces(), size)))

    file = LogFile("endless.txt", opened, CATALOGUE, ZoneInfo("UTC"))
    source = SensorLog(file, Pass("f/0", "desk:0", "import", None, NOW), lambda line: None)
    tracemalloc.start()
    try:
        with opened() as log:
            prefix_hashes(lines_of(log))
        file.survey(NOW)
        for reading in source.readings():
            encode(reading)
    except Rejected:
        """No log at all: that, too, was found without keeping it."""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("name", CASES)
def test_memory_does_not_grow_with_the_file(name: str) -> None:
    pieces, kibibytes = CASES[name]
    small, large = (_peak(pieces, size * KIBIBYTE) for size in (kibibytes, 4 * kibibytes))
    assert large < BOUND
    assert large < small * 1.3 + 256 * KIBIBYTE
