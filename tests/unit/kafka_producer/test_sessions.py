"""When logs were recorded, and whether two can be of one card."""

from __future__ import annotations

import pytest

from kafka_producer import sessions
from kafka_producer.gpu_of_log import free_gpu
from kafka_producer.ledger import Known
from kafka_producer.sessions import GAP, MOST, Session, Sessions, merged, overlap
from telemetry.timestamp import SECOND


def spans(*pairs: tuple[int, int]) -> Sessions:
    return tuple(Session(*pair) for pair in pairs)


def test_short_gaps_do_not_end_a_session() -> None:
    far = 10 * GAP
    assert merged(spans((far, far + 1), (0, 5), (5 + GAP, 6 + GAP))) == spans((0, 6 + GAP), (far, far + 1))


def test_a_log_of_countless_sessions_stays_small() -> None:
    found = merged(Session(n * 2 * GAP, n * 2 * GAP + 1) for n in range(5 * MOST))
    assert len(found) <= MOST


@pytest.mark.parametrize(
    ("ours", "theirs", "common"),
    [
        (spans((0, 10)), spans((10, 20)), Session(10, 10)),
        (spans((0, 10)), spans((11, 20)), None),
        (spans((0, 10), (100, 110)), spans((20, 90)), None),
        (spans((0, 10), (100, 110)), spans((20, 105)), Session(100, 105)),
        ((), spans((0, 10)), None),
    ],
)
def test_logs_that_share_an_instant_overlap(ours: Sessions, theirs: Sessions, common: Session | None) -> None:
    assert overlap(ours, theirs) == overlap(theirs, ours) == common


def test_what_lies_before_an_instant_can_be_left_out() -> None:
    assert sessions.since(spans((0, 10), (20, 30), (40, 50)), 20) == spans((21, 30), (40, 50))
    assert sessions.since(spans((0, 10)), None) == spans((0, 10))


def test_the_current_session_reaches_back_over_short_gaps() -> None:
    hour = 3600 * SECOND
    log = spans((0, hour), (5 * hour, 6 * hour), (6 * hour + 2 * GAP, 7 * hour))
    assert sessions.current(log, hour) == Session(5 * hour, 7 * hour)
    assert sessions.current((), hour) is None


def test_the_next_card_is_the_first_that_was_not_seen_then() -> None:
    known = {
        "pc:0": [Known("a", "pc:0", None, None, spans((0, 10)))],
        "pc:1": [Known("b", "pc:1", None, None, spans((5, 20)))],
    }
    assert free_gpu("pc:0", "new", spans((30, 40)), lambda gpu: known.get(gpu, [])) == "pc:0"
    assert free_gpu("pc:0", "new", spans((8, 40)), lambda gpu: known.get(gpu, [])) == "pc:2"
    assert free_gpu("pc:0", "a", spans((8, 40)), lambda gpu: known.get(gpu, [])) == "pc:0"
