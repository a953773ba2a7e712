"""Errors, classed by what the caller should do.

GpustreamError
├── Rejected       this record is bad: keep it as a dead letter, go on
├── Unavailable    a server is away: pause, try again after ``retry_after`` seconds, lose nothing
└── Misconfigured  a setting is wrong: say which file, key and value, exit 2
"""

from __future__ import annotations


class GpustreamError(Exception):
    """The root of every error that gpustream raises on purpose."""


class Rejected(GpustreamError):
    """A record that cannot be used. ``reason`` is one of a small set of words, ``detail`` is for a person."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Unavailable(GpustreamError):
    """A server that does not answer now. Only the loop that catches this waits and retries."""

    def __init__(self, what: str, retry_after: float = 1.0) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class Misconfigured(GpustreamError):
    """A setting that cannot work. ``where`` names the file (and key), ``found`` the value, ``expected`` the cure."""

    def __init__(self, where: str, found: str, expected: str) -> None:
        super().__init__(f"{where}: found {found}; expected {expected}")
        self.where = where
        self.found = found
        self.expected = expected
