"""A month of three GPUs up to now, a demonstration and an imported log, as the topics of the product carry it.

The readings are a replay of logs by the real producer; what Spark makes of them is made here, from the same readings.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from support.health_cases import a_decision, a_risk, a_score, an_event
from support.identities import dry_run
from support.platform import PRODUCER, ROOT, SAMPLES
from telemetry import topics
from telemetry.messages import Aggregate, AlertChange, Anomaly, PipelineReport, ReportRow, Window
from telemetry.timestamp import SECOND, format_time, parse_time

HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
DAYS = 30
EVERY_NTH_WINDOW = 5
"""Of days before yesterday: a line a month long has 720 points, and 86,400 windows took long to write."""
IMPORTED = "local:0"
LIVE = ("desk-01:0", "desk-01:1", "rack-07:0")
DEMO = "demo-01:0"


class Card(NamedTuple):
    """A GPU, and the log of its last day."""

    gpu: str
    card: str
    seed: int
    interval: int = 5


CARDS = (
    Card(LIVE[0], "rtx-4090", 3),
    Card(LIVE[1], "rtx-3080", 4),
    Card(LIVE[2], "rx-6800", 5),
    Card(DEMO, "rtx-3080", 1),
)


def messages(folder: Path, now: int) -> Iterator[tuple[str, bytes]]:
    """(topic, message)."""
    for each in CARDS:
        log = folder / f"{each.gpu.replace(':', '-')}.txt"
        options = ["--scenario", "day", "--card", each.card, "--seed", str(each.seed)]
        options += ["--duration", "24h", "--interval", str(each.interval), "--out", str(log)]
        subprocess.run([str(PRODUCER), "simulate", "gpuz", *options], check=True)
        readings = dry_run(PRODUCER, [log], "--time", "now", "--gpu", each.gpu, cwd=ROOT)
        yield from _readings(readings)
        yield from _windows(readings, repeated=DAYS)
        yield from _findings(each.gpu, now)
        yield from _health(each.gpu, now)
    log = SAMPLES / "throttling-gtx-970.txt"
    imported = dry_run(PRODUCER, [log], "--time", "original", "--gpu", IMPORTED, cwd=ROOT)
    yield from _readings(imported)
    yield from _windows(imported)
    for number, gpu in enumerate((*LIVE, "all")):
        yield from _reports(gpu, number, now)
    yield from _pipeline(now)


def imported_span() -> tuple[int, int]:
    """Of the imported log, in milliseconds."""
    log = SAMPLES / "throttling-gtx-970.txt"
    times = [
        parse_time(str(each["time"]))
        for each in dry_run(PRODUCER, [log], "--time", "original", "--gpu", IMPORTED, cwd=ROOT)
    ]
    return min(times) // 1000 - 5000, max(times) // 1000 + 5000


def _readings(readings: Iterable[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for each in readings:
        yield topics.GPU_METRICS, json.dumps(each).encode()


def _windows(readings: Sequence[dict[str, Any]], repeated: int = 1) -> Iterator[tuple[str, bytes]]:
    bins: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for each in readings:
        start = parse_time(each["time"]) // (30 * SECOND) * 30 * SECOND
        for name, value in each["metrics"].items():
            bins[start][name].append(value)
    whose = {name: readings[0][name] for name in ("gpu", "host", "source", "mode")}
    for number, (start, metrics) in enumerate(sorted(bins.items())):
        made = {
            name: Aggregate(avg=fmean(found), min=min(found), max=max(found), count=len(found))
            for name, found in metrics.items()
        }
        count = max(len(found) for found in metrics.values())
        for day in range(repeated if number % EVERY_NTH_WINDOW == 0 else 1):
            begin, end = (format_time(start + extra - day * DAY) for extra in (0, 30 * SECOND))
            yield topics.GPU_WINDOWS, Window(**whose, start=begin, end=end, readings=count, metrics=made).encode()


def _findings(gpu: str, now: int) -> Iterator[tuple[str, bytes]]:
    """Anomalies and alerts: two in the last hour, some in the days before."""
    host = gpu.split(":")[0]
    mode = "demo" if gpu == DEMO else "live"
    for number, ago in enumerate((20 * 60 * SECOND, 45 * 60 * SECOND, 5 * HOUR, 2 * DAY, 9 * DAY, 21 * DAY)):
        severity = ("warning", "critical")[number % 2]
        anomaly = Anomaly(
            gpu=gpu, host=host, source="gpuz", mode=mode, id=f"{gpu}-{number}", metric="gpu_temperature",
            kind="hot_for_load", severity=severity, start=format_time(now - ago),
            end=format_time(now - ago + 4 * 60 * SECOND), value=84.0, limit=72.0, score=6.1,
            sentence=f"{gpu} is hotter than usual: 84 °C at full load, usual are 72 °C",
        )  # fmt: skip
        yield topics.GPU_ANOMALIES, anomaly.encode()
    for state, ago in (("pending", 31), ("firing", 30), ("resolved", 12)):
        change = AlertChange(
            gpu=gpu, host=host, source="gpuz", mode=mode, id=f"{gpu}-hot", rule="gpu_temperature_high", state=state,
            severity="critical", time=format_time(now - ago * 60 * SECOND), message=f"{gpu} is at 96 °C",
        )  # fmt: skip
        yield topics.GPU_ALERTS, change.encode()


def _health(gpu: str, now: int) -> Iterator[tuple[str, bytes]]:
    """Scores of the last day, each 10 minutes, that fall; of yesterday and of now what to do; an event."""
    whose = {"mode": "demo" if gpu == DEMO else "live"}
    for minute in range(0, 1440, 10):
        reasons = [("memory", -18.0, "3 uncorrectable row remaps this week")] if minute < 600 else []
        hot = [("thermals", -14.0, "9 °C hotter than its peers")] if minute < 120 and gpu == LIVE[0] else []
        yield topics.GPU_HEALTH, a_score(gpu, now - minute * 60 * SECOND, *reasons, *hot, **whose).encode()
    for ago in (DAY, HOUR // 2):
        action = "repair" if ago < DAY else "keep"
        yield topics.GPU_PREDICTIONS, a_risk(gpu, now - ago, 0.31 if ago < DAY else 0.04, **whose).encode()
        yield topics.GPU_DECISIONS, a_decision(gpu, now - ago, action, **whose).encode()
    yield topics.GPU_EVENTS, an_event(1, gpu, now - HOUR // 3, id=f"{gpu}-79", **whose).encode()


def _reports(gpu: str, number: int, now: int) -> Iterator[tuple[str, bytes]]:
    midnight = now // DAY * DAY
    for day in range(1, DAYS + 1):
        start = midnight - day * DAY
        busy = (day * 7 + number * 3) % 10

        def row(report: str, values: dict[str, float], metric: str | None = None, hour: int | None = None) -> ReportRow:
            time = None if hour is None else format_time(start + hour * HOUR)  # noqa: B023
            return ReportRow(
                report=report, date=format_time(start)[:10], day_start=format_time(start), time=time,  # noqa: B023
                gpu=gpu, host=gpu.split(":")[0], demo=False, metric=metric, values=values,
            )  # fmt: skip

        rows = [
            row(
                "daily_statistics",
                {
                    "energy_kwh": 1.5 + busy / 4,
                    "cost": 0.45 + busy / 13,
                    "readings": 86_400.0 - 90 * busy,
                    "throttled_minutes": 3.0 * busy,
                    "anomalies": busy % 3,
                },
            )
        ]
        for metric, usual in (("gpu_temperature", 61.0), ("gpu_load", 47.0), ("board_power_draw", 190.0)):
            numbers = {"avg": usual + busy, "min": usual / 2, "p95": usual * 1.3 + busy, "max": usual * 1.4 + busy}
            rows.append(row("daily_statistics", numbers, metric))
        for hour in range(24):
            load = 8.0 + (hour > 8) * 30 + (18 <= hour <= 22) * 45 + busy
            rows.append(row("hourly_patterns", {"hour": float(hour), "avg": load}, "gpu_load", hour))
            rows.append(row("hourly_patterns", {"hour": float(hour), "avg": 40 + load / 3}, "gpu_temperature", hour))
        if busy > 6:
            rows.append(row("temperature_spikes", {"peak": 80.0 + busy, "seconds": 40.0}, "gpu_temperature", 20))
        rows.append(row("trends", {"slope_30": 0.01 * (number + 1) + 0.001 * day}, "gpu_temperature"))
        rows.append(row("summary", {"missing": 90.0 * busy}))
        for each in rows:
            yield topics.GPU_REPORTS, each.encode()


def _pipeline(now: int) -> Iterator[tuple[str, bytes]]:
    """An hour of the processes: the stream was started anew half way; an import made a queue; three were bad."""
    for process, rate in (("watch", 4), ("influxdb-writer", 9), ("streaming", 4), ("alert-engine", 4)):
        for second in range(0, 3600, 10):
            again = process == "streaming" and second >= 1800
            age = second - 1800 if again else second
            queue = max(0, 6000 - abs(second - 1200) * 20) if process != "watch" else None
            gauges = {
                "influxdb-writer": {"influxdb_bytes": 4e7 + 1500 * second, "influxdb_query_seconds": second % 70 / 2e3},
                "streaming": {"lake_bytes": 2e8 + 9000 * second, "lake_files": 400.0 + second // 30},
            }.get(process, {})  # fmt: skip
            report = PipelineReport(
                process=process, instance="1", host="desk", started=format_time(now - HOUR), starts=1 + again,
                time=format_time(now - HOUR + second * SECOND), received=age * rate, sent=age * rate,
                rejected={"not_json": 3 if age > 900 else 0} if process == "influxdb-writer" else {}, lag=queue,
                latency_seconds=None if process == "watch" else 0.2 + second % 90 / 60,
                memory_bytes=80_000_000 + 10_000 * second, gauges=gauges,
            )  # fmt: skip
            yield topics.GPU_PIPELINE, report.encode()
