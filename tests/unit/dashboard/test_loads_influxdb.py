"""What InfluxDB's four answers about a load come to."""

from __future__ import annotations

import pytest

from dashboard.stores.away import Away
from dashboard.stores.flux import Answer
from dashboard.stores.loads import Held
from dashboard.stores.loads_influxdb import of_answers

ANSWERS: list[Answer] = [
    {"result": result, "gpu": f"demo-load-x:{gpu}", "_value": str(value)}
    for result, value in (("readings", 6), ("distinct", 5), ("first", 0), ("last", 4))
    for gpu in (0, 1)
]


def test_four_answers_are_what_is_held() -> None:
    assert of_answers(ANSWERS) == {"demo-load-x:0": Held(6, 5, 0, 4), "demo-load-x:1": Held(6, 5, 0, 4)}
    assert of_answers([]) == {}


@pytest.mark.parametrize("rows", range(1, len(ANSWERS)))
def test_an_answer_that_ends_too_early_is_a_server_that_is_away(rows: int) -> None:
    with pytest.raises(Away, match="ended too early"):
        of_answers(ANSWERS[:rows])
