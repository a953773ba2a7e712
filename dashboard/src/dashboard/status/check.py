"""The contract of a check: what it looks at, what it found, and what a person should do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

State = Literal["ok", "note", "bad"]
"""``note``: worth knowing, and nothing is wrong."""


@dataclass(frozen=True)
class Line:
    """One thing in one line. ``do`` says what to type, and stands wherever ``state`` is bad."""

    state: State
    label: str
    text: str
    do: str = ""


@dataclass(frozen=True)
class Finding:
    """What one check found: for a person, and for a program (docs/operations.md describes ``data``)."""

    lines: tuple[Line, ...]
    data: Mapping[str, Any] = field(default_factory=dict)


class Check(Protocol):
    """One thing that can be wrong. Built cheaply; :meth:`look` does the work."""

    @property
    def title(self) -> str:
        """The heading in ``status`` and, in lower case with underscores, the key in ``status --json``."""
        ...

    @property
    def do(self) -> str:
        """What a person should do when :meth:`look` raises or takes too long."""
        ...

    def look(self) -> Finding:
        """Called once, in a thread of its own, which is abandoned when it takes too long.

        Raises Unavailable where the server does not answer, Misconfigured where we cannot even ask it.
        """
        ...
