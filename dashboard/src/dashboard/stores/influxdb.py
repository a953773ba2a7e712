"""InfluxDB: the newest reading of each mode, asked in Flux."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import requests

from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import DEMO_HOST_PREFIX, Mode
from telemetry.settings import Settings
from telemetry.timestamp import parse_time

LIVE_BUCKET, IMPORT_BUCKET = "gpu-metrics", "gpu-imports"

# One row per series (GPU): `last` of one field is answered from the index and the newest blocks.
_LAST = """from(bucket: "{bucket}") |> range(start: {start})
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "row")
  |> last() |> keep(columns: ["_time", "host"])"""


class InfluxDBReadings:
    """The buckets of readings."""

    name = "InfluxDB"

    def __init__(self, settings: Settings, timeout: float = 5.0) -> None:
        self._settings = settings
        self._timeout = timeout

    def newest(self) -> dict[Mode, int]:
        newest: dict[Mode, int] = {}
        days = self._settings.influxdb_retention_days
        for time, host in self._last(LIVE_BUCKET, f"-{days}d"):
            mode: Mode = "demo" if host.startswith(DEMO_HOST_PREFIX) else "live"
            newest[mode] = max(time, newest.get(mode, time))
        for time, _ in self._last(IMPORT_BUCKET, "1970-01-01T00:00:00Z"):
            newest["import"] = max(time, newest.get("import", time))
        return newest

    def _last(self, bucket: str, start: str) -> Iterator[tuple[int, str]]:
        url = self._settings.influxdb_url
        try:
            answer = requests.post(
                f"{url}/api/v2/query",
                params={"org": self._settings.influxdb_org},
                data=_LAST.format(bucket=bucket, start=start),
                headers={
                    "Authorization": f"Token {self._settings.influxdb_secret}",
                    "Content-Type": "application/vnd.flux",
                    "Accept": "application/csv",
                },
                timeout=self._timeout,
            )
        except requests.RequestException as error:
            raise Unavailable(f"InfluxDB at {url} does not answer ({type(error).__name__})") from error
        if answer.status_code == 401:
            raise Misconfigured(str(self._settings.influxdb_token_file), "a token that InfluxDB refuses", "its own")
        if answer.status_code != 200:
            raise Unavailable(f"InfluxDB at {url}: HTTP {answer.status_code}: {answer.text[:150]}")
        yield from _rows(answer.text)


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """(time, host) of Flux's CSV: tables one after the other, each with its own header after an empty line."""
    for table in text.replace("\r\n", "\n").split("\n\n"):
        for row in csv.DictReader(table.strip().splitlines()):
            yield parse_time(row["_time"]), row["host"]
