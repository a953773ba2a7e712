"""What a source told of sensors that the catalogue does not know: a map in each reading.

Python workers load this, so it imports little.
"""

from __future__ import annotations

from typing import NamedTuple

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


class Values(NamedTuple):
    """Of one metric."""

    there: npt.NDArray[np.int64]
    """Which readings have them, rising."""
    values: npt.NDArray[np.float64]


def by_sensor(more: pa.MapArray) -> dict[str, Values]:
    """Sensor -> its values."""
    if (found := entries(more)) is None:
        return {}
    names = found.column("metric").combine_chunks().dictionary_encode()
    codes, there = names.indices.to_numpy(), found.column("entry_of").to_numpy()
    values = found.column("value").to_numpy()
    chosen = ((name, codes == code) for code, name in enumerate(names.dictionary.to_pylist()))
    return {name: Values(there[which], values[which]) for name, which in chosen}


def _within(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2, ... for each: [2, 0, 3] -> [0, 1, 0, 1, 2]."""
    ends = np.cumsum(counts)
    within: npt.NDArray[np.int64] = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    return within
