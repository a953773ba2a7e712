"""What came twice, within a batch or into the lake, is there once."""

from __future__ import annotations

import pyarrow as pa

from spark_jobs.transforms.copies import without_copies


def table(*rows: tuple[str, str, int, str]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(("origin", "gpu", "row", "said"), row, strict=True)) for row in rows],
        pa.schema([("origin", pa.string()), ("gpu", pa.string()), ("row", pa.int64()), ("said", pa.string())]),
    )


def said(rows: pa.Table) -> list[str]:
    return list(rows["said"].to_pylist())


THERE = table(("o", "a:0", 1, "old"), ("p", "a:0", 2, "old"))


def test_the_first_of_each_in_their_order() -> None:
    readings = table(
        ("o", "b:0", 1, "b1"), ("o", "a:0", 2, "a2"), ("o", "b:0", 1, "b1 again"), ("o", "a:0", 3, "a3")
    )  # fmt: skip
    assert said(without_copies(readings, THERE)) == ["b1", "a2", "a3"]


def test_without_what_is_there() -> None:
    """An identity is all three: another origin, another GPU or another row is another reading."""
    readings = table(
        ("o", "a:0", 1, "copy"), ("p", "a:0", 1, "p1"), ("o", "b:0", 1, "b1"), ("o", "a:0", 2, "o2"),
        ("p", "a:0", 2, "copy"), ("p", "a:0", 2, "copy"),
    )  # fmt: skip
    assert said(without_copies(readings, THERE)) == ["p1", "b1", "o2"]


def test_all_or_none() -> None:
    readings = table(("o", "a:0", 7, "new"), ("o", "a:0", 8, "new"))
    assert without_copies(readings, THERE) is readings
    assert said(without_copies(THERE, THERE)) == []
    assert said(without_copies(readings, table())) == ["new", "new"]
