"""What a person reads: columns that stand one below the other, a verdict, no colour where nobody sees it."""

from __future__ import annotations

import pytest

from dashboard.status.check import Finding, Line
from dashboard.status.command import nothing_runs
from dashboard.status.examine import Examined
from dashboard.status.render import render
from dashboard.status.words import counted, duration, size

FINE = Examined("Topics", Finding((Line("ok", "topics", "7 of 7 are there"),)), answered=True)
WRONG = Examined("Pages", Finding((Line("bad", "Spark's stream", "no answer", "./start.sh logs"),)), answered=True)


def test_texts_of_all_sections_stand_in_one_column() -> None:
    lines = render([FINE, WRONG], "now", colour=False).splitlines()
    column = lines[1].index("7 of 7")
    assert lines[4].index("no answer") == column
    assert lines[5].index("do: ./start.sh logs") == column


def test_verdict_counts_what_is_wrong() -> None:
    assert render([FINE, WRONG, WRONG], "now", colour=False).splitlines()[-1] == "2 things to mend: see FAIL above. now"
    assert render([FINE], "now", colour=False).splitlines()[-1] == "All is well. now"


def test_colour_changes_no_word() -> None:
    plain, coloured = (render([FINE, WRONG], "now", colour=each) for each in (False, True))
    assert "\x1b[" not in plain
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"):
        assert code in coloured
        coloured = coloured.replace(code, "")
    assert coloured == plain


def test_nothing_runs_only_when_not_even_a_page_answers() -> None:
    processes = Examined("Processes", Finding((Line("bad", "no answer", "", ""),)), answered=False)
    assert nothing_runs([processes, WRONG])
    leftover = Examined("Pages", Finding((Line("ok", "InfluxDB", "200"),)), answered=True)
    assert not nothing_runs([processes, leftover])
    assert not nothing_runs([FINE, WRONG])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.4, "59 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"),
     (442_800, "5 d 3 h")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_sizes_and_counts() -> None:
    assert [size(363e6), size(2.44e9), size(9000)] == ["363 MB", "2.4 GB", "9 kB"]
    assert [counted(1, "start"), counted(1234, "record")] == ["1 start", "1,234 records"]
