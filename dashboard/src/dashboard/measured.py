"""How long the API takes, by endpoint: a histogram for Prometheus. Plain ASGI, so that streams stay streams."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = "/api/"
_NEVER_ENDS = "/stream"
"""An event stream is open for as long as somebody looks."""
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)


class Requests:
    """What was measured, for the page ``/metrics``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "gpustream_api_request_duration_seconds",
            "How long the API took for an answer, whole.",
            labelnames=("endpoint", "method", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def took(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        self._seconds.labels(endpoint, method, f"{status // 100}xx").observe(seconds)


class Measured:
    """Around the application. An endpoint is its route, ``/gpus/{gpu}/metrics``: as many series as there are routes."""

    def __init__(self, app: ASGIApp, requests: Requests, now: Callable[[], float] = perf_counter) -> None:
        self._app = app
        self._requests = requests
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_API) or scope["path"].endswith(_NEVER_ENDS):
            await self._app(scope, receive, send)
            return
        began, status = self._now(), 500
        # The applications within write into it which route they took; whoever is outside must not see that.
        inner = dict(scope)

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(inner, receive, send_noted)
        finally:
            route = getattr(inner.get("route"), "path", "")
            # Not what was asked for: whoever guesses paths would make a series with each of them.
            endpoint = route if route and not route.startswith(_API) else "none"
            method = scope["method"] if scope["method"] in {"GET", "POST", "DELETE", "PUT", "PATCH"} else "other"
            self._requests.took(endpoint, method, status, self._now() - began)
