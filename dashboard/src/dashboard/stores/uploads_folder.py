"""Logs from browsers and programs, put where the producer looks."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO

from dashboard.stores.away import Away
from dashboard.stores.uploads import Incoming, Stored
from telemetry.errors import Rejected
from telemetry.reading import GPU_NAME, split_gpu
from telemetry.settings import Settings

STORE = "uploads folder"
LONGEST_NAME = 120
RESERVE_BYTES = 256 * 1024 * 1024
"""What stays free on the disk: every engine writes to it."""
_ON_ITS_WAY = ".incoming"
"""A hidden folder on the same disk: the watch does not look into it, and a rename out of it is one step."""
_UNSAFE = re.compile(r"[^\w .()\[\]+,@&=#-]")
_ENDINGS = (".txt", ".log", ".csv", ".zip", ".gz")


class UploadsFolder:
    """``UPLOADS_DIR/<host>/<index>/<name>``: the folder says whose log it is, as in data/."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.uploads_dir
        self._most = settings.console_upload_megabytes * 1024 * 1024

    @property
    def most_bytes(self) -> int:
        return self._most

    def begin(self, name: str, *, gpu: str | None = None) -> Incoming:
        if gpu is not None and GPU_NAME.fullmatch(gpu) is None:
            raise Rejected("bad_gpu", f"{gpu[:80]!r} is no GPU: expected host:index of letters, digits, . _ -")
        place = "" if gpu is None else "/".join(split_gpu(gpu)) + "/"
        return _File(self._folder, f"{place}{safe_name(name)}", self._most)


def safe_name(name: str) -> str:
    """The last part of a path, of characters that every file system and shell bears. Raises Rejected(``bad_name``)."""
    last = re.split(r"[/\\]", name)[-1].strip()
    cleaned = _UNSAFE.sub("_", last).strip(". ")
    if not cleaned:
        raise Rejected("bad_name", f"{name[:80]!r} is no file name")
    stem, dot, ending = cleaned.rpartition(".")
    if not dot or f".{ending.lower()}" not in _ENDINGS:
        raise Rejected("bad_name", f"{cleaned[:80]!r}: expected a name that ends in one of {', '.join(_ENDINGS)}")
    # In bytes, because file systems count those.
    kept = stem.encode()[: LONGEST_NAME - len(ending) - 1].decode(errors="ignore").strip(". ")
    return f"{kept or 'log'}.{ending}"


class _File:
    """One upload."""

    def __init__(self, folder: Path, name: str, most: int) -> None:
        self._folder = folder
        self._name = name
        self._most = most
        self._size = 0
        self._path = folder / _ON_ITS_WAY / f"{uuid.uuid4().hex}.part"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO | None = self._path.open("xb")
        except OSError as error:
            raise Away(STORE, f"{folder} cannot be written to ({error.strerror})", 30) from error

    def write(self, piece: bytes) -> None:
        if self._file is None:
            raise Rejected("ended", "the upload was ended")
        self._size += len(piece)
        if self._size > self._most:
            self.abort()
            raise Rejected("too_large", f"a log of at most {self._most // 1024 // 1024} MB")
        try:
            has_room = shutil.disk_usage(self._folder).free >= RESERVE_BYTES
            if has_room:
                self._file.write(piece)
        except OSError as error:
            self.abort()
            raise Away(STORE, f"{self._folder}: {error.strerror}", 60) from error
        if not has_room:
            self.abort()
            raise Away(STORE, "the disk is almost full", 600)

    def finish(self) -> Stored:
        if self._file is None or not self._size:
            self.abort()
            raise Rejected("empty", "a log of at least one byte")
        try:
            self._file.close()
            self._file = None
            return Stored(self._appear(), self._size)
        except OSError as error:
            raise Away(STORE, f"{self._folder}: {error.strerror}", 30) from error
        finally:
            self.abort()

    def abort(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._path.unlink(missing_ok=True)

    def _appear(self) -> str:
        """In one step, and over nobody's file: a hard link fails where the name is taken, a rename would not."""
        stem, _, ending = self._name.rpartition(".")
        for number in range(1, 10_000):
            name = self._name if number == 1 else f"{stem} ({number}).{ending}"
            target = self._folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.hardlink_to(self._path)
            except FileExistsError:
                continue
            return name
        raise Rejected("bad_name", f"there are 10,000 logs of the name {self._name!r}")
