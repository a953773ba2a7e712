"""Which window a row belongs to: ``gpu`` and ``start``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Key = tuple[str, int]
"""gpu, start (microseconds UTC)."""
KEY = ("gpu", "start")


def different(rows: pa.Table) -> list[Key]:
    """The windows that any of ``rows`` (KEY) belongs to."""
    return keys(rows.select(KEY).group_by(list(KEY), use_threads=False).aggregate([]))


def keys(rows: pa.Table) -> list[Key]:
    """The window that each of ``rows`` (KEY) belongs to."""
    return list(zip(rows["gpu"].to_pylist(), rows["start"].cast(pa.int64()).to_pylist(), strict=True))


def belonging(rows: pa.Table, wanted: Sequence[Key]) -> pa.Table:
    """Those of ``rows`` (KEY) that belong to one of ``wanted``."""
    if not wanted or not rows:
        return rows.slice(0, 0)
    gpus = {gpu: place for place, gpu in enumerate({gpu for gpu, _ in wanted})}
    starts = {start: place for place, start in enumerate({start for _, start in wanted})}
    codes = np.array([gpus[gpu] * len(starts) + starts[start] for gpu, start in wanted])
    of_gpu = _places(rows.column("gpu"), pa.array(gpus))
    of_start = _places(rows.column("start").cast(pa.int64()), pa.array(starts))
    is_known = (of_gpu >= 0) & (of_start >= 0)
    return rows.filter(pa.array(is_known & np.isin(of_gpu * len(starts) + of_start, codes)))


def together(parts: Iterable[tuple[pa.Table | None, Sequence[Key]]]) -> pa.Table:
    """What belongs to the windows of each part, one below the other."""
    tables = [belonging(rows, wanted) for rows, wanted in parts if rows is not None]
    return pa.concat_tables(tables, promote_options="default").combine_chunks() if tables else pa.table({})


def _places(column: pa.ChunkedArray, names: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = pc.index_in(column, names).fill_null(-1).to_numpy()
    return found.astype(np.int64)
