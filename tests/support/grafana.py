"""An InfluxDB that is filled as the product fills it, and asked as Grafana asks it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

import requests

from kafka_consumers.sinks import points
from support import health_points
from support.engines import InfluxDB
from telemetry.timestamp import SECOND, format_time, parse_time

BEGIN = parse_time("2026-11-01T00:00:00Z")
LINES = 5000
"""A request: what the product writes at once, too."""


def fill(influxdb: InfluxDB, messages: Iterable[tuple[str, bytes]], now: int = BEGIN + 86_400 * SECOND) -> None:
    """Writes what the product's own encoders make of ``messages`` (topic, message)."""
    headers = {"Authorization": f"Token {influxdb.token}"}
    organisations = requests.get(f"{influxdb.url}/api/v2/orgs", headers=headers, timeout=30).json()["orgs"]
    for bucket in points.BUCKETS:
        body = {"orgID": organisations[0]["id"], "name": bucket, "retentionRules": []}
        assert requests.post(f"{influxdb.url}/api/v2/buckets", headers=headers, json=body, timeout=30).ok
    encoders = health_points.OF_TOPIC | points.OF_TOPIC
    lines: dict[str, list[bytes]] = {}
    for topic, message in messages:
        point = encoders[topic](message, now)
        lines.setdefault(point.bucket, []).append(point.line)
    for bucket, batch in lines.items():
        parameters = {"org": influxdb.org, "bucket": bucket, "precision": "us"}
        for first in range(0, len(batch), LINES):
            answer = requests.post(
                f"{influxdb.url}/api/v2/write", params=parameters, headers=headers,
                data=b"\n".join(batch[first : first + LINES]), timeout=60,
            )  # fmt: skip
            assert answer.status_code == 204, answer.text


def in_range(flux: str, start: int, stop: int) -> str:
    """With v.timeRange* filled in; seconds from BEGIN."""
    flux = flux.replace("v.timeRangeStart", format_time(BEGIN + start * SECOND))
    return flux.replace("v.timeRangeStop", format_time(BEGIN + stop * SECOND))


def tables_of(influxdb: InfluxDB, flux: str) -> list[list[dict[str, str]]]:
    answer = requests.post(
        f"{influxdb.url}/api/v2/query",
        params={"org": influxdb.org},
        headers={
            "Authorization": f"Token {influxdb.token}",
            "Content-Type": "application/vnd.flux",
            "Accept": "application/csv",
        },
        data=flux.encode(),
        timeout=60,
    )
    assert answer.status_code == 200, f"{answer.text}\n{flux}"
    tables: dict[tuple[int, str], list[dict[str, str]]] = {}
    for number, block in enumerate(answer.text.replace("\r\n", "\n").strip("\n").split("\n\n")):
        for row in csv.DictReader(block.splitlines()):
            assert not row.get("error"), f"{row}\n{flux}"
            tables.setdefault((number, row.pop("table")), []).append(
                {name: value for name, value in row.items() if name not in {"", "result"}}
            )
    return list(tables.values())


def series_of(table: list[dict[str, str]]) -> tuple[str, dict[str, str], list[tuple[int, Any]]]:
    labels = {name: value for name, value in table[0].items() if not name.startswith("_")}
    labels.pop("Order", None)
    rows = [((parse_time(row["_time"]) - BEGIN) // SECOND, value_of(row["_value"])) for row in table]
    return table[0]["_field"], labels, rows


def value_of(text: str) -> float | str | None:
    try:
        return round(float(text), 6) if text else None
    except ValueError:
        return text
