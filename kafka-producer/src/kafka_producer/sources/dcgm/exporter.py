"""One dcgm-exporter: fetches its page and makes readings of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import requests
from urllib3 import exceptions as below

from kafka_producer.sources.dcgm.page import Page, Part, parse
from kafka_producer.sources.judge import judge
from telemetry.catalogue import Catalogue
from telemetry.errors import Rejected, Unavailable
from telemetry.reading import Reading, gpu_name, mode_of
from telemetry.timestamp import MILLISECOND, SECOND

SOURCE = "dcgm"
LARGEST = 64 * 1024 * 1024
"""Bytes; a page of 16 GPUs with all fields has 0.3 million."""
_CHUNK = 64 * 1024


class Exporter:
    """A target. One connection, which is opened anew when it broke."""

    def __init__(self, url: str, timeout: int, catalogue: Catalogue) -> None:
        """``timeout``: microseconds that a page may take, from the question to its last byte."""
        self.name = url
        self.page: Page | None = None
        """The last one that was read."""
        self.misnamed: set[str] = set()
        """GPUs whose host or index cannot be in the name of a GPU."""
        self._timeout = timeout / SECOND
        self._catalogue = catalogue
        self._session = requests.Session()
        self._last = 0

    def __str__(self) -> str:
        return f"target={self.name}"

    def poll(self, now: int) -> Sequence[Reading]:
        """As the contract LiveTarget says. Raises Unavailable where there is no page, or no GPU on it."""
        try:
            page = self.page = parse(self._fetched())
        except Unavailable as error:
            raise Unavailable(f"{self} does not answer: {error}") from error
        # To the millisecond, because that is the row; a clock that was put back must not give a time twice.
        row = self._last = max(now // MILLISECOND, self._last + 1)
        readings = [reading for part in page.parts if (reading := self._reading(part, row, now)) is not None]
        if not readings:
            raise Unavailable(f"{self} does not answer: no GPU is on its page")
        return readings

    def close(self) -> None:
        self._session.close()

    def _reading(self, part: Part, row: int, now: int) -> Reading | None:
        host = part.host or urlsplit(self.name).hostname or ""
        try:
            gpu = gpu_name(host, part.number)
        except Rejected:
            self.misnamed.add(f"{host}:{part.number}"[:80])
            return None
        metrics = dict(part.metrics)
        flags = judge(metrics, self._catalogue)
        return Reading(
            origin=f"{SOURCE}:{gpu}",
            row=row,
            mode=mode_of(host, now, now),
            time=row * MILLISECOND,
            recorded=None,
            gpu=gpu,
            host=host,
            source=SOURCE,
            model=part.model,
            metrics=metrics,
            flags=flags,
        )

    def _fetched(self) -> str:
        """The page's text. A server that sends a byte now and then would never be late for requests itself."""
        end = time.monotonic() + self._timeout
        try:
            with self._session.get(self.name, timeout=self._timeout, stream=True) as answer:
                if answer.status_code != 200:
                    raise Unavailable(f"HTTP status {answer.status_code}")
                text = bytearray()
                # What there is, not a chunk when it is full: that may be never.
                while chunk := answer.raw.read1(_CHUNK, decode_content=True):
                    text += chunk
                    if len(text) > LARGEST:
                        raise Unavailable(f"its page has more than {LARGEST // 1024**2} MiB")
                    if time.monotonic() > end:
                        raise Unavailable(f"its page is not whole after {self._timeout:g} s")
                return text.decode("utf-8", "replace")
        except (requests.RequestException, below.HTTPError) as error:
            raise Unavailable(_words(error)) from error


def _words(error: Exception) -> str:
    """One line that a person understands."""
    if isinstance(error, requests.Timeout | below.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection" if "refused" not in str(error) else "connection refused"
    return " ".join(str(error).split())[:120]
