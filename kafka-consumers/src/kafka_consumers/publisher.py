"""The contract of what engines tell through: topics, in order and acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Publisher(Protocol):
    """See kafka_publisher.py."""

    def open(self) -> None: ...

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        """(topic, key, message) each. Raises Unavailable; some may have arrived then."""
        ...

    def close(self) -> None: ...
