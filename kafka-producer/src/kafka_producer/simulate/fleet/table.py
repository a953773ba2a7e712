"""A simulated fleet as files: its readings as CSV, what broke in it, and the rules by which ``collect`` reads it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

import yaml

from kafka_producer.simulate import labels
from kafka_producer.simulate.fleet.cluster import CLUSTER, Cluster
from kafka_producer.simulate.fleet.faults import KINDS, labelled
from kafka_producer.simulate.fleet.server import path_of
from telemetry.reading import Reading
from telemetry.timestamp import SECOND, format_time

TRUTH = ("gpu", "fault", "begin", "end", "xid")


def series(readings: Iterable[Reading]) -> Iterator[str]:
    """Lines; the header has the metrics of the models that are there."""
    columns: list[str] = []
    for reading in readings:
        if not columns:
            columns = list(reading.metrics)
            yield _line(["time", "gpu", "model", *columns])
        known = (reading.metrics.get(name, "") for name in columns)
        yield _line([format_time(reading.time), reading.gpu, reading.model or "", *known])


def expected(cluster: Cluster, start: int, seconds: float) -> str:
    """What detectors of anomalies should find; for `spark-jobs evaluate anomalies --labels`."""
    return labels.lines(
        (gpu, kind, metric, _time(start, begin), _time(start, end))
        for gpu, kind, metric, begin, end in labelled(cluster.faults, seconds)
    )


def truth(cluster: Cluster, start: int, seconds: float) -> str:
    """Every fault that begins within ``seconds``, drawn ones too; ``end`` empty where it is not repaired by then."""
    made = [_line(TRUTH)]
    for fault in sorted(cluster.faults, key=lambda each: (each.begin, each.gpu, each.kind)):
        if fault.begin < seconds:
            end = _time(start, fault.end) if fault.end < seconds else ""
            made.append(_line([fault.gpu, fault.kind, _time(start, fault.begin), end, KINDS[fault.kind].xid or ""]))
    return "".join(made)


def sources(cluster: Cluster, address: str, interval: str) -> str:
    """Of the form of config/sources.yaml: a rule for each rack."""
    racks: dict[str, list[str]] = {}
    for node in cluster.nodes:
        racks.setdefault(node.rack, []).append(address + path_of(node))
    rules = [
        {"source": "dcgm", "interval": interval, "targets": targets, "labels": {"cluster": CLUSTER, "rack": rack}}
        for rack, targets in racks.items()
    ]
    return str(yaml.safe_dump({"collect": rules}, sort_keys=False))


def _time(start: int, seconds: float) -> str:
    return format_time(start + int(seconds * SECOND))


def _line(cells: Iterable[object]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
