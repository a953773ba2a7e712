"""How large InfluxDB is and how long its queries take, out of what it says of itself (/metrics, no token needed)."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Mapping

from telemetry.errors import Unavailable

logger = logging.getLogger(__name__)

BYTES, QUERY_SECONDS = "influxdb_bytes", "influxdb_query_seconds"
_SHARD_BYTES = "storage_shard_disk_size"
_SECONDS, _QUERIES = "qc_all_duration_seconds_sum", "qc_all_duration_seconds_count"
_LINE = re.compile(r"^(\w+)(?:\{[^}]*\})? (\S+)", re.MULTILINE)


class InfluxSize:
    """``fetch``: the text of /metrics; raises Unavailable."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._before: tuple[float, float] | None = None

    def measure(self) -> Mapping[str, float]:
        """Bytes on disk, and the mean time of the queries since the last call; without a query, without the latter.

        What is not known is absent: InfluxDB may be away, or keep its metrics to itself (``metrics-disabled``).
        """
        try:
            sums = totals(self._fetch())
        except Unavailable as error:
            logger.debug("influxdb_size unknown: error=%s", error)
            return {}
        made = {BYTES: sums[_SHARD_BYTES]} if _SHARD_BYTES in sums else {}
        now = sums.get(_SECONDS, 0.0), sums.get(_QUERIES, 0.0)
        seconds, queries = (after - before for after, before in zip(now, self._before or now, strict=True))
        self._before = now
        # Fewer than before: InfluxDB was started again.
        if queries > 0 and seconds >= 0:
            made[QUERY_SECONDS] = seconds / queries
        return made


def totals(text: str) -> dict[str, float]:
    """The metrics that are needed here, over all of their labels."""
    found: dict[str, float] = defaultdict(float)
    for name, value in _LINE.findall(text):
        if name in (_SHARD_BYTES, _SECONDS, _QUERIES):
            found[name] += float(value)
    return dict(found)
