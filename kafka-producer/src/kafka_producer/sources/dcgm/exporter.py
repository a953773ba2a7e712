"""One dcgm-exporter: fetches its page and makes readings of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import requests
from urllib3 import exceptions as below

from kafka_producer.sources.dcgm.page import NOTHING, Page, Part, parse
from kafka_producer.sources.judge import judge
from telemetry.catalogue import Catalogue
from telemetry.errors import Misconfigured, Rejected, Unavailable
from telemetry.reading import NO_LABELS, Reading, gpu_name, mode_of
from telemetry.timestamp import MILLISECOND, SECOND

log = logging.getLogger(__name__)
SOURCE = "dcgm"
LARGEST = 64 * 1024 * 1024
"""Bytes; a page of 16 GPUs with all fields has 0.3 million."""
_CHUNK = 64 * 1024


class Exporter:
    """A target."""

    def __init__(
        self,
        url: str,
        timeout: int,
        catalogue: Catalogue,
        owners: dict[str, str],
        labels: Mapping[str, str] = NO_LABELS,
    ) -> None:
        """``timeout``: microseconds that a page may take. ``owners``: GPU -> the page that showed it first, of all
        exporters together. ``labels``: of every reading, beside those of the jobs that the page names. Raises
        Misconfigured where no machine can have that address."""
        self.name = url
        self.page: Page | None = None
        """The last one that was read."""
        self.left_out: dict[str, str] = {}
        """GPU -> why there are no readings of it."""
        self._timeout = timeout / SECOND
        self._catalogue = catalogue
        self._owners = owners
        self._labels = labels
        self._address = urlsplit(url)
        self._session = requests.Session()
        # dcgm-exporter hangs up after 10 s, which is when the next question comes.
        self._session.headers["Connection"] = "close"
        # Passwords, certificates and proxies of the environment are looked up once: half of what a question takes.
        try:
            self._question = self._session.prepare_request(requests.Request("GET", url))
        except requests.exceptions.InvalidURL as error:
            page = str(self).removeprefix("target=")
            expected = "the name of a machine that a network can have"
            raise Misconfigured("config/sources.yaml: collect.targets", repr(page), expected) from error
        self._ways = self._session.merge_environment_settings(url, {}, True, None, None)
        self._last = 0
        self._there: set[str] = set()

    def __str__(self) -> str:
        # Without what may be a password or a token.
        return f"target={self._address.scheme}://{self._address.netloc.rpartition('@')[2]}{self._address.path}"

    def poll(self, now: int) -> Sequence[Reading]:
        """As the contract LiveTarget says. Raises Unavailable where there is no page, or no GPU on it."""
        try:
            text = self._fetched()
            page = self.page = parse(text, self.page.labels if self.page is not None else NOTHING)
        except Unavailable as error:
            raise Unavailable(f"{self} does not answer: {error}") from error
        # To the millisecond, because that is the row; a clock that was put back must not give a time twice.
        row = self._last = max(now // MILLISECOND, self._last + 1)
        readings = [reading for part in page.parts if (reading := self._reading(part, row, now)) is not None]
        if not readings and page.parts:
            reasons = "; ".join(f"{gpu}: {why}" for gpu, why in sorted(self.left_out.items())[:3])
            raise Unavailable(f"{self} has no GPU that can be read: {reasons}")
        if not readings:
            raise Unavailable(f"{self} does not answer: no GPU is on its page")
        self._say_changes({reading.gpu for reading in readings})
        return readings

    def _say_changes(self, there: set[str]) -> None:
        for gpu in sorted(self._there - there):
            log.warning("gpu=%s is no longer on the page of %s; the others go on", gpu, self)
        for gpu in sorted(there - self._there) if self._there else ():
            log.info("gpu=%s is on the page of %s now", gpu, self)
        self._there = there

    def close(self) -> None:
        self._session.close()

    def _reading(self, part: Part, row: int, now: int) -> Reading | None:
        # The colons of an IPv6 address cannot be in the name of a GPU.
        host = part.host or (self._address.hostname or "").replace(":", "-")
        try:
            gpu = gpu_name(host, part.number)
        except Rejected:
            self.left_out[f"{host}:{part.number}"[:80]] = "no name of a GPU (letters, digits, . _ -)"
            return None
        # Two pages of one card would give it two values at one time.
        if (owner := self._owners.setdefault(gpu, self.name)) != self.name:
            self.left_out[gpu] = f"{urlsplit(owner).netloc.rpartition('@')[2]} shows it, too"
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
            labels=self._labels if not part.labels else {**self._labels, **part.labels},
        )

    def _fetched(self) -> str:
        """The page's text. A server that sends a byte now and then would never be late for requests itself."""
        end = time.monotonic() + self._timeout
        try:
            with self._session.send(
                self._question, timeout=self._timeout, allow_redirects=False, **self._ways
            ) as answer:
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
    return type(error).__name__  # its text may hold the whole address
