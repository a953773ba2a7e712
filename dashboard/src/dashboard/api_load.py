"""HTTP load on the API: so many clients, each of which asks what a page would ask, once a second."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import requests

from telemetry.durations import Durations

PACE: Final = 1.0
"""Seconds from one request of a client to its next: as often as a page that is looked at."""
PATHS: Final = ("/nodes", "/gpus", "/metrics/latest", "/alerts/now", "/fleet/health", "/pipeline")
OF_A_GPU: Final = ("/gpus/{gpu}/metrics", "/gpus/{gpu}/sparkline/gpu_temperature")
TOO_MANY: Final = 429
_PATIENCE_SECONDS = 30.0


class Told(NamedTuple):
    """What came of all requests until now."""

    asked: int
    answered: int
    """As they should be."""
    turned_away: int
    """HTTP 429: more than CONSOLE_RATE_PER_MINUTE allows."""
    failed: int
    """Any other answer, and none at all."""
    durations: Durations
    """Of those that were answered."""
    of_path: dict[str, Durations]

    def __str__(self) -> str:
        words = f"asked {self.asked:,}, answered {self.answered:,}"
        if self.turned_away:
            words += f", turned away {self.turned_away:,} (CONSOLE_RATE_PER_MINUTE)"
        return f"{words}, failed {self.failed:,}, {self.durations.words()}"


class ApiLoad:
    """``start``, then look at ``told`` as often as one likes, then ``stop``."""

    def __init__(self, url: str, token: str, clients: int, pace: float = PACE) -> None:
        """``url``: such as ``http://127.0.0.1:8000``."""
        self._api = f"{url.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._pace = pace
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._durations = Durations()
        self._of_path: dict[str, Durations] = {}
        self._threads = [
            threading.Thread(target=self._client, args=(number / clients, number), name=f"client-{number}", daemon=True)
            for number in range(clients)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=2 * _PATIENCE_SECONDS)

    def told(self) -> Told:
        with self._lock:
            counts = self._counts
            return Told(
                counts.total(), counts["answered"], counts["turned away"], counts["failed"], self._durations,
                dict(self._of_path),
            )  # fmt: skip

    def _client(self, offset: float, number: int) -> None:
        with requests.Session() as http:
            http.trust_env = False  # a proxy has no business between us and our own console
            http.headers.update(self._headers)
            paths = [*((path, path) for path in PATHS), *self._of_a_gpu(http)]
            due = time.monotonic() + offset * self._pace
            while not self._over.wait(max(0.0, due - time.monotonic())):
                path, template = paths[number % len(paths)]
                self._ask(http, path, template)
                number += 1
                # One that was late does not make up for it: people do not, either.
                due = max(due + self._pace, time.monotonic())

    def _of_a_gpu(self, http: requests.Session) -> Sequence[tuple[str, str]]:
        """Those of the first GPU that there is."""
        try:
            gpus = http.get(f"{self._api}/gpus", timeout=_PATIENCE_SECONDS).json()
            return [(path.format(gpu=gpus[0]["gpu"]), path) for path in OF_A_GPU]
        except (requests.RequestException, LookupError, TypeError, ValueError):
            return ()

    def _ask(self, http: requests.Session, path: str, template: str) -> None:
        began = time.perf_counter()
        try:
            status = http.get(f"{self._api}{path}", timeout=_PATIENCE_SECONDS).status_code
        except requests.RequestException:
            status = 0
        seconds = time.perf_counter() - began
        with self._lock:
            if status == requests.codes.ok:
                self._counts["answered"] += 1
                self._durations.add(seconds)
                self._of_path.setdefault(template, Durations()).add(seconds)
            else:
                self._counts["turned away" if status == TOO_MANY else "failed"] += 1
