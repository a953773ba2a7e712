"""Which GPU a log belongs to: as told, else its folder, else config/sources.yaml, else the first free local one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

from kafka_producer.sessions import Sessions, overlap
from kafka_producer.source_config import LogRule
from telemetry.errors import Rejected
from telemetry.reading import gpu_name, split_gpu

if TYPE_CHECKING:  # a look at a log needs no database
    from kafka_producer.ledger import Known

DROP_FOLDER = "data"
DEFAULT_GPU = "local:0"


def gpu_of_path(path: PurePath, folder: PurePath | None = None) -> str | None:
    """``host:index`` from .../data/<host>/<index>/<file>, or from <folder>/<host>/<index>/<file>."""
    parts = path.parts
    roots = [n + 1 for n, part in enumerate(parts) if part == DROP_FOLDER]
    if folder is not None and path.is_relative_to(folder):
        roots.append(len(folder.parts))
    for root in reversed(roots):
        if len(parts) - root == 3:
            try:
                return gpu_name(parts[root], parts[root + 1])
            except Rejected:
                return None
    return None


def gpu_of_log(path: PurePath, folder: PurePath | None, rule: LogRule) -> str | None:
    """None where nothing says it."""
    return gpu_of_path(path, folder) or rule.gpu


def next_index(gpu: str) -> str:
    """``host:1`` after ``host:0``; an index that is no number gets one."""
    host, index = split_gpu(gpu)
    return gpu_name(host, str(int(index) + 1) if index.isdecimal() else f"{index}-1")


def free_gpu(
    wanted: str,
    fingerprint: str,
    sessions: Sessions,
    of_gpu: Callable[[str], Iterable[Known]],
) -> str:
    """``wanted``, or the next card of its host that no other known log shows at the same time."""
    gpu = wanted
    while any(known.fingerprint != fingerprint and overlap(sessions, known.sessions) for known in of_gpu(gpu)):
        gpu = next_index(gpu)
    return gpu
