"""Readings that came twice: identity (``origin``, ``gpu``, ``row``) tells them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spark_jobs.schema import IDENTITY


def without_copies(readings: pa.Table, there: pa.Table) -> pa.Table:
    """The first of each of ``readings`` that is not among ``there`` (IDENTITY at least)."""
    both = pa.concat_tables([there.select(IDENTITY), readings.select(IDENTITY)])
    numbered = both.append_column("place", pa.array(np.arange(len(both))))
    first = numbered.group_by(list(IDENTITY), use_threads=False).aggregate([("place", "min")])
    places = first.column("place_min").to_numpy()
    fresh = np.sort(places[places >= len(there)]) - len(there)
    return readings if len(fresh) == len(readings) else readings.take(pa.array(fresh))
