"""The lines of a kernel log as they come: of a file, of a pipe, of /dev/kmsg; followed where that is wanted."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import BinaryIO

from kafka_producer.sources.logs.decode import LINE_LIMIT
from telemetry.errors import Rejected

_NAP = 0.5
_MOST_WAITING = 10_000
_BATCH = 1000
_RECORD = 8192
"""Bytes of one record of /dev/kmsg at the most (the kernel's own limit)."""
_END = None


class KernelLog:
    """One log, read by a thread of its own: a pipe may be silent for days."""

    def __init__(self, path: str, *, follow: bool) -> None:
        """``path``: ``-`` is standard input. Raises Rejected(``unreadable``)."""
        self.name = "standard input" if path == "-" else path
        self._path = path
        self._follow = follow
        self._lines: Queue[str | None] = Queue(_MOST_WAITING)
        self._failure: str | None = None
        try:
            self._file = self._opened()
        except OSError as error:
            raise Rejected("unreadable", f"{path}: {error.strerror or error}") from error
        self.is_over = False
        threading.Thread(target=self._read, name="kernel-log", daemon=True).start()

    def take(self, patience: float) -> list[str]:
        """The lines that came, waiting ``patience`` seconds for the first; empty where none did, or all is read.

        Raises Rejected(``unreadable``) where the log can no longer be read.
        """
        lines: list[str] = []
        try:
            while len(lines) < _BATCH:
                line = self._lines.get(timeout=0 if lines else patience) if not lines else self._lines.get_nowait()
                if line is _END:
                    self.is_over = True
                    break
                lines.append(line)
        except Empty:
            pass
        if self.is_over and self._failure is not None:
            raise Rejected("unreadable", f"{self.name}: {self._failure}")
        return lines

    def _opened(self) -> BinaryIO:
        if self._path == "-":
            return sys.stdin.buffer
        return Path(self._path).open("rb", buffering=0 if self._is_device() else -1)

    def _is_device(self) -> bool:
        return stat.S_ISCHR(Path(self._path).stat().st_mode)

    def _read(self) -> None:
        try:
            is_file = self._path != "-" and not self._is_device()
            for raw in self._grown() if is_file and self._follow else self._once(is_file or self._path == "-"):
                self._lines.put(raw.decode("utf-8", "replace").rstrip("\r\n"))
        except OSError as error:
            self._failure = error.strerror or str(error)
        self._lines.put(_END)

    def _once(self, has_lines: bool) -> Iterator[bytes]:
        if has_lines:
            while line := self._file.readline(LINE_LIMIT):
                yield line
            return
        if not self._follow:
            os.set_blocking(self._file.fileno(), False)
        while True:
            try:
                record = self._file.read(_RECORD)
            except BrokenPipeError:  # the kernel has overwritten what we had not read yet
                continue
            except OSError as error:
                if error.errno == errno.EAGAIN:
                    return
                raise
            if not record:
                return
            yield record

    def _grown(self) -> Iterator[bytes]:
        """Line by line for ever. A log that was rotated is read to its end before the new one is, one that was emptied
        from its start."""
        rest, is_left = b"", False
        while True:
            piece = self._file.readline(LINE_LIMIT)
            if piece:
                rest += piece
                if rest.endswith(b"\n") or len(rest) >= LINE_LIMIT:
                    yield rest
                    rest = b""
                continue
            if is_left:
                is_left = False
                with suppress(FileNotFoundError):  # rotated once more
                    self._begin_anew()
                    if rest:
                        yield rest
                    rest = b""
                continue
            time.sleep(_NAP)
            if self._was_rotated():
                # Whoever writes may still be at a last line of the old one.
                time.sleep(_NAP)
                is_left = True
            elif os.fstat(self._file.fileno()).st_size < self._file.tell():
                self._begin_anew()
                rest = b""

    def _begin_anew(self) -> None:
        old, self._file = self._file, self._opened()
        old.close()

    def _was_rotated(self) -> bool:
        """Whether another file is in its place. An empty one is not yet: rsyslog goes on with the old one until it is
        told, and then writes into the new one only."""
        try:
            there = Path(self._path).stat()
        except FileNotFoundError:  # between the two steps of a rotation
            return False
        ours = os.fstat(self._file.fileno())
        return (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev) and there.st_size > 0
