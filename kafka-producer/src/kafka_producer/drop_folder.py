"""What lies in the drop folder: polled, because inotify does not see through Docker Desktop and network shares."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from telemetry.errors import Rejected

DEEPEST = 8
"""Folders below the drop folder. Logs need two; a tree without end is a mistake."""

_OURS = {"readme.md"}
_LITTER = {"thumbs.db", "desktop.ini", "__macosx"}
_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", "~")
_LOG_LIKE = re.compile(r"\.(txt|log|csv|zip|gz)$", re.IGNORECASE)


class Signature(NamedTuple):
    """While this is the same, so is the file."""

    size: int
    modified: int
    changed: int
    """Nanoseconds; also of a file that ``cp -p`` or ``touch`` gave an old time."""
    inode: int

    def may_become(self, other: Signature) -> bool:
        """Whether the file can have grown from this to ``other``."""
        return self.inode == other.inode and self.size <= other.size


class Entry(NamedTuple):
    """One thing in the folder."""

    path: Path
    name: str
    """Below the folder, with slashes: what people call it."""
    signature: Signature
    fault: Rejected | None = None
    """Why it cannot be a log, whatever it holds."""


def is_ignored(name: str, *, at_root: bool) -> bool:
    """Hidden files, ours, what other programs leave about, and what is still being copied or downloaded."""
    folded = name.casefold()
    if folded.startswith((".", "~$")) or folded in _LITTER or folded in _OURS:
        return True
    return folded.endswith(_UNFINISHED) or (at_root and folded == "samples")


def is_ignored_path(name: str) -> bool:
    """The same for a path in an archive."""
    return any(is_ignored(part, at_root=False) for part in PurePosixPath(name).parts)


def scan(folder: Path) -> Iterator[Entry]:
    """Everything that may be a log, in the order of the names. What vanishes meanwhile is passed over.

    Raises Rejected (``missing``, ``unreadable``) where the folder itself cannot be listed.
    """
    try:
        here = folder.stat()
        names = _names(folder)
    except OSError as error:
        raise Rejected("unreadable", f"{folder}: {error.strerror or error}") from error
    yield from _scan(folder, "", names, {(here.st_dev, here.st_ino)})


def _scan(folder: Path, prefix: str, names: list[str], parents: set[tuple[int, int]]) -> Iterator[Entry]:
    for name in names:
        if is_ignored(name, at_root=not prefix):
            continue
        path, shown = folder / name, printable(f"{prefix}{name}")
        try:
            found = path.stat()
        except OSError:
            continue
        signature = Signature(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        if stat.S_ISREG(found.st_mode):
            yield Entry(path, shown, signature)
        elif stat.S_ISDIR(found.st_mode):
            # A folder's size and times change with what lies in it: that is no news.
            yield from _folder(path, shown, Signature(0, 0, 0, found.st_ino), found, parents)
        else:
            # Never opened: a pipe would wait for ever.
            yield Entry(path, shown, Signature(0, 0, 0, found.st_ino), Rejected("not_a_log", "neither file nor folder"))


def _folder(
    path: Path, shown: str, signature: Signature, found: os.stat_result, parents: set[tuple[int, int]]
) -> Iterator[Entry]:
    if _LOG_LIKE.search(shown):
        yield Entry(path, shown, signature, Rejected("not_a_log", "it is a folder; logs in it are read"))
    me = (found.st_dev, found.st_ino)
    if me in parents or len(parents) > DEEPEST:
        return
    try:
        names = _names(path)
    except FileNotFoundError:
        return
    except OSError as error:
        yield Entry(path, shown, signature, Rejected("unreadable", error.strerror or str(error)))
        return
    yield from _scan(path, f"{shown}/", names, parents | {me})


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def printable(name: str) -> str:
    """A file name as text that can be logged, sent and stored, whatever bytes or control characters it holds."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
