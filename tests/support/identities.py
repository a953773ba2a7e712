"""The sets that decide whether a reading was lost or counted twice: what was sent, and what each store holds.

An identity in InfluxDB is (gpu, time in microseconds, row); in the lake (origin, gpu, row), with its time beside it.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import requests
from deltalake import DeltaTable

from telemetry.timestamp import format_time, parse_time

T = TypeVar("T")


class Point(NamedTuple):
    """A reading as InfluxDB can tell it from others."""

    gpu: str
    time: int
    row: int


class Row(NamedTuple):
    """A reading as the lake can tell it from others."""

    origin: str
    gpu: str
    row: int


def dry_run(producer: Path, logs: Sequence[Path], *options: str, cwd: Path) -> list[dict[str, object]]:
    """The readings of ``logs``, as ``kafka-producer replay --dry-run`` prints them."""
    command = [str(producer), "replay", "--dry-run", *options, *map(str, logs)]
    output = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def points_in_influxdb(url: str, org: str, token: str, bucket: str, gpu: str) -> Counter[Point]:
    """How often each reading of ``gpu`` stands in ``bucket``."""
    return _points_where(url, org, token, bucket, "gpu", gpu)


def points_of_host(url: str, org: str, token: str, bucket: str, host: str) -> Counter[Point]:
    """The same of all GPUs of ``host``."""
    return _points_where(url, org, token, bucket, "host", host)


def _points_where(url: str, org: str, token: str, bucket: str, tag: str, value: str) -> Counter[Point]:
    flux = (
        f'{_from(bucket)} |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "row" '
        f'and r.{tag} == "{value}") |> keep(columns: ["_time", "_value", "gpu"])'
    )
    return Counter(_points(_asked(url, org, token, flux)))


def values_in_influxdb(url: str, org: str, token: str, bucket: str, host: str, metric: str) -> int:
    """How many values of ``metric`` all GPUs of ``host`` have in ``bucket``."""
    flux = (
        f'{_from(bucket)} |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "{metric}" '
        f'and r.host == "{host}") |> group() |> count() |> keep(columns: ["_value"])'
    )
    lines = _asked(url, org, token, flux).split()
    return int(lines[-1].rpartition(",")[2]) if lines else 0


def is_newer_in_influxdb(url: str, org: str, token: str, bucket: str, since: int) -> bool:
    """Whether any reading has a time after ``since`` (microseconds UTC)."""
    flux = (
        f'from(bucket: "{bucket}") |> range(start: {format_time(since)}) |> filter(fn: (r) => '
        'r._measurement == "gpu_metrics" and r._field == "row") |> limit(n: 1) |> keep(columns: ["_time"])'
    )
    return bool(_asked(url, org, token, flux).split())


def _from(bucket: str) -> str:
    return f'from(bucket: "{bucket}") |> range(start: 2000-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)'


def _asked(url: str, org: str, token: str, flux: str) -> str:
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/vnd.flux", "Accept": "application/csv"}
    answer = requests.post(f"{url}/api/v2/query", params={"org": org}, headers=headers, data=flux, timeout=60)
    answer.raise_for_status()
    return answer.text


def _points(csv: str) -> Iterable[Point]:
    columns: dict[str, int] = {}
    for line in csv.splitlines():
        cells = line.split(",")
        if "_time" in cells:
            columns = {name: place for place, name in enumerate(cells)}
        elif len(cells) == len(columns):
            yield Point(cells[columns["gpu"]], parse_time(cells[columns["_time"]]), int(cells[columns["_value"]]))


def rows_in_lake(uri: str, gpu: str) -> Counter[Row]:
    """How often each reading of ``gpu`` stands in the Delta table at ``uri``; empty where there is no table yet."""
    if not DeltaTable.is_deltatable(uri):
        return Counter()
    table = DeltaTable(uri).to_pyarrow_table(columns=["origin", "gpu", "row"], filters=[("gpu", "=", gpu)])
    return Counter(Row(line["origin"], line["gpu"], line["row"]) for line in table.to_pylist())


def eventually(get: Callable[[], T], wanted: Callable[[T], bool], seconds: float = 120.0) -> T:
    """``get()`` as soon as ``wanted`` accepts it, or what it was when the time was up: assert on the answer."""
    deadline = time.monotonic() + seconds
    while True:
        found = get()
        if wanted(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)
