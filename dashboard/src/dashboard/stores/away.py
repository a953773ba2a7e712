"""What a store may raise, besides telemetry's Rejected (a bad argument) and Misconfigured."""

from __future__ import annotations

from telemetry.errors import GpustreamError, Unavailable


class Away(Unavailable):
    """A store does not answer now; the rest of the console goes on without it."""

    def __init__(self, store: str, why: str, retry_after: float = 5.0) -> None:
        super().__init__(f"{store}: {why}", retry_after)
        self.store = store
        """As people call it."""
        self.why = why


class Missing(GpustreamError):
    """There is no such thing: ``what`` in words, such as ``alert 'f00'``."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no {what}")
        self.what = what


class Refused(GpustreamError):
    """It is there, and is in no state for that; the message says why and what to do."""
