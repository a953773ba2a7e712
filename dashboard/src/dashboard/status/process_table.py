"""Which processes of this machine belong to which, and what they take; from ``ps``, on Linux and macOS alike."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Self


class Process(NamedTuple):
    """One line of ``ps``; ``memory`` is resident, in bytes."""

    pid: int
    parent: int
    memory: int


class ProcessTable:
    """A moment's processes. ``proportional``: pid -> its memory with shared pages divided among those that share
    them, in bytes; None where that is not to be had."""

    def __init__(
        self, processes: Iterable[Process], proportional: Callable[[int], int | None] = lambda _pid: None
    ) -> None:
        self._proportional = proportional
        self._memory: dict[int, int] = {}
        self._children: dict[int, list[int]] = defaultdict(list)
        for process in processes:
            self._memory[process.pid] = process.memory
            self._children[process.parent].append(process.pid)

    @classmethod
    def now(cls) -> Self:
        lines = subprocess.run(
            ["ps", "-axo", "pid=,ppid=,rss="], check=True, capture_output=True, text=True, timeout=5
        ).stdout.splitlines()
        rows = (tuple(map(int, line.split())) for line in lines)
        return cls((Process(pid, parent, kilobytes * 1024) for pid, parent, kilobytes in rows), proportional)

    def memory_of(self, root: int) -> int:
        """Bytes of ``root`` and all that it started. Pages that they share count once where the system tells (Linux):
        Spark's Python workers are copies of one process."""
        total = 0
        for pid in self.descendants(root):
            resident = self._memory.get(pid, 0)
            shared = self._proportional(pid) if resident else None
            total += resident if shared is None else shared
        return total

    def descendants(self, root: int) -> list[int]:
        """``root`` and all that it started."""
        found = [root]
        for pid in found:
            found += self._children.get(pid, [])
        return found


def proportional(pid: int) -> int | None:
    """``Pss`` of proc(5), in bytes; None on other systems, and for processes of others."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
