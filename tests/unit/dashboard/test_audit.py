"""What was sent against what a store holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.audit import rows_of, verdict
from dashboard.audit_command import audit
from dashboard.stores.loads import Held
from support.loop_fakes import SteppingClock
from telemetry.errors import Unavailable

A, B = "demo-load-x:0", "demo-load-x:1"


def held(rows: Iterable[int]) -> Held:
    found = list(rows)
    return Held(len(found), len(set(found)), min(found), max(found))


def test_the_gpus_take_turns() -> None:
    assert rows_of("demo-load-x", 3, 7) == {"demo-load-x:0": 3, "demo-load-x:1": 2, "demo-load-x:2": 2}


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({A: range(5), B: range(4)}, "sent 9, found 9, missing 0, double 0"),
        ({A: range(5)}, "sent 9, found 5, missing 4, double 0"),
        ({}, "sent 9, found 0, missing 9, double 0"),
        ({A: [0, 1, 3, 4], B: range(4)}, "sent 9, found 8, missing 1, double 0"),
        ({A: [0, 1, 2, 3, 4, 2], B: range(4)}, "sent 9, found 9, missing 0, double 1"),
        ({A: [0, 1, 2, 2, 4], B: range(4)}, "sent 9, found 8, missing 1, double 1"),
        ({A: range(6), B: range(4)}, "sent 9, found 9, missing 0, double 0, never sent 1"),
        ({A: range(5), B: range(4), "demo-load-x:2": [0]}, "sent 9, found 9, missing 0, double 0, never sent 1"),
    ],
)
def test_verdict(there: dict[str, Iterable[int]], told: str) -> None:
    found = verdict({A: 5, B: 4}, {gpu: held(rows) for gpu, rows in there.items()})
    assert str(found) == told
    assert found.is_right == (told == "sent 9, found 9, missing 0, double 0")


@given(st.integers(1, 8), st.lists(st.integers(0, 7), min_size=1))
def test_a_store_is_right_exactly_where_the_sets_are_equal(count: int, rows: list[int]) -> None:
    found = verdict({A: count}, {A: held(rows)})
    assert found.is_right == (Counter(rows) == Counter(range(count)))


class Filling:
    """A store that answers, and holds more, each time it is asked."""

    def __init__(self, *answers: dict[str, Held] | None, name: str = "store") -> None:
        self.name = name
        self.asked = 0
        self._answers = list(answers)

    def held(self, load: str) -> dict[str, Held]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            raise Unavailable("away")
        return answer


def test_it_is_looked_at_again_until_all_is_there() -> None:
    clock = SteppingClock()
    store = Filling(None, {A: held(range(2))}, {A: held(range(5))})
    assert str(audit([store], "x", {A: 5}, 60, clock)["store"]) == "sent 5, found 5, missing 0, double 0"


def test_in_the_end_it_says_what_is_missing_or_why_it_does_not_know() -> None:
    clock = SteppingClock()
    assert str(audit([Filling({A: held([0, 4])})], "x", {A: 5}, 10, clock)["store"]).endswith("missing 3, double 0")
    assert audit([Filling(None)], "x", {A: 5}, 10, clock) == {"store": "away"}


def test_a_store_that_has_all_is_asked_once_more_in_the_end() -> None:
    """Not while another is waited for; what came twice meanwhile is found."""
    quick = Filling({A: held(range(2))}, {A: held([0, 1, 1])}, name="quick")
    slow = Filling(None, None, None, {A: held(range(2))}, name="slow")
    found = audit([quick, slow], "x", {A: 2}, 60, SteppingClock())
    assert str(found["quick"]) == "sent 2, found 2, missing 0, double 1"
    assert str(found["slow"]) == "sent 2, found 2, missing 0, double 0"
    assert (quick.asked, slow.asked) == (2, 4)


def test_a_store_that_is_away_in_the_end_is_waited_for() -> None:
    quick = Filling({A: held(range(2))}, None, {A: held(range(2))}, name="quick")
    slow = Filling(None, {A: held(range(2))}, name="slow")
    found = audit([quick, slow], "x", {A: 2}, 60, SteppingClock())
    assert {str(each) for each in found.values()} == {"sent 2, found 2, missing 0, double 0"}
