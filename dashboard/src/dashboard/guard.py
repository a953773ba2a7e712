"""What stands before every request: security headers, a limit of size, a limit of rate. Plain ASGI, so that streams
stay streams."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access import Access
from dashboard.problems import response

MOST_BODY = 64 * 1024
"""Bytes of a request, but for uploads: the largest thing that anybody has to say is a comment."""
MOST_CALLERS = 10_000
"""Whose rates are remembered."""
_API = "/api/"
_UPLOADS = "/api/v1/uploads"
_FOR_ALL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_FOR_API = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
# The pages' framework builds its pages from scripts in them; all of it comes from here, and nothing may go elsewhere.
_FOR_PAGES = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )
}


class Rate:
    """A bucket per caller: ``per_minute`` on average, as many at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """0 where it may go on, else the seconds until it may."""
        now = self._clock()
        left, since = self._callers.pop(caller, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - since) * self._per_minute / 60)
        allowed = left >= 1
        self._callers[caller] = (left - 1 if allowed else left, now)
        if len(self._callers) > MOST_CALLERS:
            self._callers.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self._per_minute


class Guard:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, rate: Rate, access: Access) -> None:
        self._app = app
        self._rate = rate
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        is_api = path.startswith(_API)
        headers = _FOR_ALL | (_FOR_API if is_api else _FOR_PAGES)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in headers.items():
                    present.setdefault(name, value)
            await send(message)

        if is_api:
            refusal = self._refusal(scope, path)
            if refusal is not None:
                await refusal(scope, receive, send_guarded)
                return
        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, path: str) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if wait := self._rate.wait(self._caller(scope, headers)):
            detail = "too many requests: see Retry-After"
            return response(429, detail, {"Retry-After": str(int(wait) + 1)})
        if path.startswith(_UPLOADS):
            return None
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > MOST_BODY:
            return response(413, f"a request holds at most {MOST_BODY} bytes, with a Content-Length")
        return None

    def _caller(self, scope: Scope, headers: Headers) -> str:
        """By the token where it is one, so that people behind one proxy do not stand in each other's way; else by
        address: whoever guesses tokens has no new rate with each of them."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        person = self._access.of_token(token) if scheme.lower() == "bearer" else None
        if person is not None:
            return f"token {person.name}"
        client = scope.get("client")
        return f"address {client[0] if client else ''}"
