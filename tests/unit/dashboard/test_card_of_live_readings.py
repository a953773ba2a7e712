"""The card of live readings: a minute of a real H100, of which it worked half at its power cap."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from dashboard.card_command import readings
from dashboard.card_findings import findings
from dashboard.card_summary import Tariff, cards
from support.nvml import DATA
from support.sessions import METRICS
from telemetry.clock import SystemClock


def test_a_minute_of_an_h100() -> None:
    refused: Counter[str] = Counter()
    lines = io.BytesIO((DATA / "h100-minute.jsonl").read_bytes())
    (card,) = cards(readings(lines, SystemClock(), refused), METRICS, Tariff(0.3, "EUR"))
    assert refused == Counter()
    # The row of a live reading is its time: no row of a log is missing between two of them.
    assert (card.quality.rows, card.quality.missing_rows, card.gap_count) == (61, 0, 0)
    said = [finding.text for finding in findings(card)]
    assert any(text.startswith("Throttled for 33 s") and "software power cap" in text for text in said)
    # Added up from the power of each second; the card's own counter of energy says 25,090 J.
    assert card.energy is not None
    assert card.energy.kwh * 3.6e6 == pytest.approx(25_090, rel=0.01)
