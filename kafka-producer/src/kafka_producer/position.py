"""Places in a log, as the progress remembers them."""

from __future__ import annotations

from typing import NamedTuple

from kafka_producer.sources.logs.log import RejectedLine


class Position(NamedTuple):
    """Before row ``row``, behind ``refused`` lines that stand there and could not be used."""

    row: int
    refused: int


class RejectedPlaces:
    """Tells where the rejected lines of a walk stand: give it each of them, in order."""

    def __init__(self) -> None:
        self._next = Position(0, 0)

    def of(self, line: RejectedLine) -> tuple[Position, Position]:
        """The positions before and behind a line."""
        if line.ahead:
            # It has the place of a row; tomorrow it may be a reading, or one of each card.
            return Position(line.row - line.ahead, 0), Position(line.row, 0)
        refused = self._next.refused if self._next.row == line.row else 0
        self._next = Position(line.row, refused + 1)
        return Position(line.row, refused), self._next
