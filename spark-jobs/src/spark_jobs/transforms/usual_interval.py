"""How often a source tells of a GPU on a day, and the longest step between two readings that is no absence. In numpy.

GPU-Z writes whole seconds, and of several rows of one second the producer makes rows 1 ms apart (kafka-producer,
wall_clock.py). So what lies a few milliseconds apart is one moment of several readings, and steps are between moments:
the median of all steps would be that millisecond.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms.distribution import Counts, Numbers
from telemetry.timestamp import MILLISECOND, SECOND

LONGEST_GAP = 10.0
"""Seconds that are always bridged: a source that tells each second may lose some readings."""
INTERVALS_BRIDGED = 2.5
"""So a reading that was lost is bridged at any interval, and two in a row are not."""
ONE_MOMENT = 5 * MILLISECOND
"""No source that we have tells so often; ten rows of one second of GPU-Z are 1 ms apart each."""
LEAST_STEPS = 5
"""Of fewer nobody can say what is usual: two readings, before a night and after it, are no interval of eight hours."""
LOST = 1.5
"""Usual steps. What is longer has lost a reading; what is not may be 2 or 3 whole seconds of GPU-Z at 2.5 s."""


class Moments(NamedTuple):
    """The readings of one source of one GPU, in order; those of one moment together."""

    begin: Counts
    """Microseconds."""
    readings: Counts
    """In each moment."""

    @classmethod
    def of(cls, times: Counts) -> Self:
        """``times``: in order, microseconds."""
        first = np.flatnonzero(np.diff(times, prepend=times[:1] - 2 * ONE_MOMENT) > ONE_MOMENT)
        return cls(times[first], np.diff(first, append=len(times)))

    @property
    def steps(self) -> Numbers:
        """Seconds from each moment to the next."""
        seconds: Numbers = np.diff(self.begin) / SECOND
        return seconds


class Usual(NamedTuple):
    """Both in seconds."""

    step: float
    """From moment to moment, median."""
    interval: float
    """From reading to reading: the mean over the steps in which nothing was lost."""

    @classmethod
    def of(cls, moments: Moments) -> Self | None:
        """None where there are too few steps."""
        steps = moments.steps
        if len(steps) < LEAST_STEPS:
            return None
        step = float(np.median(steps))
        whole = steps <= LOST * step
        return cls(step, float(steps[whole].sum() / moments.readings[:-1][whole].sum()))


def longest_gap(interval: float | None) -> float:
    """Seconds up to which a step of a source with this usual interval (None: unknown) is no absence."""
    return LONGEST_GAP if interval is None else max(LONGEST_GAP, INTERVALS_BRIDGED * interval)


def longest_gap_of(interval: Column) -> Column:
    """The same in Spark."""
    return F.greatest(F.lit(LONGEST_GAP), interval * INTERVALS_BRIDGED)


def by_source(readings: pa.Table) -> tuple[Counts, list[str], Counts]:
    """Of ``readings`` (source, time) of one GPU: the order of their times, the sources, and which of them (in that
    order) each reading is of."""
    times = readings.column("time").cast(pa.int64()).to_numpy()
    order = np.argsort(times, kind="stable")
    source = readings.column("source").combine_chunks().dictionary_encode()
    return order, source.dictionary.to_pylist(), source.indices.to_numpy()[order]
