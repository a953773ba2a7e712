"""Processes by their numbers, as /proc tells of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def below(pid: int) -> list[int]:
    """Children of ``pid``, theirs, and so on: parents first, whatever group they are in."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if known := _stat(int(folder.name)):
            children.setdefault(int(known[1]), []).append(int(folder.name))
    found = list(children.get(pid, ()))
    for each in found:
        found += children.get(each, ())
    return found


def stand_still(pids: Iterable[int]) -> bool:
    """Whether all that have not ended are stopped by a signal."""
    return all(known[0] in "TZX" for pid in pids if (known := _stat(pid)))


def _stat(pid: int) -> list[str]:
    """State, parent and so on; empty once it has ended."""
    try:
        # What stands before them is the name, in brackets, which may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def send(pids: Iterable[int], number: int) -> bool:
    """To all of them; whether each was there."""
    there = True
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            there = False
    return there
