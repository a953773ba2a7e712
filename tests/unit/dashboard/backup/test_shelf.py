"""Names, the newest backup, rotation."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.backup import manifest, shelf
from telemetry.errors import Misconfigured
from telemetry.timestamp import parse_time


def put(shelf_: Path, *names: str, whole: bool = True) -> None:
    for name in names:
        (shelf_ / name).mkdir()
        if whole:
            (shelf_ / name / manifest.FILE).write_text("{}")


def day(number: int) -> str:
    return shelf.name_of(parse_time(f"2026-11-{number:02d}T03:40:00Z"))


def test_a_name_is_the_moment() -> None:
    assert day(7) == "gpustream-20261107T034000Z"


def test_the_newest_whole_one_is_chosen_or_the_one_that_is_named(tmp_path: Path) -> None:
    put(tmp_path, day(1), day(3), day(2))
    put(tmp_path, day(5), whole=False)
    put(tmp_path, day(6) + shelf.PARTIAL)
    assert shelf.chosen(tmp_path).name == day(3)
    assert shelf.chosen(tmp_path / day(1)).name == day(1)


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "no backup"), ("nowhere", "no such folder"), (f"x{shelf.PARTIAL}", "a backup that was cut off")],
)
def test_where_there_is_none_it_says_so(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        shelf.chosen(tmp_path / name)


def test_rotation_keeps_the_newest_whole_ones_and_what_is_not_ours(tmp_path: Path) -> None:
    put(tmp_path, day(1), day(2), day(4), day(5), "photographs")
    put(tmp_path, day(3) + shelf.PARTIAL, day(9) + shelf.PARTIAL, whole=False)
    assert shelf.rotate(tmp_path, 2) == [day(1), day(2), day(3) + shelf.PARTIAL]
    there = {each.name for each in tmp_path.iterdir()}
    assert there == {day(4), day(5), day(9) + shelf.PARTIAL, "photographs"}


def test_nothing_is_removed_where_there_is_no_good_one(tmp_path: Path) -> None:
    put(tmp_path, day(3), whole=False)
    put(tmp_path, day(1) + shelf.PARTIAL)
    assert shelf.rotate(tmp_path, 1) == []
    assert len(list(tmp_path.iterdir())) == 2


@given(st.sets(st.integers(1, 28)), st.integers(-1, 30))
def test_the_newest_never_goes(days: set[int], keep: int) -> None:
    names = [day(each) for each in days]
    gone = shelf.superfluous(names, keep)
    assert len(names) - len(gone) == min(len(names), max(1, keep))
    assert not names or max(names) not in gone
