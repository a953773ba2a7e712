"""What a source told of sensors that the catalogue does not know: a map in each reading.

Python workers load this, so it imports little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MORE = "more"
"""The column: map<string, double>."""


def entries(more: pa.MapArray) -> pa.Table | None:
    """entry_of (the place of its map), metric, value: a row per entry of ``more`` with a value; None without any."""
    offsets = more.offsets.to_numpy()
    # A null takes no entries, but its offsets may say that it does.
    counts = np.where(more.is_valid().to_numpy(zero_copy_only=False), np.diff(offsets), 0)
    if not counts.any():
        return None
    whose = np.repeat(np.arange(len(counts)), counts)
    places = pa.array(np.repeat(offsets[:-1], counts) + _within(counts))
    found = {"entry_of": pa.array(whose), "metric": more.keys.take(places), "value": more.items.take(places)}
    return pa.table(found).filter(pc.is_valid(pc.field("value")))


def _within(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2, ... for each: [2, 0, 3] -> [0, 1, 0, 1, 2]."""
    ends = np.cumsum(counts)
    within: npt.NDArray[np.int64] = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    return within
