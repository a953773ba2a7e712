"""Logs in ZIP and gzip archives: read as streams, never unpacked to disk, and never more than a bounded amount."""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from kafka_producer.drop_folder import is_ignored_path, printable
from telemetry.errors import Rejected

MOST_BYTES = 4 * 1024**3
"""Of one archive, unpacked: a log of four months at one row a second. A bomb unpacks to a thousand times that."""
MOST_MEMBERS = 1000

_END = struct.Struct("<4s4H2LH")
_END_SIGN = b"PK\x05\x06"
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Content:
    """Bytes that may be a log: a file, or what one member of an archive unpacks to."""

    path: Path
    """The file on disk."""
    name: str
    """What people call it: ``rig/0/week.zip/monday.txt``."""
    log_path: Path
    """Where a log that was not packed would lie: its folders and name say whose GPU it is."""
    open: Callable[[], BinaryIO]
    can_grow: bool
    member: str | None = None


def contents(path: Path, name: str) -> list[Content]:
    """The logs that a file holds: itself, or the members of the archive that it is.

    Raises Rejected (``unreadable``, ``damaged_archive``, ``archive_too_large``).
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise Rejected("unreadable", error.strerror or str(error)) from error
    if start.startswith(b"\x1f\x8b"):
        plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
        return [Content(path, name, plain, lambda: _unpacked(path, None, MOST_BYTES), False)]
    if start in (b"PK\x03\x04", _END_SIGN):
        return _members(path, name)
    return [Content(path, name, path, lambda: path.open("rb"), True)]


def _members(path: Path, name: str) -> list[Content]:
    with _understood():
        _check_number(path)
        with zipfile.ZipFile(path) as archive:
            found = [info for info in archive.infolist() if not info.is_dir() and not is_ignored_path(info.filename)]
    if not found:
        raise Rejected("empty", "no file in the archive")
    if len(found) > MOST_MEMBERS:
        raise Rejected("archive_too_large", f"{len(found)} files, at most {MOST_MEMBERS} are read")
    declared = sum(info.file_size for info in found)
    if declared > MOST_BYTES:
        raise Rejected("archive_too_large", f"{declared} bytes unpacked, at most {MOST_BYTES} are read")
    return [
        Content(
            path,
            f"{name}/{printable(info.filename)}",
            path.parent / info.filename.lstrip("/"),
            # What a member declares is all that it may unpack to, so the sum above holds.
            lambda info=info: _unpacked(path, info, info.file_size),  # type: ignore[misc]
            False,
            info.filename,
        )
        for info in found
    ]


def _check_number(path: Path) -> None:
    """Of members, before the module reads the directory of the archive into memory."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _END.size - 0xFFFF))
        end = file.read()
    at = end.rfind(_END_SIGN)
    if at < 0 or len(end) - at < _END.size:
        raise Rejected("damaged_archive", "the end of the archive is missing")
    number = _END.unpack_from(end, at)[4]
    if number > 2 * MOST_MEMBERS:
        raise Rejected("archive_too_large", f"{number} files or more, at most {MOST_MEMBERS} are read")


def _unpacked(path: Path, member: zipfile.ZipInfo | None, limit: int) -> BinaryIO:
    with _understood():
        if member is None:
            return io.BufferedReader(_Bounded(cast(IO[bytes], gzip.open(path)), limit), 64 * 1024)
        if member.flag_bits & _ENCRYPTED:
            raise Rejected("encrypted_archive", "it is protected by a password")
        archive = zipfile.ZipFile(path)
        try:
            return io.BufferedReader(_Bounded(archive.open(member), limit, archive.close), 64 * 1024)
        except BaseException:
            archive.close()
            raise


class _Bounded(io.RawIOBase):
    """A stream that unpacks no more than it may; faults of the archive come as Rejected."""

    def __init__(self, stream: IO[bytes], limit: int, on_close: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._limit = limit
        self._left = limit
        self._on_close = on_close

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _understood():
            chunk = self._stream.read(len(buffer))
        self._left -= len(chunk)
        if self._left < 0:
            raise Rejected("archive_too_large", f"it unpacks to more than {self._limit} bytes")
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._on_close()
        super().close()


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise Rejected("damaged_archive", f"packed in a way that is not supported: {error}") from error
    except RuntimeError as error:
        raise Rejected("encrypted_archive", str(error)) from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, struct.error) as error:
        raise Rejected("damaged_archive", str(error) or type(error).__name__) from error
    except OSError as error:
        # What a decompressor refuses has no number; a place outside the file is the archive's fault, too.
        reason = "damaged_archive" if error.errno in (None, errno.EINVAL) else "unreadable"
        raise Rejected(reason, error.strerror or str(error)) from error
