"""Writing to InfluxDB over HTTP: one connection that is kept, compressed bodies, and what each answer means."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import orjson
import urllib3

from telemetry.errors import Misconfigured, Unavailable

_RETRY_AFTER = 1.0
_LONGEST_RETRY_AFTER = 60.0
_CONNECT_SECONDS = 5.0
_WRITTEN = 204
_JUDGED = (400, 413, 422)
"""Answers about the lines themselves; every other failure is about the server, and passes."""


class Answer(NamedTuple):
    """What the server says to lines that it got."""

    status: int
    message: str = ""

    @property
    def written(self) -> bool:
        return self.status == _WRITTEN


class InfluxApi:
    """One server, one organisation, one token."""

    def __init__(self, url: str, org: str, token: str, timeout_seconds: float) -> None:
        """Raises Misconfigured where ``url`` or ``token`` cannot be one."""
        check_form(url, token)
        self._url = url.rstrip("/")
        self._org = org
        self._headers = {"Authorization": f"Token {token}"}
        self._pool = urllib3.PoolManager(
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, timeout_seconds), read=timeout_seconds),
        )

    def check(self, buckets: Sequence[str]) -> None:
        """Whether the token is known and ``buckets`` are there.

        Raises Misconfigured where the token or the organisation is wrong, Unavailable where nobody answers, or a bucket
        is still to be made.
        """
        for bucket in buckets:
            status, body = self._request("GET", "/api/v2/buckets", {"name": bucket})
            answer = Answer(status, _message(body))
            if status in (401, 403):
                raise Misconfigured(
                    "INFLUXDB_TOKEN or INFLUXDB_TOKEN_FILE",
                    f"a token that InfluxDB at {self._url} does not accept (HTTP {status}: {answer.message})",
                    "a token that may read and write the buckets; ./start.sh keeps it in .run/secrets/influxdb-token",
                )
            if status == 404 and "organization" in answer.message:
                raise Misconfigured("INFLUXDB_ORG", repr(self._org), f"an organisation of InfluxDB at {self._url}")
            if status not in (200, 404):
                raise self._unavailable(answer)
            if status == 404 or not _has_bucket(body, bucket):
                hint = "kafka-consumers influxdb-setup makes it"
                raise Unavailable(f"InfluxDB at {self._url} has no bucket {bucket} yet ({hint})", _RETRY_AFTER)

    def write(self, bucket: str, lines: Sequence[bytes]) -> Answer:
        """Only a ``written`` answer says that all lines are stored. Raises Unavailable."""
        # Level 1: 11 times smaller at 449,000 lines a second; level 6 gains half as much again at a third of the speed.
        body = gzip.compress(b"\n".join(lines), 1)
        status, text = self._request("POST", "/api/v2/write", {"bucket": bucket, "precision": "us"}, body)
        answer = Answer(status, _message(text) if text else "")
        if answer.written or answer.status in _JUDGED:
            return answer
        raise self._unavailable(answer, f", bucket {bucket}")

    def metrics(self) -> str:
        """What the server says of itself. Raises Unavailable."""
        status, body = self._request("GET", "/metrics", {})
        if status != 200:
            raise self._unavailable(Answer(status, _message(body)[:200]))
        return body.decode("utf-8", "replace")

    def close(self) -> None:
        self._pool.clear()

    def _unavailable(self, answer: Answer, where: str = "") -> Unavailable:
        return Unavailable(f"InfluxDB at {self._url}{where}: HTTP {answer.status}: {answer.message}", _RETRY_AFTER)

    def _request(self, method: str, path: str, query: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
        headers = self._headers
        if body is not None:
            headers = headers | {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
        url = f"{self._url}{path}?{urlencode({'org': self._org, **query})}"
        try:
            response = self._pool.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"InfluxDB at {self._url}: {_cause(error)}", _RETRY_AFTER) from error
        if response.status in (429, 503) and (after := _seconds(response.headers.get("Retry-After"))):
            raise Unavailable(f"InfluxDB at {self._url} asks to wait {after:.0f} s: {_message(response.data)}", after)
        return response.status, response.data


def check_form(url: str, token: str) -> None:
    """Raises Misconfigured where no request can be made of these, whatever server there is."""
    try:
        parts = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationValueError:
        parts = urllib3.util.Url()
    if parts.scheme not in ("http", "https") or not parts.host:
        raise Misconfigured("INFLUXDB_URL", repr(url), "an address such as http://127.0.0.1:8086")
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        # What it is, is not said: part of it may be a secret.
        raise Misconfigured(
            "INFLUXDB_TOKEN or INFLUXDB_TOKEN_FILE", f"{len(token)} characters", "one line of letters, digits and signs"
        )


def _has_bucket(body: bytes, bucket: str) -> bool:
    try:
        return any(each["name"] == bucket for each in orjson.loads(body)["buckets"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False


def _message(body: bytes) -> str:
    """The sentence inside InfluxDB's JSON, or the whole body where it is something else."""
    try:
        return str(orjson.loads(body)["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return body.decode("utf-8", "replace")[:4000]


def _seconds(header: str | None) -> float:
    return min(float(header), _LONGEST_RETRY_AFTER) if header and header.isdigit() else 0.0


def _cause(error: urllib3.exceptions.HTTPError) -> str:
    # urllib3's text of a refused connection begins with the object's address in memory.
    return f"{type(error).__name__}: {str(error).rpartition('>: ')[2]}"
