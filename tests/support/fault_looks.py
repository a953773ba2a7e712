"""All loads looked at once more in the end, whole sets of identities against what was sent.

While loads follow each other, one is counted as soon as all of it is there. A second copy that a later harm brought,
and a reading at a wrong time, are found here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from kafka_producer.load import Load
from support.fault_engines import AlertRow, scores_of, stored_alerts, stored_scores
from support.fault_load import PATIENCE, Count, Outcome
from support.identities import Point, eventually, points_of_host
from support.platform import Platform
from telemetry.timestamp import SECOND

BUCKET = "gpu-metrics"
_WINDOW = 30 * SECOND


class LakeRow(NamedTuple):
    """A reading as the lake can tell it from others, and its time."""

    origin: str
    gpu: str
    row: int
    time: int


class WindowRow(NamedTuple):
    """A window in the lake: whose, when it begins, and how many readings it counts."""

    gpu: str
    start: int
    readings: int


class Look(NamedTuple):
    """A load that was counted."""

    load: Load
    sent: int
    alerts: Counter[AlertRow]
    """The changes that it must have caused."""
    outcome: Outcome


def again(platform: Platform, environment: Mapping[str, str], looks: Sequence[Look]) -> None:
    """Adds to each outcome what the stores hold now; where it was wrong before, that stays."""
    rows = _lake_rows(platform, {look.load.host for look in looks})
    windows = eventually(
        lambda: _windows(platform, {look.load.host for look in looks}),
        lambda found: sum(each.readings for of in found.values() for each in of) >= sum(look.sent for look in looks),
        PATIENCE,
    )
    for look in looks:
        load, sent = look.load, look.sent
        places = [(f"{load.host}:{n % load.gpus}", n // load.gpus, load.due(n)) for n in range(sent)]
        wanted_scores = scores_of(load, sent)
        scores = eventually(
            lambda load=load: stored_scores(load, environment),  # type: ignore[misc]
            lambda found, wanted=wanted_scores: found.total() >= wanted.total(),  # type: ignore[misc]
            PATIENCE,
        )
        end = load.due(sent - 1)
        found = {
            "InfluxDB": Count.of(Counter(Point(gpu, time, row) for gpu, row, time in places), _points(platform, load)),
            "lake": Count.of(
                Counter(LakeRow(load.origin, gpu, row, time) for gpu, row, time in places),
                rows.get(load.host, Counter()),
            ),
            "alerts": Count.of(look.alerts, Counter(stored_alerts(load, end, environment))),
            "windows": Count.of(_windows_of(places), windows.get(load.host, Counter())),
            "health scores": Count.of(wanted_scores, scores),
        }
        for store, count in found.items():
            before = look.outcome.counts.get(store)
            if before is None or before.is_right:
                look.outcome.counts[store] = count


def _windows_of(places: Sequence[tuple[str, int, int]]) -> Counter[WindowRow]:
    """Of readings (gpu, row, time), by the windows of config's default."""
    counts = Counter((gpu, time // _WINDOW * _WINDOW) for gpu, _, time in places)
    return Counter(WindowRow(gpu, start, count) for (gpu, start), count in counts.items())


def _points(platform: Platform, load: Load) -> Counter[Point]:
    url = f"http://127.0.0.1:{platform.environment['INFLUXDB_PORT']}"
    token = (platform.run_dir / "secrets" / "influxdb-token").read_text().strip()
    return points_of_host(url, "gpustream", token, BUCKET, load.host)


def _lake_rows(platform: Platform, hosts: set[str]) -> dict[str, Counter[LakeRow]]:
    """By host. Read once: every look at a host would read the whole table."""
    table = DeltaTable(platform.lake_uri).to_pyarrow_table(columns=["host", "origin", "gpu", "row", "time"])
    found = {}
    for host in hosts:
        of_host = table.filter(pc.equal(table["host"], host))
        columns: list[list[Any]] = [of_host[name].to_pylist() for name in ("origin", "gpu", "row")]
        times = of_host["time"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
        found[host] = Counter(map(LakeRow, *columns, times))
    return found


def _windows(platform: Platform, hosts: set[str]) -> dict[str, Counter[WindowRow]]:
    """By host: the rows that count all readings of a window. The stream writes those that fill once nothing comes."""
    columns = ["host", "gpu", "start", "metric", "count"]
    table = DeltaTable(f"{platform.lake_uri.rsplit('/', 1)[0]}/windows").to_pyarrow_table(columns=columns)
    found: dict[str, Counter[WindowRow]] = {host: Counter() for host in hosts}
    for row in table.filter(
        pc.and_(pc.is_null(table["metric"]), pc.is_in(table["host"], pa.array(sorted(hosts))))
    ).to_pylist():
        found[row["host"]][WindowRow(row["gpu"], round(row["start"].timestamp() * SECOND), row["count"])] += 1
    return found
