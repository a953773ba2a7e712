"""The sink of a terminal: one line per record, for people who want to see what flows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from kafka_consumers.sink import Record, Refusal


class Stdout:
    """Prints ``topic/partition/offset value``; nothing is refused, and bytes that are no text are shown as such."""

    def __init__(self, topics: Sequence[str], stream: TextIO | None = None) -> None:
        self.topics = topics
        self._stream = stream or sys.stdout

    def start(self) -> None:
        """Nothing to do."""

    def encode(self, record: Record) -> str:
        text = (record.value or b"").decode("utf-8", "backslashreplace")
        return f"{record.topic}/{record.partition}/{record.offset} {text}\n"

    def write(self, items: Sequence[str]) -> list[Refusal]:
        self._stream.writelines(items)
        self._stream.flush()
        return []

    def close(self) -> None:
        """Nothing to do."""
