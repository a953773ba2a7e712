"""The newest reading of a GPU as JSON: written once, however many ask for it before the next one comes."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import orjson

from dashboard.routes.words import text
from dashboard.stores.live import Latest, Live
from telemetry.reading import split_gpu

_written: WeakKeyDictionary[Live, dict[str, tuple[Latest, orjson.Fragment]]] = WeakKeyDictionary()
"""GPU -> its newest reading that somebody asked for, and its JSON."""


def fragment(live: Live, latest: Latest) -> orjson.Fragment:
    """``latest``, a reading of ``live``, in the shape of ``LatestReading``; to stand in what orjson writes."""
    written = _written.setdefault(live, {})
    known = written.get(latest.gpu)
    if known is None or known[0] is not latest:
        known = written[latest.gpu] = latest, orjson.Fragment(orjson.dumps(_plain(latest)))
    return known[1]


def forget_gone(live: Live, there: set[str]) -> None:
    """All but the GPUs that are ``there``: of those that came and went, nothing must stay."""
    written = _written.get(live)
    if written is not None and len(written) > 2 * len(there):
        for gpu in written.keys() - there:
            del written[gpu]


def _plain(latest: Latest) -> dict[str, Any]:
    return {
        "gpu": latest.gpu,
        "node_id": latest.host,
        "gpu_index": split_gpu(latest.gpu)[1],
        "source": latest.source,
        "mode": latest.mode,
        "model": latest.model,
        "time": text(latest.time),
        "arrived": text(latest.arrived),
        "metrics": latest.metrics,
        "flags": latest.flags,
        "labels": latest.labels,
    }
