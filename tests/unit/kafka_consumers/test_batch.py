"""When a batch is due, and what it remembers of its records."""

from __future__ import annotations

from kafka_consumers.batch import Batch, Limits
from kafka_consumers.sink import Refusal
from support.loop_fakes import P0, P1, message
from telemetry.errors import Rejected

LIMITS = Limits(records=3, milliseconds=100, size=1000)


def filled(count: int, now: int = 0, value: bytes = b"x") -> Batch[bytes]:
    batch: Batch[bytes] = Batch(LIMITS)
    records = [message(n, value=value) for n in range(count)]
    batch.reach(P0, records, now)
    for record in records:
        batch.add(record, b"item %d" % record.offset)
    return batch


def test_due_when_it_is_full_old_or_large() -> None:
    assert filled(1).wait_ms(0) == 100
    assert filled(1).wait_ms(60_000) == 40
    assert filled(1).wait_ms(100_000) == 0
    assert filled(3).wait_ms(0) == 0
    assert filled(1, value=b"x" * 1000).wait_ms(0) == 0


def test_clock_that_was_set_back_makes_it_due() -> None:
    assert filled(1, now=5_000_000).wait_ms(0) == 0


def test_offsets_are_the_next_ones_of_each_partition() -> None:
    batch = filled(2)
    batch.reach(P1, [message(7, P1)], 0)
    assert batch.offsets == {P0: 2, P1: 8}
    batch.forget([P0])
    assert batch.offsets == {P1: 8}


def test_rejected_records_take_room_too() -> None:
    batch: Batch[bytes] = Batch(LIMITS)
    batch.reject(message(0), Rejected("not_json"))
    assert batch.room == 2
    assert len(batch) == 1


def test_refusal_leads_back_to_its_record() -> None:
    batch: Batch[bytes] = Batch(LIMITS)
    batch.reject(message(0), Rejected("not_json"))
    batch.add(message(1), b"1")
    batch.add(message(2), b"2")
    (bad,) = batch.refused([Refusal(1, Rejected("refused"))])
    assert bad.record == message(2)


def test_what_waited_in_kafka_waits_so_much_less_and_a_backlog_fills_its_batch() -> None:
    now = 10_000_000
    for came_ms, left in ((9_970, 70), (9_901, 1), (9_900, 100), (5_000, 100), (10_000, 100), (10_050, 100)):
        batch: Batch[bytes] = Batch(LIMITS)
        batch.reach(P0, [message(0)._replace(timestamp=came_ms)], now)
        batch.add(message(0), b"item")
        assert batch.wait_ms(now) == left
