"""The contract of "what happened in this session?": the card of a span of readings, or of a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dashboard.card import Card
from dashboard.stores.history import Span


@dataclass(frozen=True, slots=True)
class CardPage:
    card: Card
    html: str
    """A whole page that needs nothing else (CSP forbids it to load anything): show it in an iframe."""


class Cards(Protocol):
    """Reads all readings of the span: seconds for a day of them. Raises Away, Missing and Rejected(``bad_span``)."""

    def of_span(self, gpu: str, span: Span, name: str = "") -> CardPage:
        """Raises Missing where there are no readings."""
        ...

    def of_log(self, file: str) -> CardPage:
        """``file`` of a LogState. Raises Missing, also while none of it has arrived."""
        ...
