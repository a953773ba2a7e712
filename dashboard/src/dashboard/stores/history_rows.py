"""Rows of InfluxDB's answers as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dashboard.stores.flux import Answer, Flux
from dashboard.stores.history import KnownGpu, Row, WindowRow
from dashboard.stores.series_query import READING_BUCKETS, metric_of_window_field
from telemetry.messages import Anomaly
from telemetry.reading import DEMO_HOST_PREFIX, Mode
from telemetry.timestamp import parse_time

_NO_METRIC = frozenset({"", "result", "table", "_time", "host", "source", "row"})
_ALL_TIME = "range(start: 1678-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z)"
_AGGREGATE_OF = {"avg": "average", "min": "low", "max": "high", "count": "readings"}


def known_gpus(flux: Flux) -> list[KnownGpu]:
    """By name. The first value of each series names its metrics, the last ``row`` its end: both come from the index
    and one block, however much there is."""
    script = "\n".join(
        f'from(bucket: "{bucket}") |> {_ALL_TIME} |> filter(fn: (r) => r._measurement == "gpu_metrics")'
        f'{some} |> {which}() |> keep(columns: ["_time", "gpu", "host", "source", "_field"])'
        f' |> yield(name: "{which} {bucket}")'
        for bucket in READING_BUCKETS
        for which, some in (("first", ""), ("last", ' |> filter(fn: (r) => r._field == "row")'))
    )
    found: dict[str, KnownGpu] = {}
    metrics: dict[str, set[str]] = {}
    for row in flux.ask(script):
        gpu, host, moment = row["gpu"], row["host"], parse_time(row["_time"])
        metrics.setdefault(gpu, set()).add(row["_field"])
        known = found.get(gpu) or KnownGpu(gpu, host, row["source"], frozenset(), moment, moment, ())
        found[gpu] = replace(
            known,
            source=row["source"] if moment >= known.last else known.source,
            modes=known.modes | {_mode(row["result"], host)},
            first=min(known.first, moment),
            last=max(known.last, moment),
        )
    return [replace(known, metrics=tuple(sorted(metrics[gpu] - {"row"}))) for gpu, known in sorted(found.items())]


def _mode(result: str, host: str) -> Mode:
    if result.endswith("imports"):
        return "import"
    return "demo" if host.startswith(DEMO_HOST_PREFIX) else "live"


def reading_of(row: Answer) -> Row:
    """Of a pivoted answer: a column that is empty is a metric that this reading lacks."""
    metrics = {name: float(value) for name, value in row.items() if value and name not in _NO_METRIC}
    return Row(parse_time(row["_time"]), row["host"], row["source"], int(row.get("row") or 0), metrics)


def window_rows(answers: Iterable[Answer]) -> list[WindowRow]:
    """Oldest first; four fields make one row."""
    found: dict[tuple[int, str], dict[str, float]] = {}
    for row in answers:
        suffix = row["_field"].rpartition("_")[2]
        if suffix in _AGGREGATE_OF:
            key = parse_time(row["_time"]), metric_of_window_field(row["_field"])
            found.setdefault(key, {})[_AGGREGATE_OF[suffix]] = float(row["_value"])
    return [
        WindowRow(start, metric, each["average"], each["low"], each["high"], int(each["readings"]))
        for (start, metric), each in sorted(found.items())
        if len(each) == len(_AGGREGATE_OF)
    ]


def anomaly_of(row: Answer) -> Anomaly:
    """Tags and fields of one point."""

    def number(name: str) -> float | None:
        return float(row[name]) if row.get(name) else None

    return Anomaly.model_validate(
        {
            "gpu": row["gpu"],
            "host": row["host"],
            "source": row["source"],
            "mode": row["mode"],
            "id": row["id"],
            "metric": row.get("metric", ""),
            "kind": row["kind"],
            "severity": row["severity"],
            "value": number("value"),
            "limit": number("limit"),
            "score": number("score"),
            "start": row["_time"],
            "end": row.get("end") or None,
            "sentence": row["sentence"],
        }
    )
