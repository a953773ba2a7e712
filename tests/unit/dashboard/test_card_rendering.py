"""How a card looks: 80 columns, one file that asks for nothing, no trick in a log that reaches the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.card import Card, Moment
from dashboard.card_findings import findings
from dashboard.card_html import page
from dashboard.card_summary import Tariff, cards
from dashboard.card_svg import scale, thinned
from dashboard.card_terminal import WIDTH, Terminal
from dashboard.card_words import clean, cost, duration, energy, few, full_moment, number, share
from support.sessions import METRICS, session, simulated
from telemetry.reading import Reading

TARIFF = Tariff(0.3, "EUR")
SESSIONS = [
    ("rtx-3080", "failing-fan", 360),
    ("rtx-4090", "day", 2000),
    ("gtx-970", "thermal-throttling", 40),
    ("rx-6800", "rendering", 100),
    ("integrated", "idle", 3),
    ("integrated", "idle", 1),
]


@pytest.fixture(params=SESSIONS, ids=lambda each: "-".join(map(str, each)))
def card(request: pytest.FixtureRequest) -> Card:
    name, scenario, rows = request.param
    (card,) = cards(simulated(name, scenario, rows=rows, interval=20 if scenario == "day" else 1), METRICS, TARIFF)
    return card


class Structure(HTMLParser):
    """Fails where a tag is closed that was not open."""

    VOID = frozenset({"meta", "br", "link", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_terminal_card_fits_eighty_columns_without_colours(card: Card) -> None:
    text = Terminal(colours=False).render(card)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_colours_change_no_word(card: Card) -> None:
    coloured = Terminal(colours=True).render(card)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == Terminal(colours=False).render(card)
    assert "\x1b[" in coloured


def test_page_is_whole_small_and_asks_for_nothing(card: Card) -> None:
    text = page([card], METRICS)
    structure = Structure()
    structure.feed(text)
    assert structure.open == []
    assert not structure.seen & {"script", "link", "img", "iframe", "object", "use", "image"}
    names = {name for name, _ in structure.attributes}
    assert not names & {"src", "href", "srcset", "style"}
    assert not [name for name in names if name.startswith("on")]
    assert "http" not in text.replace("http-equiv", "")
    assert "url(" not in text
    assert len(text.encode()) < 300_000
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_page_of_several_gpus_has_a_card_for_each() -> None:
    both = [*session([(0, {"gpu_load": 1.0})], gpu="a:0"), *session([(0, {"gpu_load": 1.0})], gpu="b:0")]
    text = page(cards(both, METRICS, TARIFF), METRICS)
    assert text.count("<main>") == 2
    assert "<title>2 GPUs</title>" in text


def test_story_of_the_demonstration_stands_at_the_top() -> None:
    (card,) = cards(simulated("rtx-3080", "failing-fan", rows=360), METRICS, TARIFF)
    told = findings(card)
    assert told[0].tone == "critical"
    assert re.match(r"GPU temperature stood above 95 °C for 1\d s, peak 9\d\.\d °C at 23:16:\d\d\.", told[0].text)
    assert any(re.match(r"Throttled for 2 min .*: thermal limit\.", each.text) for each in told)
    assert "throttled │" in Terminal(colours=False).render(card)


def hostile(recorded: str, model: str) -> list[Reading]:
    (reading,) = session([(0, {"gpu_temperature": 99.0})], flags={0: {"gpu_load": "<b>\x1b[31mflag"}})
    return [reading._replace(recorded=recorded, model=model)]


def test_text_of_a_log_reaches_neither_terminal_nor_page_as_code() -> None:
    made = cards(
        hostile("\x1b]0;owned\x07 <script>alert(1)</script>", "<img src=x onerror=alert(1)>\n" * 9), METRICS, TARIFF
    )
    text = page(made, METRICS)
    assert not re.search(r"<script|<img|<b>\x1b", text)
    assert "\x1b" not in text + Terminal(colours=False).render(made[0])


@given(st.text(max_size=200))
def test_any_text_becomes_printable_and_short(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) <= 60


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.4, "under 1 s"),
        (15, "15 s"),
        (59.7, "1 min"),
        (128, "2 min 8 s"),
        (3600, "1 h"),
        (4200, "1 h 10 min"),
        (423_720, "4 d 21 h"),
        (86_401, "1 d"),
    ],
)
def test_duration_has_two_parts(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_numbers_as_people_read_them() -> None:
    assert number(1860, 0, "MHz") == "1,860 MHz"
    assert number(-0.001, 1, "°C") == "0.0 °C"
    assert number(1e300, 2) == "1e+300"
    assert (share(1, 1000), share(999, 1000), share(1, 1), share(0, 0)) == ("under 1 %", "over 99 %", "100 %", "0 %")
    assert (energy(0.0002), energy(0.02247), energy(3.456)) == ("under 0.001 kWh", "0.0225 kWh", "3.46 kWh")
    assert (cost(0.004, "EUR"), cost(1234.5, "EUR"), cost(0, "EUR")) == ("under 0.01 EUR", "1,234.50 EUR", "0.00 EUR")
    assert (few(["a", "b", "c"], 3), few(["a", "b", "c"], 2)) == ("a, b and c", "a, b and more")


def test_moment_without_local_time_is_told_in_utc() -> None:
    assert full_moment(Moment(1_700_000_040_000_000, None)) == "2023-11-14 22:14:00 UTC"


@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=40))
def test_axis_has_few_round_ticks_around_all_values(values: list[float]) -> None:
    (card,) = cards(session([(n, {"gpu_clock": value}) for n, value in enumerate(values)]), METRICS, TARIFF)
    low, high, ticks = scale(card.charts.charts[0])
    # A billionth of a step outside the picture is nowhere to be seen.
    hair = 1e-6 * (high - low)
    assert low - hair <= min(values) <= max(values) <= high + hair
    assert 2 <= len(ticks) <= 6
    assert all(b > a for a, b in pairwise(ticks))


def test_name_of_the_session_heads_the_card_and_cannot_break_it(card: Card) -> None:
    text = page([card], METRICS, "<b>My log</b>.txt")
    assert "<h1>&lt;b&gt;My log&lt;/b&gt;.txt</h1>" in text
    assert f"GPU {card.gpu}" in text
    assert Terminal(colours=False, name="My log.txt").render(card).splitlines()[1] == "My log.txt"


def test_log_that_cannot_say_why_clocks_are_low_says_that() -> None:
    (silent,) = cards(session([(0, {"gpu_clock": 1000.0}), (1, {"gpu_clock": 300.0})]), METRICS, TARIFF)
    assert "No sensor of this log says why clocks are low" in findings(silent)[-1].text
    (clockless,) = cards(session([(0, {"gpu_load": 5.0})]), METRICS, TARIFF)
    assert not any("clocks" in each.text for each in findings(clockless))


@given(st.lists(st.one_of(st.none(), st.floats(-50, 150)), max_size=2000))
def test_thinning_keeps_extremes(values: list[float | None]) -> None:
    points = [None if value is None else (value, value, value) for value in values]
    made = thinned(points)
    seen = [value for value in values if value is not None]
    assert len(made) <= 320
    assert min((point[0] for point in made if point), default=None) == min(seen, default=None)
    assert max((point[2] for point in made if point), default=None) == max(seen, default=None)
