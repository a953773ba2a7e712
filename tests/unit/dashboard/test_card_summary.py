"""What a card says of a session: figures that were worked out by hand beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from dashboard.card import Card
from dashboard.card_builder import CardBuilder
from dashboard.card_summary import Tariff, cards
from dashboard.card_track import STEPS
from support.sessions import METRICS, session, simulated
from telemetry.reading import Reading

TARIFF = Tariff(0.4, "CHF")


def card_of(readings: Iterable[Reading]) -> Card:
    (card,) = cards(readings, METRICS, TARIFF)
    return card


def steady(seconds: int, metrics: Mapping[str, float], begin: float = 0) -> list[tuple[float, Mapping[str, float]]]:
    return [(begin + n, metrics) for n in range(seconds)]


def test_length_counts_every_row_for_its_second() -> None:
    card = card_of(session(steady(360, {"gpu_temperature": 60.0})))
    assert (card.seconds, card.elapsed, card.interval, card.gap_count) == (360, 359, 1, 0)
    assert card.begin.recorded == "2023-11-14 23:14:00"


def test_gap_is_told_and_left_out() -> None:
    rows = steady(60, {"gpu_load": 5.0}) + steady(60, {"gpu_load": 5.0}, begin=7200)
    card = card_of(session(rows))
    assert card.seconds == 120
    assert card.elapsed == 7259
    assert [(gap.begin.recorded, gap.seconds) for gap in card.gaps] == [("2023-11-14 23:14:59", 7141)]


def test_rows_of_one_second_are_no_gap_and_no_interval() -> None:
    card = card_of(session([(second, {"gpu_load": 1.0}) for second in (0, 0.001, 2, 3, 4, 4.001, 5)]))
    assert (card.interval, card.gap_count, card.seconds) == (1, 0, 6)


@pytest.mark.parametrize("interval", [5, 10, 30, 60])
def test_log_with_a_long_interval_has_no_gaps(interval: int) -> None:
    card = card_of(session([(n * interval, {"gpu_load": 1.0}) for n in range(30)]))
    assert (card.interval, card.gap_count, card.seconds) == (interval, 0, 30 * interval)


def test_single_row_makes_a_card() -> None:
    card = card_of(session([(0, {"gpu_temperature": 50.0})]))
    assert (card.seconds, card.interval, card.energy) == (0, None, None)


def test_peak_has_its_first_moment() -> None:
    heat = [60.0, 71.0, 83.5, 83.5, 70.0]
    card = card_of(session([(n, {"gpu_temperature": value}) for n, value in enumerate(heat)]))
    (sensor,) = card.sensors
    assert (sensor.highest.value, sensor.highest.at.recorded) == (83.5, "2023-11-14 23:14:02")
    assert sensor.lowest.value == 60.0
    assert sensor.average == pytest.approx(sum(heat) / 5)


def test_throttling_is_told_in_words_and_idle_is_none() -> None:
    masks = [16] * 10 + [1] * 20 + [3] * 5 + [4] * 25
    card = card_of(session([(n, {"perfcap_reason": float(mask)}) for n, mask in enumerate(masks)]))
    assert card.throttling is not None
    assert card.throttling.seconds == 25
    told = [(each.words, each.seconds, each.is_throttling) for each in card.throttling.reasons]
    assert told == [
        ("power limit", 25, True),
        ("thermal limit", 5, True),
        ("reliability voltage", 25, False),
        ("idle", 10, False),
    ]


def test_log_without_reasons_does_not_claim_that_nothing_throttled() -> None:
    assert card_of(session(steady(5, {"gpu_load": 9.0}))).throttling is None


def test_time_beyond_critical_is_beyond_warning_too() -> None:
    heat = [80.0] * 10 + [90.0] * 20 + [96.0] * 5 + [85.0] * 5
    card = card_of(session([(n, {"gpu_temperature": value}) for n, value in enumerate(heat)]))
    assert [(each.severity, each.level, each.seconds) for each in card.exceeded] == [
        ("critical", 95, 5),
        ("warning", 85, 25),
    ]
    assert card.exceeded[0].worst.at.recorded == "2023-11-14 23:14:30"


def test_limit_below_counts_downwards() -> None:
    volts = [12.0] * 10 + [11.3] * 10 + [10.9] * 4
    card = card_of(session([(n, {"pcie_slot_voltage": value}) for n, value in enumerate(volts)]))
    assert [(each.severity, each.direction, each.seconds) for each in card.exceeded] == [
        ("critical", "below", 4),
        ("warning", "below", 14),
    ]
    assert card.exceeded[0].worst.value == 10.9


def test_limit_of_the_model_holds() -> None:
    rows = steady(5, {"board_power_draw": 440.0})
    assert card_of(session(rows)).exceeded != ()
    card = card_of(session(rows, model="NVIDIA GeForce RTX 4090"))
    assert card.exceeded == ()
    assert [(sensor.name, level) for sensor, level in card.within] == [("board_power_draw", 470)]


def test_busy_card_is_no_fault() -> None:
    (exceeded,) = card_of(session(steady(5, {"gpu_load": 99.0}))).exceeded
    assert not exceeded.is_fault


def test_energy_is_the_area_under_the_power() -> None:
    rows = [(n, {"board_power_draw": 100.0 + n, "gpu_power": 7.0}) for n in range(101)]
    energy = card_of(session(rows)).energy
    assert energy is not None
    # 100 s at 150 W on average
    assert energy.kwh == pytest.approx(15_000 / 3.6e6)
    assert energy.cost == pytest.approx(15_000 / 3.6e6 * 0.4)
    assert (energy.currency, energy.label, energy.seconds) == ("CHF", "Board power", 100)


def test_energy_bridges_ten_seconds_and_no_more() -> None:
    rows = [(0, {"board_power_draw": 360.0}), (10, {"board_power_draw": 360.0}), (21, {"board_power_draw": 360.0})]
    energy = card_of(session(rows)).energy
    assert energy is not None
    assert energy.kwh == pytest.approx(0.001)
    assert energy.seconds == 10


def test_energy_bridges_rows_that_do_not_know_power() -> None:
    rows: list[tuple[float, Mapping[str, float]]] = [
        (0, {"board_power_draw": 100.0}),
        (1, {"gpu_load": 5.0}),
        (2, {"board_power_draw": 200.0}),
    ]
    energy = card_of(session(rows)).energy
    assert energy is not None
    assert energy.kwh == pytest.approx(300 / 3.6e6)


def test_energy_of_an_integrated_gpu_comes_from_its_own_sensor() -> None:
    energy = card_of(session(steady(3601, {"gpu_power": 10.0}))).energy
    assert energy is not None
    assert energy.kwh == pytest.approx(0.01)
    assert energy.label == "GPU power"


@pytest.mark.parametrize(
    ("metrics", "apart", "why"),
    [
        ({"gpu_chip_power_draw": 99.0}, 1, "No sensor of this log tells the power of the whole card."),
        ({"gpu_power": 0.0}, 1, "GPU power shows nothing but 0"),
        ({"board_power_draw": 99.0}, 20, "No two readings lie within 10 s"),
    ],
)
def test_no_energy_where_nothing_tells_the_power_of_the_card(
    metrics: Mapping[str, float], apart: int, why: str
) -> None:
    card = card_of(session([(n * apart, metrics) for n in range(10)]))
    assert card.energy is None
    assert card.no_energy.startswith(why)


def test_worst_minute_is_the_one_with_trouble_not_the_hottest() -> None:
    rows = steady(60, {"gpu_temperature": 84.0, "perfcap_reason": 4.0})
    rows += steady(60, {"gpu_temperature": 82.0, "perfcap_reason": 2.0}, begin=60)
    worst = card_of(session(rows)).worst_minute
    assert worst is not None
    assert worst.begin.recorded == "2023-11-14 23:15:00"
    assert worst.troubles == ("throttled 1 min: thermal limit",)
    assert worst.title == "Worst minute"
    assert [(sensor.name, value) for sensor, value in worst.averages] == [("gpu_temperature", 82.0)]


def test_worst_minute_without_trouble_is_the_hottest() -> None:
    rows = [(n, {"gpu_temperature": 50.0 + n / 10 if n < 120 else 40.0, "gpu_load": 99.0}) for n in range(180)]
    worst = card_of(session(rows)).worst_minute
    assert worst is not None
    assert worst.begin.recorded == "2023-11-14 23:15:00"
    assert worst.troubles == ()
    assert worst.title == "Hottest minute"


def test_flags_are_counted_by_kind() -> None:
    failed = {"gpu_temperature": "failed_read", "gpu_load": "failed_read"}
    flags = {3: failed, 4: failed, 9: {"gpu_temperature": "false_zero"}, 11: {"*": "assumed_layout"}}
    quality = card_of(session(steady(40, {"gpu_clock": 1000.0}), flags=flags)).quality
    assert (quality.rows, quality.flagged_rows) == (40, 4)
    told = {each.why: (each.values, each.readings, each.sensors) for each in quality.flags}
    assert told["the card did not answer"] == (4, 2, ("GPU temperature", "GPU load"))
    assert told["a zero that cannot be"] == (1, 1, ("GPU temperature",))
    assert told["rows without a header of their own"] == (0, 1, ())


def test_sensor_that_lies_all_the_time_is_named_and_a_silent_one_is_not_called_a_liar() -> None:
    flags = {n: {"fan1_speed_rpm": "false_zero", "gpu_voltage": "failed_read"} for n in range(100)}
    lies = card_of(session(steady(100, {"fan1_speed_percent": 40.0}), flags=flags)).quality.lies
    assert lies == ("Fan 1 speed cannot be believed: a zero that cannot be in 100 % of the rows.",)


def test_part_that_exceeds_its_whole_lies() -> None:
    rows = steady(50, {"board_power_draw": 33.0, "gpu_chip_power_draw": 69.0, "pcie_slot_power": 14.0})
    (lie,) = card_of(session(rows)).quality.lies
    assert lie.startswith("GPU chip power shows more than Board power, of which it is a part, in 100 % of the rows")


def test_sensor_that_stays_at_zero_is_noted() -> None:
    rows = steady(50, {"mvddq_power_draw": 0.0, "video_engine_load": 0.0})
    assert card_of(session(rows)).quality.notes == (
        "0 all the time, so switched off or not measured by this card: Memory I/O power (MVDDQ).",
    )


def test_rows_that_never_arrived_are_missed() -> None:
    readings = [reading for reading in session(steady(20, {"gpu_load": 1.0})) if reading.row not in {5, 6, 11}]
    assert card_of(readings).quality.missing_rows == 3


def test_each_gpu_has_its_card() -> None:
    first = session(steady(3, {"gpu_load": 1.0}), gpu="desk:0")
    second = session(steady(3, {"gpu_load": 2.0}), gpu="desk:1")
    mixed = [reading for pair in zip(first, second, strict=True) for reading in pair]
    made = cards(mixed, METRICS, TARIFF)
    assert [(card.gpu, card.sensors[0].average) for card in made] == [("desk:0", 1.0), ("desk:1", 2.0)]


def test_unknown_sensor_is_shown_under_its_name() -> None:
    (sensor,) = card_of(session(steady(3, {"flux_capacitor_gj": 1.21}))).sensors
    assert (sensor.label, sensor.kind, sensor.is_headline) == ("flux capacitor gj", "", False)


def test_step_has_the_extremes_of_all_its_readings_however_long_the_log() -> None:
    heat = [50.0] * 20_000
    heat[12_345] = 91.0
    charts = card_of(session([(n, {"gpu_temperature": value}) for n, value in enumerate(heat)])).charts
    (chart,) = charts.charts
    points = [point for point in chart.lines[0].points if point is not None]
    assert STEPS / 2 <= len(charts.moments) <= STEPS
    assert max(point[2] for point in points) == 91.0
    assert sum(point[2] == 91.0 for point in points) == 1
    peak = next(n for n, point in enumerate(points) if point[2] == 91.0)
    assert peak / len(points) == pytest.approx(12_345 / 20_000, abs=0.01)


def test_builder_holds_no_more_after_a_long_log_than_after_a_short_one() -> None:
    def size(rows: int) -> int:
        # Every third row comes late, in ever another distance: gaps and intervals must not pile up.
        times = (n * 5 + (n % 3 == 0) * (n % 977) for n in range(rows))
        readings = list(session((second, {"gpu_load": 1.0, f"odd_{n % 997}": 1.0}) for n, second in enumerate(times)))
        builder = CardBuilder(readings[0], METRICS)
        for reading in readings:
            builder.add(reading)
        held = [len(track.series.sums) for track in builder.tracks.values() if track.series]
        return len(builder.tracks) + len(builder.gaps) + len(builder.gap_steps) + sum(held) + len(builder.step_moments)

    assert size(20_000) <= size(2_000) + 2 * STEPS


def test_demonstration_is_told_as_what_it_is() -> None:
    card = card_of(simulated("rtx-3080", "failing-fan", rows=360))
    assert {(each.sensor.name, each.severity) for each in card.exceeded if each.is_fault} >= {
        ("gpu_temperature", "critical"),
        ("gpu_temperature", "warning"),
    }
    assert card.throttling is not None
    assert 90 < card.throttling.seconds < 180
    assert [each.words for each in card.throttling.reasons if each.is_throttling] == ["thermal limit"]
    assert card.energy is not None
    assert 0.01 < card.energy.kwh < 0.03
    assert card.quality.lies == ()
