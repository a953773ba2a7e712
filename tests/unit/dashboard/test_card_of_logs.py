"""From a log to its card, through both commands: real logs where they are, and the demonstration everywhere."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import pytest

from dashboard.card import Card
from dashboard.card_command import readings
from dashboard.card_findings import findings
from dashboard.card_html import page
from dashboard.card_summary import Tariff, cards
from dashboard.card_terminal import WIDTH, Terminal
from kafka_producer.main import main as kafka_producer
from support.sessions import METRICS
from telemetry.clock import SystemClock

ROOT = Path(__file__).parents[3]
REAL_LOGS = ROOT.parent / "shared" / "gpuz" / "logs"
ONE_ROW = "igpu-2024-one-row-no-header.txt"
LOGS = sorted(path for path in REAL_LOGS.glob("*.txt") if path.name != ONE_ROW)

TOLD = {
    "geforce-2016-failed-reads.txt": ["Never throttled", "Nothing went beyond its limits"],
    "geforce-2021-starts-without-header.txt": ["CPU temperature stood above 80 °C", "Throttled for .* power limit"],
    "geforce-2021-two-6pin.txt": ["GPU chip power shows more than Board power"],
    "geforce-2023-thirty-columns.txt": ["Fan 1 speed cannot be believed", "Fan 2 speed cannot be believed"],
    "geforce-2024-pwr-src.txt": ["Power of limit cannot be believed", "Throttled for .* power limit"],
    "igpu-2024-korean-windows.txt": ["CPU temperature stood above 80 °C .* peak 100.0 °C"],
}
"""What must stand at the top of the card of a log."""


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("CONFIG_DIR", raising=False)


def card_of(path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[Card, int]:
    """The card of a log, and how many lines the dry run gave."""
    assert kafka_producer(["replay", "--dry-run", str(path)]) == 0
    lines = capfdbinary.readouterr().out
    refused: Counter[str] = Counter()
    (card,) = cards(readings(io.BytesIO(lines), SystemClock(), refused), METRICS, Tariff(0.3, "EUR"))
    assert refused == Counter()
    return card, lines.count(b"\n")


def test_demonstration_becomes_a_card(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    card, rows = card_of(ROOT / "data" / "samples" / "demo-failing-fan.txt", capfdbinary)
    assert card.quality.rows == rows == 360
    assert card.seconds == 360
    assert any("Throttled" in each.text and "thermal limit" in each.text for each in findings(card))


@pytest.mark.skipif(not REAL_LOGS.is_dir(), reason="no real logs beside this checkout")
@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_real_log_becomes_a_card(path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    card, rows = card_of(path, capfdbinary)
    assert card.quality.rows == rows
    text = Terminal(colours=False).render(card)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert len(page([card], METRICS).encode()) < 300_000
    for expected in TOLD.get(path.name, []):
        assert any(re.search(expected, each.text) for each in findings(card)), expected
    # A false zero of a failed read must not become the lowest temperature.
    assert all(sensor.lowest.value > 10 for sensor in card.sensors if sensor.kind == "temperature")
