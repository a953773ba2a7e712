"""Each quirk does to a log what its name says, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime

import pytest

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.gpuz_writer import record
from kafka_producer.simulate.quirks import QUIRKS, render
from kafka_producer.simulate.scenarios import SCENARIOS
from telemetry.errors import Misconfigured

ROWS = 48


def log(*quirks: str, card: str = "rtx-3080", start: str = "2026-01-15 12:00:00", interval: float = 1.0) -> bytes:
    elements = record(
        CARDS[card],
        SCENARIOS["gaming"],
        seed=3,
        start=datetime.fromisoformat(start),
        rows=ROWS,
        interval=interval,
    )
    return b"".join(render(elements, quirks, rows=ROWS, interval=interval, seed=3))


def table(raw: bytes) -> list[list[str]]:
    return [[cell.strip() for cell in row.split(",")] for row in raw.decode("latin-1").split("\r\n")][:-1]


def column(raw: bytes, header: str) -> list[str]:
    rows = table(raw)
    index = rows[0].index(header)
    return [row[index] for row in rows[1:]]


def times(raw: bytes) -> list[datetime]:
    return [datetime.fromisoformat(row[0]) for row in table(raw) if row[0] != "Date"]


def steps(raw: bytes) -> list[float]:
    moments = times(raw)
    return [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]


PLAIN = log()


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk_changes_the_log_and_is_the_same_every_time(name: str) -> None:
    assert log(name) != PLAIN
    assert log(name) == log(name)


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk_describes_itself_in_a_line(name: str) -> None:
    assert (QUIRKS[name].__doc__ or "").splitlines()[0].endswith((".", ":", ",", "valid."))


@pytest.mark.parametrize(
    ("name", "decoded"),
    [
        ("utf8", lambda raw: raw.decode()),
        ("utf8-bom", lambda raw: raw.decode("utf-8-sig")),
        ("utf8-damaged-degree", lambda raw: raw.decode().replace("\ufffd", "°")),
        ("utf8-no-degree", lambda raw: raw.decode().replace("[C]", "[°C]")),
        ("utf8-twice", lambda raw: raw.decode().replace("Â°", "°")),
        ("utf16-le", lambda raw: raw.decode("utf-16")),
        ("utf16-be", lambda raw: raw.decode("utf-16")),
        ("cjk-cp949", lambda raw: raw.decode().replace("캜", "°C")),
        ("cjk-gbk", lambda raw: raw.decode().replace("癈", "°C")),
        ("cjk-big5", lambda raw: raw.decode().replace("蚓", "°C")),
        ("cjk-shift-jis", lambda raw: raw.decode().replace("ｰC", "°C")),
        ("lf", lambda raw: raw.decode("latin-1").replace("\n", "\r\n")),
    ],
)
def test_encoding_differs_in_nothing_but_its_fault(name: str, decoded: Callable[[bytes], str]) -> None:
    assert decoded(log(name)) == PLAIN.decode("latin-1")


def test_headers_can_spell_the_degree_sign_differently() -> None:
    text = log("utf8-mixed-degree", "repeated-header").decode()
    assert all(spelling in text for spelling in ("[C]", "[\ufffdC]", "[°C]"))


def test_semicolon_log_has_no_points() -> None:
    raw = log("semicolon-decimal-comma")
    assert b"." not in raw
    assert raw.replace(b",", b".").replace(b";", b",") == PLAIN


def test_unfinished_last_line_is_cut() -> None:
    raw = log("unfinished-last-line")
    assert PLAIN.startswith(raw)
    assert len(raw.splitlines()) == ROWS + 1
    assert not raw.endswith(b"\n")


def test_nul_hole_puts_the_next_row_on_the_header_line() -> None:
    raw = log("nul-hole")
    first = raw.split(b"\r\n")[0]
    assert first.count(0) == 2048
    assert raw.replace(b"\0", b"") == PLAIN.replace(b"\r\n", b"", 1)


def test_repeated_header_stands_twice_without_a_row_between() -> None:
    first = [row[0] for row in table(log("repeated-header"))]
    assert first.count("Date") == 4
    assert any(a == b == "Date" for a, b in itertools.pairwise(first))
    assert len(first) == ROWS + 4


def test_layout_change_maps_every_value_to_its_header() -> None:
    rows = table(log("layout-change"))
    second = next(n for n in range(1, len(rows)) if rows[n][0] == "Date")
    assert rows[second] != rows[0]
    plain = table(PLAIN)
    for row, original in zip(rows[second + 1 :], plain[second:], strict=True):
        assert dict(zip(rows[second], row, strict=True)).items() <= dict(zip(plain[0], original, strict=True)).items()


def test_rows_before_and_without_a_header() -> None:
    first = [row[0] for row in table(log("no-header-first"))]
    assert first[0] != "Date"
    assert first.count("Date") == 1
    assert log("no-header") == PLAIN.split(b"\r\n", 1)[1]


def test_duplicate_column_stands_twice_with_other_values() -> None:
    rows = table(log("duplicate-column"))
    assert rows[0].count("Memory Clock [MHz]") == 2
    assert all(row[2] != row[3] for row in rows[1:])


def test_unknown_columns_come_last() -> None:
    rows = table(log("unknown-column"))
    assert rows[0][-3:] == ["Flux Capacitor (Left) [GJ]", "Coil Whine", ""]
    assert all(len(row) == len(rows[0]) for row in rows)


def test_failed_read_writes_zeros_that_look_real_and_keeps_the_host() -> None:
    raw = log("failed-read")
    failed = [n for n, cell in enumerate(column(raw, "GPU Clock [MHz]")) if cell == "-"]
    assert len(failed) == 5
    for header, cell in (("GPU Temperature [°C]", "0.0"), ("GPU Voltage [V]", "0.0000"), ("PerfCap Reason []", "0")):
        assert {column(raw, header)[n] for n in failed} == {cell}
    assert column(raw, "CPU Temperature [°C]") == column(PLAIN, "CPU Temperature [°C]")


def test_dash_marks_single_cells() -> None:
    dashes = [row.count("-") for row in table(log("dash"))]
    assert set(dashes) == {0, 3}


def test_lone_zeros_stand_without_any_dash() -> None:
    raw = log("lone-zero")
    assert column(raw, "GPU Temperature [°C]").count("0.0") == 1
    assert column(raw, "GPU Voltage [V]").count("0.0000") == 1
    assert "-" not in raw.decode("latin-1").replace("2026-01-15", "").replace("-Pin", "")


def test_constant_zero_never_moves_while_the_duty_does() -> None:
    raw = log("constant-zero")
    assert set(column(raw, "Fan 1 Speed (RPM) [RPM]")) == {"0"}
    assert all(int(cell) > 0 for cell in column(raw, "Fan 1 Speed (%) [%]"))


def test_sub_second_times() -> None:
    assert any(moment.microsecond for moment in times(log("sub-second")))


def test_duplicate_timestamps_keep_all_rows_some_of_them_equal() -> None:
    rows = table(log("duplicate-timestamps"))[1:]
    assert len(rows) == ROWS
    pairs = [(a, b) for a, b in itertools.pairwise(rows) if a[0] == b[0]]
    assert len(pairs) == 6
    assert sum(a == b for a, b in pairs) == 2


@pytest.mark.parametrize(
    ("name", "start", "odd"),
    [("dst-back", "2023-10-29 02:40:00", -3540.0), ("dst-forward", "2024-03-31 01:40:00", 3660.0)],
)
def test_clock_change_is_one_odd_step_at_its_hour(name: str, start: str, odd: float) -> None:
    raw = log(name, start=start, interval=60)
    assert steps(raw).count(odd) == 1
    assert steps(raw).index(odd) == 19
    assert steps(raw).count(60.0) == ROWS - 2


def test_clock_change_comes_half_way_where_its_hour_is_not_reached() -> None:
    assert steps(log("dst-back")).index(-3599.0) == ROWS // 2 - 1


def test_gap_is_four_hours() -> None:
    assert steps(log("gap")).count(4 * 3600 + 1.0) == 1


def test_interval_changes_from_one_second_to_two_and_a_half() -> None:
    after = steps(log("interval-change"))[ROWS // 2 :]
    assert set(after) == {2.0, 3.0}


def test_bad_rows_stand_between_good_ones() -> None:
    lines = log("bad-rows").split(b"\r\n")
    assert [line for line in lines if line not in lines[-1:] and line in PLAIN.split(b"\r\n")] == PLAIN.split(b"\r\n")[
        :-1
    ]
    assert len(lines) == ROWS + 1 + 6 + 1


def test_quirks_combine() -> None:
    raw = log("utf16-be", "failed-read", "repeated-header", "lf")
    text = raw.decode("utf-16")
    assert text.count("Date") == 4
    assert "\r" not in text


def test_two_encodings_are_refused() -> None:
    with pytest.raises(Misconfigured, match="utf8 and utf16-le"):
        log("utf16-le", "utf8")


def test_unknown_quirk_is_named() -> None:
    with pytest.raises(Misconfigured, match="teapot"):
        log("teapot")
