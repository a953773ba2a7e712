"""Positions in Kafka: where each store certainly is, what must be saved for that, and where it is in a new Kafka. Pure,
but for the files of Spark's checkpoint."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path

from telemetry import topics
from telemetry.errors import Misconfigured

Offsets = dict[tuple[str, int], int]
"""(topic, partition) -> the next offset."""

HELD_BATCHES = 7
"""The stream keeps windows and anomalies back for up to 3 batches, and after a restart looks at its last 7 again
(spark_jobs/catch_up.py). A restored one reads those again instead."""
WHOLE = (topics.GPU_ANOMALIES, topics.GPU_ALERTS, topics.GPU_REPORTS, topics.GPU_DEAD_LETTERS)
"""Saved as far back as Kafka has them: few, and dead letters stand nowhere else."""


def of_checkpoint(checkpoint: Path, held_batches: int = HELD_BATCHES) -> Offsets:
    """Where the stream was ``held_batches`` batches before its last finished one; empty where it has none as old: then
    it must read everything. Raises Misconfigured for a checkpoint of a form that Spark 4 does not write."""
    done = _numbers(checkpoint / "commits")
    if not done or (number := done[-1] - held_batches) not in _numbers(checkpoint / "offsets"):
        return {}
    path = checkpoint / "offsets" / str(number)
    try:
        version, _metadata, *sources = path.read_text(encoding="utf-8").splitlines()
        named = json.loads(sources[0])
        if version != "v1" or len(sources) != 1:
            raise ValueError(f"version {version}, {len(sources)} sources")  # noqa: TRY301
        return {(topic, int(number)): int(at) for topic, by in named.items() for number, at in by.items()}
    except (ValueError, IndexError, AttributeError, OSError) as error:
        raise Misconfigured(str(path), str(error)[:200], "offsets as Spark 4 writes them, of one source") from error


def needed(read_by: Mapping[str, Sequence[Offsets]], begins: Offsets) -> Offsets:
    """From where each partition must be saved.

    ``read_by``: topic -> the positions of those that read it; one that has none in a partition needs all of it.
    """
    found: Offsets = {}
    for place, begin in begins.items():
        topic, _ = place
        readers = read_by.get(topic, ())
        if topic in WHOLE or not readers:
            found[place] = begin
        else:
            found[place] = max(begin, min(reader.get(place, begin) for reader in readers))
    return found


def mapped(offset: int, saved: Sequence[int]) -> int:
    """Where ``offset`` is in a partition that holds nothing but the records of ``saved`` (their offsets before)."""
    return bisect_left(saved, offset)


def kept_time(timestamp: int, now: int, retention: int | None) -> int:
    """Kafka's time of a restored record, all in milliseconds: its own, because alerts are judged by it; but no older
    than a day before retention would take it, or Kafka would delete it before anybody has read it."""
    if retention is None or retention < 0:
        return timestamp
    return max(timestamp, now - retention + min(retention // 2, 86_400_000))


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return sorted(int(each.name) for each in folder.iterdir() if each.name.isdecimal())
