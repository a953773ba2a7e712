"""Each fault that the simulator can write is read for what it is: beside the same log without it, nothing is lost."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from functools import cache

import pytest

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.gpuz_writer import record
from kafka_producer.simulate.quirks import ENCODINGS, QUIRKS, render
from kafka_producer.simulate.scenarios import SCENARIOS
from support.gpuz_logs import Walked, walk
from telemetry.reading import Reading
from telemetry.timestamp import MILLISECOND, SECOND, parse_time

ROWS = 48
HARMLESS = {*ENCODINGS, "lf", "semicolon-decimal-comma", "nul-hole", "repeated-header", "utf8-mixed-degree"}
"""Quirks after which a log must say exactly what it said before."""
OTHERS = {
    "layout-change", "no-header-first", "no-header", "failed-read", "dash", "lone-zero", "constant-zero",
    "duplicate-column", "unknown-column", "duplicate-timestamps", "interval-change", "gap", "dst-back", "dst-forward",
    "sub-second", "bad-rows", "unfinished-last-line",
}  # fmt: skip


@cache
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


def said(readings: list[Reading]) -> list[tuple[int, dict[str, float], dict[str, str]]]:
    return [(reading.time, dict(reading.metrics), dict(reading.flags)) for reading in readings]


@cache
def plain() -> Walked:
    walked = walk(log())
    assert (len(walked.readings), walked.reasons, walked.tally.flags, walked.tally.unknown) == (ROWS, [], {}, [])
    return walked


def test_every_quirk_has_its_test() -> None:
    assert set(QUIRKS) == HARMLESS | OTHERS


@pytest.mark.parametrize("quirk", sorted(HARMLESS))
def test_harmless_quirks_change_nothing(quirk: str) -> None:
    walked = walk(log(quirk, "repeated-header") if quirk == "utf8-mixed-degree" else log(quirk))
    assert walked.reasons == []
    assert said(walked.readings) == said(plain().readings)


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("encoding", ["utf16-le", "cjk-cp949", "utf8-no-degree"])
def test_every_card_is_read_in_other_encodings(card: str, encoding: str) -> None:
    walked = walk(log(encoding, card=card))
    assert len(walked.readings) == ROWS
    assert walked.tally.unknown == walk(log(card=card)).tally.unknown
    assert said(walked.readings) == said(walk(log(card=card)).readings)


def test_a_layout_that_changes_is_followed() -> None:
    walked = walk(log("layout-change"))
    assert len(walked.readings) == ROWS
    for reading, whole in zip(walked.readings, plain().readings, strict=True):
        assert reading.metrics.items() <= whole.metrics.items()
    assert walked.readings[0].metrics == plain().readings[0].metrics
    assert len(walked.readings[-1].metrics) < len(plain().readings[-1].metrics)


def test_rows_before_the_first_header_are_kept_and_flagged() -> None:
    readings = walk(log("no-header-first")).readings
    assert [reading.metrics for reading in readings] == [reading.metrics for reading in plain().readings]
    first = int(ROWS * 0.3)
    assert [dict(reading.flags) for reading in readings] == [{"*": "assumed_layout"}] * first + [{}] * (ROWS - first)


def test_a_log_without_any_header_is_rejected_row_by_row_or_read_by_the_configured_one() -> None:
    walked = walk(log("no-header"))
    assert (walked.readings, walked.reasons) == ([], ["no_header"] * ROWS)
    configured = log().split(b"\r\n")[0].decode("latin-1")
    readings = walk(log("no-header"), configured=configured).readings
    assert [reading.metrics for reading in readings] == [reading.metrics for reading in plain().readings]


def test_a_failed_read_leaves_nothing_but_what_the_machine_said() -> None:
    walked = walk(log("failed-read"))
    failed = [n for n, reading in enumerate(walked.readings) if reading.flags]
    assert failed == list(range(int(ROWS * 0.4), int(ROWS * 0.4) + 5))
    for n, (reading, whole) in enumerate(zip(walked.readings, plain().readings, strict=True)):
        kept = {"cpu_temperature", "system_memory_used"} if n in failed else whole.metrics.keys()
        assert reading.metrics == {name: whole.metrics[name] for name in kept}
        assert set(reading.flags) == (whole.metrics.keys() - kept)
    assert set(walked.tally.flags) == {"failed_read"}


def test_single_dashes_cost_their_sensor_alone() -> None:
    walked = walk(log("dash"))
    assert walked.tally.flags["failed_read"] > 0
    for reading, whole in zip(walked.readings, plain().readings, strict=True):
        assert reading.metrics.items() <= whole.metrics.items()
        assert set(reading.flags) == whole.metrics.keys() - reading.metrics.keys()
        assert len(reading.flags) in (0, 3)


def test_a_lone_false_zero_does_not_arrive() -> None:
    readings = walk(log("lone-zero")).readings
    lost = {n: dict(reading.flags) for n, reading in enumerate(readings) if reading.flags}
    assert lost == {
        int(ROWS * 0.35): {"gpu_temperature": "false_zero"},
        int(ROWS * 0.65): {"gpu_voltage": "false_zero"},
    }
    assert not any(
        reading.metrics.get(name) == 0 for reading in readings for name in ("gpu_temperature", "gpu_voltage")
    )


def test_sensors_that_are_always_0_are_told_and_their_zeros_under_load_dropped() -> None:
    walked = walk(log("constant-zero"))
    lied = {"fan1_speed_rpm", "fan2_speed_rpm", "power_consumption_percent"}
    assert lied <= set(walked.tally.stayed_zero)
    assert not lied & set(plain().tally.stayed_zero)
    for reading in walked.readings:
        assert {name: reading.flags.get(name) for name in sorted(lied)} == dict.fromkeys(sorted(lied), "false_zero")


def test_the_same_column_twice_is_two_metrics() -> None:
    for reading, whole in zip(walk(log("duplicate-column")).readings, plain().readings, strict=True):
        second = reading.metrics["memory_clock_2"]
        assert second == pytest.approx(whole.metrics["memory_clock"] * 0.97, abs=0.06)
        assert reading.metrics == {**whole.metrics, "memory_clock_2": second}


def test_columns_that_nobody_knows_arrive() -> None:
    walked = walk(log("unknown-column"))
    assert walked.tally.unknown == ["flux_capacitor_left_gj", "coil_whine"]
    for n, (reading, whole) in enumerate(zip(walked.readings, plain().readings, strict=True)):
        extra = {"flux_capacitor_left_gj": round(1.21 + n / 100, 2), "coil_whine": n % 7}
        assert reading.metrics == pytest.approx({**whole.metrics, **extra})


def test_all_rows_of_one_second_survive_in_order() -> None:
    readings = walk(log("duplicate-timestamps")).readings
    assert len(readings) == ROWS
    times = [reading.time for reading in readings]
    assert times == sorted(set(times))
    twins = [(a, b) for a, b in itertools.pairwise(readings) if a.recorded == b.recorded]
    assert len(twins) == 6
    assert {b.time - a.time for a, b in twins} == {MILLISECOND}


@pytest.mark.parametrize(
    ("quirk", "steps"),
    [
        ("gap", {SECOND, 4 * 3600 * SECOND + SECOND}),
        ("interval-change", {SECOND, 2 * SECOND, 3 * SECOND}),
    ],
)
def test_gaps_and_changes_of_the_interval_stand_in_the_times(quirk: str, steps: set[int]) -> None:
    readings = walk(log(quirk)).readings
    assert {b.time - a.time for a, b in itertools.pairwise(readings)} == steps
    assert [dict(reading.metrics) for reading in readings] == [dict(reading.metrics) for reading in plain().readings]


@pytest.mark.parametrize(
    ("quirk", "start"), [("dst-back", "2023-10-29 02:40:00"), ("dst-forward", "2024-03-31 01:40:00")]
)
def test_clock_changes_leave_even_times(quirk: str, start: str) -> None:
    readings = walk(log(quirk, start=start, interval=60), "Europe/Berlin").readings
    assert len(readings) == ROWS
    steps = {b.time - a.time for a, b in itertools.pairwise(readings)}
    assert steps == {60 * SECOND}


def test_times_finer_than_a_second_are_kept() -> None:
    readings = walk(log("sub-second")).readings
    assert [reading.time for reading in readings] == [parse_time(f"{reading.recorded}Z") for reading in readings]
    assert any(reading.time % SECOND for reading in readings)
    assert [reading.metrics for reading in readings] == [reading.metrics for reading in plain().readings]


def test_bad_rows_are_rejected_for_their_reason_and_cost_no_other() -> None:
    walked = walk(log("bad-rows"))
    assert walked.reasons == ["ragged_row", "ragged_row", "bad_time", "not_a_row"]
    (hot,) = [reading for reading in walked.readings if reading.flags]
    assert set(hot.flags.values()) == {"not_a_number"}
    others = [dict(reading.metrics) for reading in walked.readings if reading is not hot]
    assert others == [dict(reading.metrics) for reading in plain().readings]


def test_half_a_last_line_is_no_reading() -> None:
    walked = walk(log("unfinished-last-line"))
    assert walked.reasons == ["unfinished_row"]
    assert said(walked.readings) == said(plain().readings[:-1])


def test_times_begin_where_the_log_says() -> None:
    assert plain().readings[0].time == parse_time("2026-01-15T12:00:00Z")
    assert timedelta(microseconds=plain().readings[-1].time - plain().readings[0].time) == timedelta(seconds=ROWS - 1)
