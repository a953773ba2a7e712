"""Logs made up for tests, and what comes out of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.log import Pass, RejectedLine, SensorLog, Tally
from telemetry import catalogue
from telemetry.reading import Reading
from telemetry.timestamp import parse_time

REPOSITORY = Path(__file__).parents[2]
CATALOGUE = catalogue.load(REPOSITORY / "config" / "metrics.yaml")
NOW = parse_time("2026-11-23T12:00:00Z")


@dataclass(frozen=True)
class Walked:
    readings: list[Reading]
    rejected: list[RejectedLine]
    tally: Tally

    @property
    def reasons(self) -> list[str]:
        return [line.error.reason for line in self.rejected]


def header(*columns: str) -> str:
    return "        Date        , " + " , ".join(columns) + " ,\r\n"


def row(second: int, *cells: object) -> str:
    """A row of ``second`` seconds after ten o'clock."""
    stamp = datetime(2023, 6, 16, 10) + timedelta(seconds=second)
    return f"{stamp} ," + "".join(f"{cell:>12}   ," for cell in cells) + "\r\n"


def file_of(content: str | bytes, zone: str = "UTC", configured: str | None = None) -> LogFile:
    raw = content.encode("latin-1") if isinstance(content, str) else content
    return LogFile("made.txt", lambda: io.BytesIO(raw), CATALOGUE, ZoneInfo(zone), configured)


def walk(content: str | bytes, zone: str = "UTC", configured: str | None = None) -> Walked:
    rejected: list[RejectedLine] = []
    run = Pass("f/0", "desk:0", "import", None, NOW)
    source = SensorLog(file_of(content, zone, configured), run, rejected.append)
    return Walked(list(source.readings()), rejected, source.tally)


def metrics_of(content: str | bytes) -> Sequence[dict[str, float]]:
    return [dict(reading.metrics) for reading in walk(content).readings]
