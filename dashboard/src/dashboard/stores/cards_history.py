"""Session cards out of the history."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.card_html import page
from dashboard.card_summary import Tariff, cards
from dashboard.stores.away import Missing
from dashboard.stores.cards import CardPage
from dashboard.stores.history import History, Span
from dashboard.stores.live import Live
from dashboard.stores.logs import Logs
from telemetry.catalogue import Catalogue
from telemetry.errors import Rejected
from telemetry.reading import Mode, Reading, mode_of
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time, parse_time

LONGEST = 31 * 86_400 * SECOND
"""Of a card's span: a session, not a year."""


class HistoryCards:
    """What InfluxDB does not keep (flags, the source's own clock, and the model of a GPU that is not live) no such card
    can tell; ``./start.sh report LOG`` reads the log itself."""

    def __init__(self, settings: Settings, catalogue: Catalogue, history: History, live: Live, logs: Logs) -> None:
        self._tariff = Tariff(settings.energy_price_per_kwh, settings.energy_currency)
        self._catalogue = catalogue
        self._history = history
        self._live = live
        self._logs = logs

    def of_span(self, gpu: str, span: Span, name: str = "") -> CardPage:
        if span.end - span.begin > LONGEST:
            raise Rejected("bad_span", "a span of at most 31 days")
        made = cards(self._readings(gpu, span), self._catalogue, self._tariff)
        if not made:
            raise Missing(f"reading of {gpu} from {format_time(span.begin)} to {format_time(span.end)}")
        return CardPage(made[0], page(made, self._catalogue, name))

    def of_log(self, file: str) -> CardPage:
        log = next((each for each in self._logs.logs() if each.file == file and each.gpu), None)
        if log is None or log.gpu is None or log.begin is None or log.end is None:
            raise Missing(f"log {file[:120]!r} of which a reading is known")
        # A log of months is one that was appended to: its last weeks are the card.
        # Rows of one second come milliseconds apart, and may lie behind what the log calls its end.
        end = parse_time(log.end) + SECOND
        return self.of_span(log.gpu, Span(max(parse_time(log.begin), end - LONGEST), end), file.rpartition("/")[2])

    def _readings(self, gpu: str, span: Span) -> Iterator[Reading]:
        latest = self._live.gpu(gpu)
        model = latest.model if latest else None
        mode: Mode | None = None
        for piece in self._history.readings(gpu, span):
            for row in piece:
                mode = mode or mode_of(row.host, row.time, row.time)
                yield Reading(
                    "history", row.row, mode, row.time, None, gpu, row.host, row.source, model, row.metrics, {}
                )
