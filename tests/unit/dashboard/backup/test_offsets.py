"""Positions in Kafka: from where records are saved, and where a position is in a Kafka that holds only those."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.backup import offsets
from dashboard.backup.save import ENGINE, STREAM, WRITER, read_by
from telemetry import topics
from telemetry.errors import Misconfigured

DAY = 86_400_000


def checkpoint(folder: Path, batches: int, *, version: str = "v1") -> Path:
    for name in ("offsets", "commits"):
        (folder / name).mkdir()
    for number in range(batches + 1):  # the last one is under way
        named = json.dumps({topics.GPU_METRICS: {"0": 10 * number, "1": 5}})
        (folder / "offsets" / str(number)).write_text(f"{version}\n{{}}\n{named}")
        (folder / "offsets" / f".{number}.crc").write_bytes(b"\0")
    for number in range(batches):
        (folder / "commits" / str(number)).write_text('v1\n{"nextBatchWatermarkMs":0}')
    return folder


def test_the_stream_is_where_it_was_some_finished_batches_ago(tmp_path: Path) -> None:
    found = offsets.of_checkpoint(checkpoint(tmp_path, 20))
    last = 19 - offsets.HELD_BATCHES
    assert found == {(topics.GPU_METRICS, 0): 10 * last, (topics.GPU_METRICS, 1): 5}


def test_a_young_stream_or_none_needs_everything(tmp_path: Path) -> None:
    assert offsets.of_checkpoint(tmp_path / "none") == {}
    assert offsets.of_checkpoint(checkpoint(tmp_path, 3)) == {}


def test_a_checkpoint_of_another_form_is_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="as Spark 4 writes them"):
        offsets.of_checkpoint(checkpoint(tmp_path, 20, version="v2"))


def test_records_are_saved_from_where_the_last_reader_is() -> None:
    place, other, letters = (topics.GPU_METRICS, 0), (topics.GPU_METRICS, 1), (topics.GPU_DEAD_LETTERS, 0)
    readers = read_by({WRITER: {place: 70, other: 9}, STREAM: {place: 50, other: 9}, ENGINE: {place: 60}})
    begins = {place: 20, other: 3, letters: 4}
    # The alert engine has not said where it is in the second one; dead letters are kept nowhere else.
    assert offsets.needed(readers, begins) == {place: 50, other: 3, letters: 4}


def test_a_group_that_nobody_here_knows_counts_where_it_has_begun() -> None:
    place, other = (topics.GPU_METRICS, 0), (topics.GPU_WINDOWS, 0)
    known = {name: {place: 50, other: 50} for name in (WRITER, STREAM, ENGINE)}
    readers = read_by(known | {"another-store": {place: 7}})
    assert offsets.needed(readers, {place: 0, other: 0}) == {place: 7, other: 50}


def test_what_kafka_has_deleted_cannot_be_saved() -> None:
    place = (topics.GPU_METRICS, 0)
    assert offsets.needed(read_by({name: {place: 5} for name in (WRITER, STREAM, ENGINE)}), {place: 20}) == {place: 20}


@given(st.sets(st.integers(0, 60)), st.integers(0, 61))
def test_a_position_has_the_same_records_before_it(saved: set[int], at: int) -> None:
    there = sorted(saved)
    place = offsets.mapped(at, there)
    assert [each for each in there if each < at] == there[:place]


def test_a_record_keeps_its_time_but_never_so_old_that_kafka_would_delete_it_unread() -> None:
    now, week = 1_000 * DAY, 7 * DAY
    assert offsets.kept_time(now - 5, now, week) == now - 5
    assert offsets.kept_time(now - 6 * DAY, now, week) == now - 6 * DAY
    assert offsets.kept_time(now - 30 * DAY, now, week) == now - 6 * DAY
    assert offsets.kept_time(now - 30 * DAY, now, None) == now - 30 * DAY
    assert offsets.kept_time(now - DAY, now, 3_600_000) == now - 1_800_000
