"""What should be found in a series, and when: a CSV file with gpu, kind, metric, start, end."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from spark_jobs.detectors import findings
from spark_jobs.evaluation.series_file import text_of, time_of
from telemetry.errors import Misconfigured

HEADER = ("gpu", "kind", "metric", "start", "end")


class Label(NamedTuple):
    """Times in microseconds UTC."""

    gpu: str
    kind: str
    metric: str
    start: int
    end: int


def labels(path: Path) -> list[Label]:
    """Those of ``path``; a header and no row says that there is nothing to find. Raises Misconfigured."""
    rows = csv.reader(text_of(path), skipinitialspace=True)
    header = tuple(cell.strip() for cell in next(rows, []))
    if header != HEADER:
        raise Misconfigured(f"{path}, line 1", repr(",".join(header)), ",".join(HEADER))
    return [_label(cells, f"{path}, line {rows.line_num}") for cells in rows if cells]


def _label(cells: list[str], where: str) -> Label:
    if len(cells) != len(HEADER):
        raise Misconfigured(where, f"{len(cells)} cells", f"{len(HEADER)}: {','.join(HEADER)}")
    gpu, kind, metric, start, end = (cell.strip() for cell in cells)
    kinds = sorted(findings.OF_READINGS | findings.OF_WINDOWS)
    if kind not in kinds:
        raise Misconfigured(where, f"kind {kind!r}", f"one of {', '.join(kinds)}")
    label = Label(gpu, kind, metric, time_of(start, where), time_of(end, where))
    if label.end < label.start:
        raise Misconfigured(where, f"end {end} before start {start}", "an end at or after the start")
    return label
