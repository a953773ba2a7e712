"""The contract of "what is there of a load?": whoever knows how much was sent tells from it what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Held(NamedTuple):
    """The readings of one GPU that a store holds; their rows are meant to be 0, 1, 2, ..., each once."""

    readings: int
    distinct: int
    """Different rows."""
    first: int
    last: int
    """Least and greatest row."""


class Loads(Protocol):
    """One store."""

    @property
    def name(self) -> str: ...

    def held(self, load: str) -> Mapping[str, Held]:
        """GPU -> what is there of it. Raises Unavailable."""
        ...
