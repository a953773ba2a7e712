"""What GPU-Z writes that is no measurement: never passed on, always flagged."""

from __future__ import annotations

import pytest

from support.gpuz_logs import NOW, header, row, walk
from telemetry.reading import Reading, decode, encode

CARD = (
    "GPU Clock [MHz]",
    "GPU Temperature [°C]",
    "GPU Load [%]",
    "PerfCap Reason []",
    "VDDC [V]",
    "CPU Temperature [°C]",
)


def only(*cells: object, columns: tuple[str, ...] = CARD) -> Reading:
    (reading,) = walk(header(*columns) + row(1, *cells)).readings
    return reading


def test_a_healthy_row_has_no_flags() -> None:
    assert only(1500.0, 60.0, 0, 0, 1.05, 40.0).flags == {}


def test_zeros_beside_missing_values_of_a_failed_read_are_false() -> None:
    reading = only("-", "0.0", "-", "0", "0.0000", "41.0")
    assert reading.metrics == {"cpu_temperature": 41.0}
    assert set(reading.flags.values()) == {"failed_read"}
    assert set(reading.flags) == {"gpu_clock", "gpu_temperature", "gpu_load", "perfcap_reason", "gpu_voltage"}


def test_values_of_the_machine_survive_a_failed_read() -> None:
    columns = ("GPU Clock [MHz]", "GPU Load [%]", "Memory Used (Dynamic) [MB]", "System Memory Used [MB]")
    reading = only("-", "-", 29, 7000, columns=columns)
    assert reading.metrics == {"gpu_memory_used_dynamic": 29, "system_memory_used": 7000}


def test_one_sensor_that_an_integrated_gpu_lacks_makes_no_failed_read() -> None:
    columns = ("GPU Clock [MHz]", "GPU Load [%]", "GPU Power [W]", "GPU Voltage [V]")
    reading = only("99.8", "0", "0.0", "-", columns=columns)
    assert reading.metrics == {"gpu_clock": 99.8, "gpu_load": 0, "gpu_power": 0.0}
    assert reading.flags == {"gpu_voltage": "failed_read"}


def test_a_lone_zero_temperature_is_false() -> None:
    reading = only(1500.0, "0.0", 96, 1, 1.05, 40.0)
    assert reading.flags == {"gpu_temperature": "false_zero"}
    assert "gpu_temperature" not in reading.metrics


@pytest.mark.parametrize(("duty", "flags"), [(52, {"fan1_speed_rpm": "false_zero"}), (0, {})])
def test_a_fan_that_stands_still_while_it_is_driven_lies(duty: int, flags: dict[str, str]) -> None:
    assert only(duty, 0, columns=("Fan 1 Speed (%) [%]", "Fan 1 Speed (RPM) [RPM]")).flags == flags


@pytest.mark.parametrize("cell", ["6553.5", "-300.0", "1e9"])
def test_an_implausible_value_costs_the_metric_not_the_reading(cell: str) -> None:
    reading = only(1500.0, cell, 50, 1, 1.05, 40.0)
    assert reading.flags == {"gpu_temperature": "implausible"}
    assert reading.metrics["gpu_load"] == 50


def test_temperatures_below_zero_are_possible() -> None:
    assert only(1500.0, "-10.5", 50, 1, 1.05, 40.0).metrics["gpu_temperature"] == -10.5


@pytest.mark.parametrize(
    "cell", ["n/a", "NaN", "inf", "true", "null", '"5"', "[1]", "1_0", "0x10", "١٢".encode().decode("latin-1")]
)
def test_what_is_no_number_is_flagged(cell: str) -> None:
    assert only(1500.0, 60.0, cell, 1, 1.05, 40.0).flags == {"gpu_load": "not_a_number"}


def test_an_empty_cell_is_a_failed_read() -> None:
    assert only(1500.0, 60.0, "", 1, 1.05, 40.0).flags == {"gpu_load": "failed_read"}


def test_power_above_its_limit_is_legal() -> None:
    assert only("108.1", columns=("Power Consumption (%) [% TDP]",)).metrics == {"power_consumption_percent": 108.1}


def test_sensors_that_stayed_zero_are_named_at_the_end() -> None:
    columns = ("GPU Load [%]", "MVDDQ Power Draw [W]", "Video Engine Load [%]", "Power Consumption (%) [% TDP]")
    log = header(*columns) + row(1, 0, 0.0, 0, 0.0) + row(2, 90, 0.0, 0, 0.0) + row(3, 90, 0.0, 5, 0.0)
    assert walk(log).tally.stayed_zero == ["mvddq_power_draw", "power_consumption_percent"]


def test_a_value_is_written_alike_in_a_whole_row_and_in_a_failed_one() -> None:
    whole, failed = walk(header("GPU Load [%]", "GPU Clock [MHz]") + row(1, 50, 1500.0) + row(2, 50, "-")).readings
    assert repr(whole.metrics["gpu_load"]) == repr(failed.metrics["gpu_load"])


def test_half_the_card_missing_makes_the_other_zeros_false_even_if_each_could_be() -> None:
    columns = ("GPU Clock [MHz]", "GPU Load [%]", "PerfCap Reason []", "Memory Used [MB]", "System Memory Used [MB]")
    reading = only("-", "-", "0", "0", "0", columns=columns)
    of_card = ("gpu_clock", "gpu_load", "perfcap_reason", "gpu_memory_used")
    assert reading.metrics == {}
    # What the machine says has not failed with the card; no machine uses no memory, though.
    assert reading.flags == {**dict.fromkeys(of_card, "failed_read"), "system_memory_used": "false_zero"}


def test_a_zero_that_cannot_be_is_false_beside_a_single_missing_value_too() -> None:
    reading = only("-", "0.0", 96, 1, 1.05, 40.0)
    assert reading.flags == {"gpu_clock": "failed_read", "gpu_temperature": "false_zero"}


def test_an_integer_beyond_64_bits_arrives_as_the_float_that_it_is() -> None:
    columns = ("GPU Load [%]", "Flux Capacitor [GW]", "Dash [W]")
    plain, judged = walk(
        header(*columns[:2]) + row(1, 5, "9" * 25) + header(*columns) + row(2, 5, "9" * 25, "-")
    ).readings
    assert plain.metrics["flux_capacitor_gw"] == judged.metrics["flux_capacitor_gw"] == 1e25
    assert decode(encode(judged), NOW) == judged


@pytest.mark.parametrize("cell", ["9" * 400, "9" * 5000, "1e999"])
def test_a_number_that_no_float_holds_is_none(cell: str) -> None:
    assert only(cell, columns=("Flux Capacitor [GW]",)).flags == {"flux_capacitor_gw": "not_a_number"}
