"""Rows of the report tables as the batch leaves them, made up: two real GPUs and one of the demonstration, many days.

`desk:0` is well. `desk:1` was beyond its limit, is getting hotter, and has holes in its data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from dashboard.stores.away import Missing
from dashboard.stores.reports import Document, ReportTable

Row = dict[str, Any]
LAST = date(2026, 11, 22)
DESK, WORN, DEMO = "desk:0", "desk:1", "demo-01:0"
METRICS = (
    "gpu_temperature",
    "hot_spot_temperature",
    "gpu_load",
    "board_power_draw",
    "fan1_speed_percent",
    "odd_sensor",
)
REPORTS = (
    "summary",
    "daily_statistics",
    "hourly_patterns",
    "temperature_spikes",
    "data_quality",
    "trends",
    "baselines",
    "correlations",
)


class MadeUp:
    """The reading side of the reports, of these rows: `Made up`'s days are those up to LAST but two."""

    def __init__(self, days: int = 35, gpus: Iterable[str] = (DESK, WORN, DEMO), missing: Iterable[date] = ()) -> None:
        gone = set(missing)
        self._days = [day for n in range(days) if (day := LAST - timedelta(days=n)) not in gone]
        self._gpus = tuple(gpus)

    def tables(self) -> list[ReportTable]:
        return [ReportTable(name, tuple(sorted(self._days))) for name in sorted(REPORTS)]

    def rows(self, name: str, day: date) -> list[Row]:
        if day not in self._days:
            raise Missing(f"report {name!r} of {day}")
        return [row for gpu in self._gpus for row in of(name, gpu, day)] + of_all(name, self._gpus, day)

    def parquet(self, name: str, day: date) -> bytes:
        raise Missing(f"report {name!r} of {day}")

    def documents(self) -> list[Document]:
        return []

    def document(self, name: str) -> bytes:
        raise Missing(f"document {name!r}")


def of(report: str, gpu: str, day: date) -> list[Row]:
    """The rows of one GPU."""
    host = gpu.split(":")[0]
    who = {"gpu": gpu, "host": host, "demo": host.startswith("demo-")}
    return [who | row for row in _made(report, gpu, day)]


@cache
def _made(report: str, gpu: str, day: date) -> list[Row]:
    return _MAKERS[report](gpu, day)


def of_all(report: str, gpus: Iterable[str], day: date) -> list[Row]:
    """The row `all` of the summary."""
    real = [gpu for gpu in gpus if not gpu.startswith("demo-")]
    if report != "summary" or not real:
        return []
    rows = [of("summary", gpu, day)[0] for gpu in real]
    summed = (
        "readings",
        "energy_kwh",
        "cost",
        "throttled_minutes",
        "anomalies",
        "missing",
        "flagged",
        "late",
        "spikes",
    )
    return [rows[0] | {"gpu": "all", "host": "all"} | {name: sum(row[name] for row in rows) for name in summed}]


def hours_of(gpu: str, day: date) -> list[int]:
    """Those in which the GPU sent readings."""
    return [hour for hour in range(24) if gpu != WORN or not 3 <= hour < 6]


def value(gpu: str, metric: str, day: date, hour: int) -> float:
    """The average of an hour."""
    number = sum(map(ord, gpu)) % 7
    load = 50 + 48 * math.sin((hour + number) / 3.1) * math.cos(day.toordinal() + hour)
    heat = 38 + 0.42 * load + (14 + 0.3 * (35 - (LAST - day).days) if gpu == WORN else number / 2)
    return {
        "gpu_load": load,
        "gpu_temperature": heat,
        "hot_spot_temperature": heat + 12.25,
        "board_power_draw": 60 + 2.4 * load,
        "fan1_speed_percent": 30 + load / 3,
        "odd_sensor": 1234.5678 + hour,
    }[metric]


def _hourly(gpu: str, day: date) -> list[Row]:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [
        {
            "metric": metric,
            "start": begin + timedelta(hours=hour),
            "hour": hour,
            "readings": 3600,
            "avg": (middle := value(gpu, metric, day, hour)),
            "min": max(0.0, middle - 3.3),
            "max": middle + 4.4 if metric != "gpu_load" else min(100.0, middle + 4.4),
        }
        for metric in METRICS
        for hour in hours_of(gpu, day)
    ]


def _daily(gpu: str, day: date) -> list[Row]:
    rows: list[Row] = []
    hourly = _made("hourly_patterns", gpu, day)
    for metric in METRICS:
        of_metric = [row for row in hourly if row["metric"] == metric]
        rows.append(
            {
                "metric": metric,
                "readings": sum(row["readings"] for row in of_metric),
                "avg": sum(row["avg"] for row in of_metric) / len(of_metric),
                "min": min(row["min"] for row in of_metric),
                "max": max(row["max"] for row in of_metric),
                "stddev": 7.125 + len(gpu),
                "p95": max(row["avg"] for row in of_metric),
                "energy_kwh": None,
                "cost": None,
                "minutes_by_throttle_reason": None,
                "throttled_minutes": None,
                "anomalies": 0,
            }
        )
    power = [value(gpu, "board_power_draw", day, hour) for hour in hours_of(gpu, day)]
    minutes = {"power limit": 61.5, "idle": 240.0, "operating voltage": 400.25}
    whole = {
        "metric": None,
        "readings": 3600 * len(power),
        "energy_kwh": sum(power) / 1000,
        "cost": 0.3 * sum(power) / 1000,
        "minutes_by_throttle_reason": minutes | ({"thermal limit": 34.25} if gpu == WORN else {}),
        "throttled_minutes": 95.75 if gpu == WORN else 61.5,
        "anomalies": 4 if gpu == WORN else 0,
    }
    return [*rows, dict.fromkeys(rows[0]) | whole]


def _spikes(gpu: str, day: date) -> list[Row]:
    if gpu != WORN:
        return []
    begin = datetime(day.year, day.month, day.day, 14, 3, 22, tzinfo=UTC)
    return [
        {
            "metric": "hot_spot_temperature" if n % 3 else "gpu_temperature",
            "start": begin + timedelta(minutes=7 * n),
            "end": begin + timedelta(minutes=7 * n, seconds=20 + 9 * n),
            "seconds": 20.0 + 9 * n,
            "readings": 20 + 9 * n,
            "peak": 96.5 + n / 10 if not n % 3 else 88.0 + n / 10,
            "threshold": 83.0 if not n % 3 else 79.5,
            "cause": "limit" if not n % 3 else "load",
        }
        for n in range(25)
    ]


def _quality(gpu: str, day: date) -> list[Row]:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    known = hours_of(gpu, day)
    return [
        {
            "start": begin + timedelta(hours=hour),
            "interval": 1.0,
            "readings": 3600 if hour in known else 0,
            "missing": 0 if hour in known else 3600,
            "late": 12 if gpu == WORN and hour == 7 else 0,
            "flagged": {"failed_read": 5, "false_zero": 2} if gpu == WORN and hour == 8 else {},
            "duplicated": None if hour == 0 else 0,
            "rejected": 3 if gpu == WORN and hour == 9 else 0,
        }
        for hour in range(24)
    ]


def _summary(gpu: str, day: date) -> list[Row]:
    daily = {row["metric"]: row for row in _made("daily_statistics", gpu, day)}
    quality = _made("data_quality", gpu, day)
    return [
        {
            "readings": daily[None]["readings"],
            "hours": len(hours_of(gpu, day)),
            "avg_load": daily["gpu_load"]["avg"],
            "avg_temperature": daily["gpu_temperature"]["avg"],
            "max_temperature": daily["gpu_temperature"]["max"],
            "energy_kwh": daily[None]["energy_kwh"],
            "cost": daily[None]["cost"],
            "throttled_minutes": daily[None]["throttled_minutes"],
            "spikes": len(_made("temperature_spikes", gpu, day)),
            "anomalies": daily[None]["anomalies"],
            "missing": sum(row["missing"] for row in quality),
            "flagged": sum(sum(row["flagged"].values()) for row in quality),
            "duplicated": None,
            "late": sum(row["late"] for row in quality),
            "rejected": sum(row["rejected"] for row in quality),
            "temperature_slope_7": 0.31 if gpu == WORN else -0.02,
        }
    ]


def _trends(gpu: str, day: date) -> list[Row]:
    return [
        {
            "metric": metric,
            "days_7": 7,
            "windows_7": 20000,
            "avg_7": 61.5,
            "slope_7": 0.3125 if gpu == WORN else -0.0213,
            "change_7": 4.25 if gpu == WORN and metric == "gpu_temperature" else 0.04,
            "days_30": 30,
            "windows_30": 80000,
            "avg_30": 60.5,
            "slope_30": 0.1,
            "change_30": None,
        }
        for metric in ("gpu_temperature", "hot_spot_temperature", "board_power_draw", "fan1_speed_percent")
    ]


def _baselines(gpu: str, day: date) -> list[Row]:
    loads = {"idle": 5.0, "light": 25.0, "medium": 55.0, "high": 80.0, "full": 95.0}
    rise = 12.0 if gpu == WORN else 2.0
    return [
        {"metric": "gpu_temperature", "band": band, "windows": 900, "median": 38 + 0.42 * load + rise, "mad": 1.25}
        for band, load in loads.items()
    ]


def _correlations(gpu: str, day: date) -> list[Row]:
    return [
        {
            "metric": metric,
            "readings": 86400,
            "with_gpu_load": None if metric == "gpu_load" else 0.9125,
            "with_gpu_temperature": None if metric == "gpu_temperature" else -0.4375,
            "with_board_power_draw": None,
        }
        for metric in METRICS
    ]


_MAKERS = {
    "summary": _summary,
    "daily_statistics": _daily,
    "hourly_patterns": _hourly,
    "temperature_spikes": _spikes,
    "data_quality": _quality,
    "trends": _trends,
    "baselines": _baselines,
    "correlations": _correlations,
}
