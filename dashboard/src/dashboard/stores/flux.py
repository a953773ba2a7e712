"""Asks InfluxDB in Flux and reads its CSV row by row, however long the answer is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from dashboard.stores.away import Away
from telemetry.errors import Misconfigured
from telemetry.settings import Settings
from telemetry.timestamp import format_time

STORE = "InfluxDB"
Answer = dict[str, str]
"""Column -> text; of a table that lacks a column it is absent."""


class Flux:
    """One InfluxDB. Threads may share it."""

    def __init__(self, settings: Settings, timeout: float = 30.0) -> None:
        self._settings = settings
        self._timeout = timeout
        self._session = requests.Session()
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=20))

    def ask(self, script: str) -> Iterator[Answer]:
        """The rows of all results, ``result`` among their columns. Raises Away; Misconfigured for a refused token."""
        try:
            with self._session.post(
                f"{self._settings.influxdb_url}/api/v2/query",
                params={"org": self._settings.influxdb_org},
                data=script.encode(),
                headers={
                    "Authorization": f"Token {self._token()}",
                    "Content-Type": "application/vnd.flux",
                    "Accept": "application/csv",
                },
                timeout=(3.0, self._timeout),
                stream=True,
            ) as answer:
                self._check(answer)
                answer.raw.decode_content = True
                yield from rows(io.TextIOWrapper(answer.raw, encoding="utf-8", newline=""))
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise Away(STORE, f"{self._settings.influxdb_url} does not answer ({type(error).__name__})") from error

    def _token(self) -> str:
        """The one that only reads, where onboarding has made it."""
        try:
            return self._settings.influxdb_read_token_file.read_text(encoding="utf-8").strip()
        except OSError:
            return self._settings.influxdb_secret

    def _check(self, answer: Any) -> None:
        if answer.status_code in (401, 403):
            raise Misconfigured("INFLUXDB_READ_TOKEN_FILE", f"HTTP {answer.status_code}", "a token that may read")
        if answer.status_code == 404:
            raise Away(STORE, "a bucket of gpustream is not there yet (./start.sh makes them)")
        if answer.status_code != 200:
            raise Away(STORE, f"HTTP {answer.status_code}: {answer.text[:200]}")


def rows(text: Any) -> Iterator[Answer]:
    """Flux's CSV: tables one after the other, each with its own header after an empty line."""
    header: list[str] | None = None
    for row in csv.reader(text):
        if not row:
            header = None
        elif header is None:
            header = row
        elif "error" in header and "reference" in header:
            # It failed after it had begun to answer: the status was 200 already.
            raise Away(STORE, dict(zip(header, row, strict=False))["error"][:200])
        else:
            yield dict(zip(header, row, strict=False))


def instant(microseconds: int) -> str:
    """As a Flux literal."""
    return format_time(microseconds)
