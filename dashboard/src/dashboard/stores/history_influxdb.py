"""InfluxDB's side of the history."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from dashboard.stores import series_query as query
from dashboard.stores.flux import Flux, instant
from dashboard.stores.history import MOST_POINTS, KnownGpu, Row, Series, SeriesPoint, Span, WindowRow
from dashboard.stores.history_rows import anomaly_of, known_gpus, reading_of, window_rows
from telemetry.catalogue import Catalogue
from telemetry.errors import Rejected
from telemetry.messages import Anomaly
from telemetry.reading import GPU_NAME, METRIC_NAME
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

PIECE = 20_000
"""Readings in one piece of an export: some 10 MB while it is on its way."""
MOST_METRICS = 200
"""In one question."""
_DAY = 86_400 * SECOND
_FRESH_SECONDS = 30.0
# InfluxDB keeps nanoseconds in 64 bits.
_FIRST, _LAST = parse_time("1678-01-01T00:00:00Z"), parse_time("2262-01-01T00:00:00Z")


class InfluxDBHistory:
    """Readings, windows and anomalies."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._flux = Flux(settings)
        self._retention = settings.influxdb_retention_days * _DAY
        self._masks = {metric.name for metric in catalogue if metric.bits}
        self._lock = threading.Lock()
        self._known: tuple[float, list[KnownGpu]] | None = None

    def gpus(self) -> list[KnownGpu]:
        # One question at a time: twenty pages that open at once ask once.
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > _FRESH_SECONDS:
                self._known = time.monotonic(), known_gpus(self._flux)
            return self._known[1]

    def series(
        self, gpu: str, metrics: Sequence[str], span: Span, *, step: int | None = None, limit: int = MOST_POINTS
    ) -> list[Series]:
        span = _checked(gpu, metrics, span)
        if step is not None and step <= 0:
            raise Rejected("bad_step", f"a step of more than 0 seconds, found {step / SECOND:g}")
        if not metrics:
            return []
        chosen = query.step_of(span, limit, step)
        if chosen == 0:
            found = self._every_reading(gpu, metrics, span, limit)
            if found is not None:
                return found
            chosen = max(1, -(-(span.end - span.begin) // max(1, limit - 1)))
        if chosen >= query.WINDOWS_FROM:
            found = self._steps("windows", query.steps_of_windows(gpu, metrics, span, chosen), metrics, chosen)
            if any(series.points for series in found):
                return found
        return self._steps("readings", query.steps_of_readings(gpu, metrics, span, chosen), metrics, chosen)

    def fields(self, gpu: str, span: Span) -> list[str]:
        span = _checked(gpu, (), span)
        script = "\n".join(
            f'{_of_gpu(bucket, gpu, span)} |> first() |> keep(columns: ["_field"]) |> yield(name: "{bucket}")'
            for bucket in query.READING_BUCKETS
        )
        return sorted({row["_field"] for row in self._flux.ask(script)} - {"row"})

    def readings(self, gpu: str, span: Span) -> Iterator[list[Row]]:
        span = _checked(gpu, (), span)
        for piece in self._pieces(gpu, span):
            script = "\n".join(
                f"{_of_gpu(bucket, gpu, piece)}"
                ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
                f' |> drop(columns: ["_start", "_stop", "_measurement", "gpu"]) |> yield(name: "{bucket}")'
                for bucket in query.READING_BUCKETS
            )
            rows = [reading_of(row) for row in self._flux.ask(script)]
            rows.sort(key=lambda row: row.time)
            if rows:
                yield rows

    def recent(self, gpu: str, limit: int = 100) -> list[Row]:
        known = next((each for each in self.gpus() if each.gpu == gpu), None)
        if known is None:
            _checked(gpu, (), Span(0, 1))
            return []
        # What was known of its end may be half a minute old; and the last rows of all time are nowhere in an index.
        end, width, found = known.last + 3600 * SECOND, limit * 2 * SECOND, list[Row]()
        while len(found) < limit and (not found or end - width > known.first):
            span = _checked(gpu, (), Span(max(known.last - width, known.first), end))
            found = [reading_of(row) for row in self._flux.ask(_newest_first(gpu, span, limit))]
            width *= 30
        found.sort(key=lambda row: -row.time)
        return found[:limit]

    def windows(self, gpu: str, span: Span, metrics: Sequence[str] = (), limit: int = 10_000) -> list[WindowRow]:
        span = _checked(gpu, metrics, span)
        wanted = " or ".join(f"r._field =~ /^{metric}_(avg|min|max|count)$/" for metric in metrics)
        some = f" |> filter(fn: (r) => {wanted})" if wanted else ' |> filter(fn: (r) => r._field != "readings")'
        script = (
            f"{_of_gpu(query.HISTORY_BUCKET, gpu, span, 'gpu_windows')}{some}"
            f' |> keep(columns: ["_time", "_field", "_value"]) |> limit(n: {limit})'
        )
        return window_rows(self._flux.ask(script))[:limit]

    def anomalies(self, span: Span, *, gpu: str | None = None, limit: int = 1000) -> list[Anomaly]:
        span = _checked(gpu, (), span)
        of = f' and r.gpu == "{gpu}"' if gpu else ""
        script = (
            f'from(bucket: "{query.HISTORY_BUCKET}")'
            f" |> range(start: {instant(span.begin)}, stop: {instant(span.end)})"
            f' |> filter(fn: (r) => r._measurement == "gpu_anomalies"{of})'
            ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
            f' |> group() |> sort(columns: ["_time"], desc: true) |> limit(n: {limit})'
        )
        return [anomaly_of(row) for row in self._flux.ask(script)]

    def _every_reading(self, gpu: str, metrics: Sequence[str], span: Span, limit: int) -> list[Series] | None:
        """None where there are more than ``limit``."""
        found: dict[str, list[SeriesPoint]] = {metric: [] for metric in metrics}
        for row in self._flux.ask(query.every_reading(gpu, metrics, span, limit + 1)):
            value = float(row["_value"])
            found[row["_field"]].append(SeriesPoint(parse_time(row["_time"]), value, value, value))
        if any(len(points) > limit for points in found.values()):
            return None
        return [Series(metric, 0, "readings", tuple(sorted(points))) for metric, points in found.items()]

    def _steps(self, source: str, script: str, metrics: Sequence[str], step: int) -> list[Series]:
        found: dict[str, dict[int, dict[str, float]]] = {metric: {} for metric in metrics}
        for row in self._flux.ask(script):
            name = row["result"].partition("-")[0]
            metric = query.metric_of_window_field(row["_field"]) if source == "windows" else row["_field"]
            at = found[metric].setdefault(parse_time(row["_time"]), {})
            value = float(row["_value"])
            # A step may have a live part and an imported one.
            at[name] = value if name not in at else _both(name, at[name], value)
        return [Series(metric, step, source, tuple(self._points(metric, at))) for metric, at in found.items()]

    def _points(self, metric: str, steps: dict[int, dict[str, float]]) -> Iterator[SeriesPoint]:
        for moment, each in sorted(steps.items()):
            if len(each) == len(query.AGGREGATES):
                average = each["high"] if metric in self._masks else each["average"]
                yield SeriesPoint(moment, each["low"], average, each["high"])

    def _pieces(self, gpu: str, span: Span) -> Iterator[Span]:
        """The days on which there is something, cut so that none holds much more than PIECE."""
        script = "\n".join(
            f"{_of_gpu(bucket, gpu, span)}"
            ' |> filter(fn: (r) => r._field == "row")'
            ' |> aggregateWindow(every: 1d, fn: count, createEmpty: false, timeSrc: "_start")'
            f' |> keep(columns: ["_time", "_value"]) |> yield(name: "{bucket}")'
            for bucket in query.READING_BUCKETS
        )
        days: dict[int, int] = {}
        for row in self._flux.ask(script):
            day = parse_time(row["_time"]) // _DAY * _DAY
            days[day] = days.get(day, 0) + int(row["_value"])
        for day, count in sorted(days.items()):
            width = _DAY // -(-count // PIECE)
            for begin in range(day, day + _DAY, width):
                piece = Span(max(begin, span.begin), min(begin + width, day + _DAY, span.end))
                if piece.begin < piece.end:
                    yield piece


def _newest_first(gpu: str, span: Span, limit: int) -> str:
    return "\n".join(
        f"{_of_gpu(bucket, gpu, span)}"
        ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        ' |> drop(columns: ["_start", "_stop", "_measurement", "gpu"])'
        f' |> sort(columns: ["_time"], desc: true) |> limit(n: {limit}) |> yield(name: "{bucket}")'
        for bucket in query.READING_BUCKETS
    )


def _both(name: str, one: float, other: float) -> float:
    if name == "low":
        return min(one, other)
    return max(one, other) if name == "high" else (one + other) / 2


def _of_gpu(bucket: str, gpu: str, span: Span, measurement: str = "gpu_metrics") -> str:
    return (
        f'from(bucket: "{bucket}") |> range(start: {instant(span.begin)}, stop: {instant(span.end)})'
        f' |> filter(fn: (r) => r._measurement == "{measurement}" and r.gpu == "{gpu}")'
    )


def _checked(gpu: str | None, metrics: Sequence[str], span: Span) -> Span:
    """The span as InfluxDB can have it. Names go into a program: only what cannot be anything else comes through."""
    if gpu is not None and GPU_NAME.fullmatch(gpu) is None:
        raise Rejected("bad_name", f"{gpu[:80]!r} is no GPU: expected host:index")
    if len(metrics) > MOST_METRICS:
        raise Rejected("bad_name", f"at most {MOST_METRICS} metrics at once, found {len(metrics)}")
    for metric in metrics:
        if METRIC_NAME.fullmatch(metric) is None:
            raise Rejected("bad_name", f"{metric[:80]!r} is no metric: expected {METRIC_NAME.pattern}")
    if span.begin >= span.end:
        raise Rejected("bad_span", "it must begin before it ends")
    clipped = Span(max(span.begin, _FIRST), min(span.end, _LAST))
    if clipped.begin >= clipped.end:
        raise Rejected("bad_span", "expected a span within the years 1678 to 2261")
    return clipped
