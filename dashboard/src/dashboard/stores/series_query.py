"""How a series is asked for: how fine, of which bucket, and the Flux of it. Names are checked before they come here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.stores.flux import instant
from dashboard.stores.history import Span
from telemetry.timestamp import SECOND

READING_BUCKETS: Final = ("gpu-metrics", "gpu-imports")
HISTORY_BUCKET: Final = "gpu-history"
WINDOWS_FROM: Final = 600 * SECOND
"""Steps of this length and more come from windows: readings of weeks would take the server seconds."""
AGGREGATES: Final = {"low": "min", "average": "mean", "high": "max"}
"""Of SeriesPoint -> Flux's function."""
_WINDOW_FIELDS: Final = {"low": "min", "average": "avg", "high": "max"}


def step_of(span: Span, limit: int, wanted: int | None) -> int:
    """Microseconds, whole seconds where it is a second or more; 0: ask for every reading first."""
    # Steps begin at whole multiples, so that one more than the span holds may be cut by its ends.
    needed = -(-(span.end - span.begin) // max(1, limit - 1))
    if wanted is None and needed <= SECOND:
        return 0
    step = max(needed, wanted or 0)
    return -(-step // SECOND) * SECOND if step > SECOND else step


def every_reading(gpu: str, metrics: Sequence[str], span: Span, limit: int) -> str:
    """Up to ``limit`` of each metric and bucket."""
    return "\n".join(
        f"{_data(bucket, 'gpu_metrics', gpu, metrics, span)}"
        f' |> keep(columns: ["_time", "_field", "_value"]) |> limit(n: {limit}) |> yield(name: "{bucket}")'
        for bucket in READING_BUCKETS
    )


def steps_of_readings(gpu: str, metrics: Sequence[str], span: Span, step: int) -> str:
    """Three aggregates of each bucket. Each is a chain of its own, or the storage engine would not do the work."""
    return "\n".join(
        f'{_data(bucket, "gpu_metrics", gpu, metrics, span)}{_window(step, function)} |> yield(name: "{name}-{bucket}")'
        for bucket in READING_BUCKETS
        for name, function in AGGREGATES.items()
    )


def steps_of_windows(gpu: str, metrics: Sequence[str], span: Span, step: int) -> str:
    """Likewise of the windows."""
    return "\n".join(
        f"{_data(HISTORY_BUCKET, 'gpu_windows', gpu, [f'{metric}_{suffix}' for metric in metrics], span)}"
        f'{_window(step, AGGREGATES[name])} |> yield(name: "{name}")'
        for name, suffix in _WINDOW_FIELDS.items()
    )


def metric_of_window_field(field: str) -> str:
    """``gpu_load`` of ``gpu_load_avg``."""
    return field.rpartition("_")[0]


def _window(step: int, function: str) -> str:
    # Bit masks are integers to nobody but us: all fields are floats.
    return (
        f' |> aggregateWindow(every: {step}us, fn: {function}, createEmpty: false, timeSrc: "_start")'
        ' |> keep(columns: ["_time", "_field", "_value"])'
    )


def _data(bucket: str, measurement: str, gpu: str, fields: Sequence[str], span: Span) -> str:
    wanted = " or ".join(f'r._field == "{field}"' for field in fields)
    return (
        f'from(bucket: "{bucket}") |> range(start: {instant(span.begin)}, stop: {instant(span.end)})'
        f' |> filter(fn: (r) => r._measurement == "{measurement}" and r.gpu == "{gpu}")'
        f" |> filter(fn: (r) => {wanted})"
    )
