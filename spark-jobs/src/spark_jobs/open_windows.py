"""Windows that still fill are kept in memory and written once they are whole, so that a row of the table is written
once: a MERGE in each batch rewrites all rows of its GPUs, again and again.

What was kept and not written when the process was killed is made again from the lake (:mod:`spark_jobs.stream`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from spark_jobs.window_keys import Key, together

HELD_BATCHES = 3
"""A GPU that has sent nothing for so many batches may be gone: its window is written as it is."""


class Ready(NamedTuple):
    """Rows of windows (:data:`spark_jobs.schema.WINDOWS`) to be written."""

    fresh: pa.Table
    """Of windows of which the table has no row."""
    others: pa.Table
    """Of those of which it may have some."""


class _Open(NamedTuple):
    start: int
    batch: int
    """In which it was touched last."""
    is_fresh: bool


class OpenWindows:
    """The newest window of each GPU that goes on."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._rows: pa.Table | None = None
        """Of the open windows."""
        self._batch = 0

    def take(self, made: pa.Table, touched: Sequence[Key], fresh: Collection[Key], live: Collection[str]) -> Ready:
        """``made``: the rows of all ``touched`` windows as they are now; ``fresh``: those of them of which the table
        has none; ``live``: the GPUs that go on where they are."""
        self._batch += 1
        newest = {gpu: each.start for gpu, each in self._open.items()}
        for gpu, start in touched:
            if gpu in live:
                newest[gpu] = max(start, newest.get(gpu, start))
        is_fresh = {*fresh, *((gpu, each.start) for gpu, each in self._open.items() if each.is_fresh)}
        seen = {*touched}
        others = [(gpu, each.start) for gpu, each in self._open.items() if (gpu, each.start) not in seen]
        # Another window of its GPU has come, or nothing for too long.
        ended = [
            (gpu, start)
            for gpu, start in others
            if newest[gpu] != start or self._batch - self._open[gpu].batch >= HELD_BATCHES
        ]
        gone = {*ended}
        kept = [each for each in others if each not in gone]
        filling = [(gpu, start) for gpu, start in touched if newest.get(gpu) == start]
        whole = [(gpu, start) for gpu, start in touched if newest.get(gpu) != start]
        ready = _ready([(made, whole), (self._rows, ended)], is_fresh)
        self._rows = together([(made, filling), (self._rows, kept)])
        self._open = {gpu: self._open[gpu] for gpu, _ in kept}
        self._open |= {gpu: _Open(start, self._batch, (gpu, start) in is_fresh) for gpu, start in filling}
        return ready

    def has(self, key: Key) -> bool:
        """Whether it is open."""
        gpu, start = key
        return gpu in self._open and self._open[gpu].start == start

    def flush(self) -> Ready:
        """All that are open; none is, then."""
        is_fresh = {(gpu, each.start) for gpu, each in self._open.items() if each.is_fresh}
        ready = _ready([(self._rows, [(gpu, each.start) for gpu, each in self._open.items()])], is_fresh)
        self._open, self._rows = {}, None
        return ready


def _ready(parts: Sequence[tuple[pa.Table | None, Sequence[Key]]], is_fresh: Collection[Key]) -> Ready:
    def chosen(*, fresh: bool) -> Iterable[tuple[pa.Table | None, list[Key]]]:
        return ((rows, [each for each in wanted if (each in is_fresh) == fresh]) for rows, wanted in parts)

    return Ready(together(chosen(fresh=True)), together(chosen(fresh=False)))
