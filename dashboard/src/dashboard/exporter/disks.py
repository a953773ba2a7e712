"""Room where our servers write. Native mode; with Docker node-exporter sees the engine's disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric


class Disks:
    """prometheus_client's collector protocol."""

    def __init__(self, run_dir: Path) -> None:
        self._data = run_dir / "data"

    def collect(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("gpustream_disk_free_bytes", "Room where a server writes.", labels=("path",))
        try:
            folders = sorted(each for each in self._data.iterdir() if each.is_dir())
        except OSError:  # nothing was ever started here, or these are volumes
            folders = []
        seen: set[int] = set()
        for folder in folders:
            device = folder.stat().st_dev
            if device not in seen:
                seen.add(device)
                free.add_metric((str(folder),), shutil.disk_usage(folder).free)
        yield free
