"""Which GPU a log belongs to: as told, else its folder, else config/sources.yaml, else the first free local one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from kafka_producer.sessions import Sessions, overlap
from kafka_producer.source_config import LogRule
from telemetry.errors import Rejected
from telemetry.reading import gpu_name, split_gpu

if TYPE_CHECKING:  # a look at a log needs no database
    from kafka_producer.ledger import Known
    from kafka_producer.sources.logs.file import LogFile

DROP_FOLDER = "data"
DEFAULT_GPU = "local:0"


def gpu_of_path(path: PurePath, folder: PurePath | None = None, first_card: int | None = None) -> str | None:
    """``host:index`` from .../data/<host>/<index>/<file>, or from <folder>/<host>/<index>/<file>.

    A log that tells its cards apart itself may lie in <host>/<file>: ``first_card`` is then the index.
    """
    parts = path.parts
    roots = [n + 1 for n, part in enumerate(parts) if part == DROP_FOLDER]
    if folder is not None and path.is_relative_to(folder):
        roots.append(len(folder.parts))
    for root in reversed(roots):
        index = parts[root + 1] if len(parts) - root == 3 else first_card if len(parts) - root == 2 else None
        if index is not None:
            try:
                return gpu_name(parts[root], str(index))
            except Rejected:
                return None
    return None


def gpu_of_log(path: PurePath, folder: PurePath | None, rule: LogRule, file: LogFile) -> str:
    """Of the log's first card."""
    host, _ = split_gpu(DEFAULT_GPU)
    first = file.first_card if file.dialect.has_cards else None
    return gpu_of_path(path, folder, first) or rule.gpu or gpu_name(host, str(first or 0))


def next_index(gpu: str) -> str:
    """``host:1`` after ``host:0``; an index that is no number gets one."""
    host, index = split_gpu(gpu)
    return gpu_name(host, str(int(index) + 1) if index.isdecimal() else f"{index}-1")


def nth_gpu(gpu: str, n: int) -> str:
    """The ``n``-th card counted from ``gpu``, which is 0; below the first index of a host it gets a name of its own."""
    host, index = split_gpu(gpu)
    if index.isdecimal() and int(index) + n >= 0:
        return gpu_name(host, str(int(index) + n))
    return gpu_name(host, f"{index}-{abs(n)}") if n else gpu


def free_gpu(
    wanted: str,
    fingerprint: str,
    sessions: Sessions,
    of_gpu: Callable[[str], Iterable[Known]],
    cards: Sequence[int] = (0,),
) -> str:
    """``wanted``, or the next card of its host from which on no other known log shows one of ``cards`` at the same
    time."""
    gpu = wanted
    while any(
        known.fingerprint != fingerprint and overlap(sessions, known.sessions)
        for card in cards
        for known in of_gpu(nth_gpu(gpu, card))
    ):
        gpu = next_index(gpu)
    return gpu
