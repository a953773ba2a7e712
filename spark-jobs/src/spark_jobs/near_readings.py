"""The readings of the windows that GPUs fill just now, kept in memory, so that the lake is not read in each batch.

The stream alone adds to the table of readings, and tells this memory of all that it adds. So where the memory has
looked once, it stays right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.spans import Span
from spark_jobs.window_keys import Key, belonging

Read = Callable[[Sequence[Key]], pa.Table]
"""The readings in the lake of these windows, with ``gpu`` and ``start``."""
Ahead = Callable[[Mapping[str, Span]], Mapping[str, int]]
"""GPU -> a span; gives the time of the first reading in the lake that the GPU has in it, where it has any."""

AHEAD = 3600 * 1_000_000
"""Of a live GPU's next hour (microseconds) is asked once whether there is anything yet. There is not, as a rule."""
MOST_GPUS = 50_000
"""Beyond, all are forgotten, and each is read again where it goes on."""


class NearReadings:
    """Of each GPU the newest window that was touched, and until when nothing comes after it."""

    def __init__(self, read: Read, ahead: Ahead, length: int) -> None:
        """``length``: of a window, in microseconds."""
        self._read = read
        self._ahead = ahead
        self._length = length
        self._known: dict[str, Span] = {}
        """From the start of that window on."""
        self._held: pa.Table | None = None
        """The readings of those windows."""

    def of(self, touched: Sequence[Key]) -> pa.Table:
        """All readings that the lake has of these windows."""
        unknown = [(gpu, start) for gpu, start in touched if not self._knows(gpu, start)]
        parts = [self._read(unknown)] if unknown else []
        if self._held is not None:
            parts.append(belonging(self._held, touched))
        return pa.concat_tables(parts, promote_options="default")

    def take(self, whole: pa.Table, touched: Sequence[Key], live: set[str]) -> None:
        """``whole``: the readings that the lake has now of the windows that were ``touched``; ``live``: the GPUs that
        go on where they are."""
        newest: dict[str, int] = {}
        for gpu, start in touched:
            newest[gpu] = max(start, newest.get(gpu, start))
        ends = self._ends({gpu: start for gpu, start in newest.items() if not self._knows(gpu, start)}, live)
        for gpu, start in newest.items():
            self._known[gpu] = Span(start, ends[gpu] if gpu in ends else self._known[gpu].end)
        if len(self._known) > MOST_GPUS:
            self.forget()
            return
        of_newest = belonging(whole, list(newest.items()))
        others = [] if self._held is None else [self._held.filter(pc.invert(_is_in(self._held, "gpu", newest)))]
        self._held = pa.concat_tables([*others, of_newest], promote_options="default").combine_chunks()

    def _ends(self, newest: Mapping[str, int], live: set[str]) -> dict[str, int]:
        """GPU -> until when the lake has nothing after its window that begins at ``newest``."""
        ends = {gpu: start + self._length for gpu, start in newest.items()}
        asked = {gpu: Span(end, end + AHEAD) for gpu, end in ends.items() if gpu in live}
        first = self._ahead(asked) if asked else {}
        return ends | {gpu: first.get(gpu, span.end) // self._length * self._length for gpu, span in asked.items()}

    def forget(self) -> None:
        """After a batch that was cut off: what it added is not known here."""
        self._known.clear()
        self._held = None

    def _knows(self, gpu: str, start: int) -> bool:
        known = self._known.get(gpu)
        return known is not None and known.begin <= start < known.end


def _is_in(readings: pa.Table, column: str, names: Mapping[str, int]) -> pa.ChunkedArray:
    return pc.is_in(readings.column(column), pa.array(list(names)))
