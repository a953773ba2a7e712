"""Logs of HWiNFO, LibreHardwareMonitor and nvidia-smi, written here as these programs write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kafka_producer.sources.hwinfo import cards_of
from kafka_producer.sources.logs.dialects import DIALECTS, dialect_of
from support.gpuz_logs import file_of, header, walk
from telemetry.reading import Reading

HWINFO_NAMES = (
    'Date,Time,"Physical Memory Used [MB]","CPU Package [°C]","GPU Temperature [°C]","GPU Hot Spot Temperature [°C]",'
    '"GPU Power [W]","GPU Clock [MHz]","GPU Core Load [%]","Performance Limit - Power [Yes/No]",'
    '"Performance Limit - Thermal [Yes/No]","PCIe Link Speed [GT/s]","Read Total [GB]",\r\n'
)
HWINFO_ROW = "16.6.2023,10:17:08.123,9041,55.0,61.0,72.5,250.1,2400.0,98.0,Yes,No,16.0,5.2,\r\n"
HWINFO_DEVICES = ',,"System: X","CPU [#0]: Y"' + ',"GPU [#0]: Z"' * 8 + ',"Drive: W",\r\n'
HWINFO_VALUES = {
    "system_memory_used": 9041, "cpu_temperature": 55.0, "gpu_temperature": 61.0, "hot_spot_temperature": 72.5,
    "board_power_draw": 250.1, "gpu_clock": 2400.0, "gpu_load": 98.0, "perfcap_reason": 1,
    "pcie_link_speed_gt_s": 16.0, "read_total_gb": 5.2,
}  # fmt: skip
LIBRE = (
    ",/intelcpu/0/temperature/0,/gpu-nvidia/0/temperature/0,/gpu-nvidia/0/load/0,/gpu-nvidia/0/throughput/0\r\n"
    'Time,"CPU Package","GPU Core","GPU Core","GPU PCIe Rx"\r\n'
)
LIBRE_ROW = "06/05/2023 10:17:08,55,61.5,98,2500000000\r\n"
LIBRE_VALUES = {"cpu_temperature": 55, "gpu_temperature": 61.5, "gpu_load": 98, "pcie_rx": 2.5}
SMI = "timestamp, index, name, pstate, temperature.gpu, utilization.gpu [%], memory.used [MiB], power.draw [W]\n"
SMI_ROW = "2023/06/16 10:17:08.123, 0, NVIDIA A100, P0, 45, 98 %, 1024 MiB, 183.40 W\n"
SMI_VALUES = {
    "performance_state": 0, "gpu_temperature": 45, "gpu_load": 98, "gpu_memory_used": 1024, "board_power_draw": 183.4,
}  # fmt: skip


def only(content: str | bytes) -> Reading:
    walked = walk(content)
    assert walked.reasons == []
    (reading,) = walked.readings
    return reading


WHOLE: dict[str, tuple[str | bytes, dict[str, float]]] = {
    "hwinfo": (HWINFO_NAMES + HWINFO_ROW, HWINFO_VALUES),
    "hwinfo with its last two lines": (HWINFO_NAMES + HWINFO_ROW + HWINFO_NAMES + HWINFO_DEVICES, HWINFO_VALUES),
    "hwinfo in UTF-8": ((HWINFO_NAMES + HWINFO_ROW).encode(), HWINFO_VALUES),
    "hwinfo in UTF-8 with a mark": ((HWINFO_NAMES + HWINFO_ROW).encode("utf-8-sig"), HWINFO_VALUES),
    "hwinfo in UTF-16": ((HWINFO_NAMES + HWINFO_ROW).encode("utf-16"), HWINFO_VALUES),
    "hwinfo without a closing comma": (HWINFO_NAMES[:-3] + "\n" + HWINFO_ROW[:-3] + "\n", HWINFO_VALUES),
    "hwinfo with quotes everywhere": (
        HWINFO_NAMES.replace("Date,Time", '"Date","Time"')
        + ",".join(f'"{cell}"' for cell in HWINFO_ROW.strip().strip(",").split(",")) + "\n",
        HWINFO_VALUES,
    ),
    "hwinfo with decimal commas in quotes": (HWINFO_NAMES + HWINFO_ROW.replace("250.1", '"250,1"'), HWINFO_VALUES),
    "hwinfo with semicolons": (
        HWINFO_NAMES.replace(",", ";") + HWINFO_ROW.replace(",", ";").replace(".0;", ",0;").replace("250.1", "250,1")
        .replace("72.5", "72,5").replace("5.2;", "5,2;"),
        HWINFO_VALUES,
    ),
    "hwinfo with tabs": (HWINFO_NAMES.replace(",", "\t") + HWINFO_ROW.replace(",", "\t"), HWINFO_VALUES),
    "hwinfo behind a hole of NULs": ("\0" * 500 + HWINFO_NAMES + "\0" * 900 + HWINFO_ROW, HWINFO_VALUES),
    "librehardwaremonitor": (LIBRE + LIBRE_ROW, LIBRE_VALUES),
    "librehardwaremonitor with semicolons": (
        LIBRE.replace(",", ";") + LIBRE_ROW.replace(",", ";").replace("61.5", "61,5"), LIBRE_VALUES,
    ),
    "openhardwaremonitor": (LIBRE.replace("gpu-nvidia", "nvidiagpu") + LIBRE_ROW, LIBRE_VALUES),
    "nvidia-smi": (SMI + SMI_ROW, SMI_VALUES),
    "nvidia-smi without units": (
        SMI + SMI_ROW.replace(" %", "").replace(" MiB", "").replace(" W", ""), SMI_VALUES,
    ),
    "nvidia-smi with the time somewhere": (
        "index, temperature.gpu, timestamp\n0, 45, 2023/06/16 10:17:08.123\n", {"gpu_temperature": 45},
    ),
    "nvidia-smi on a card that has no fan": (
        "timestamp, temperature.gpu, fan.speed [%], ecc.errors.corrected.volatile.total\n"
        "2023/06/16 10:17:08.123, 45, [N/A], [Not Supported]\n", {"gpu_temperature": 45},
    ),
    "nvidia-smi with reasons as a mask": (
        "timestamp, clocks_throttle_reasons.active\n2023/06/16 10:17:08.123, 0x0000000000000044\n",
        {"clocks_event_reasons": 68},
    ),
    "nvidia-smi with reasons as words": (
        "timestamp, clocks_event_reasons.hw_slowdown, clocks_event_reasons.sw_power_cap\n"
        "2023/06/16 10:17:08.123, Active, Not Active\n", {"clocks_event_reasons": 8},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_values_have_the_names_and_units_of_the_catalogue(name: str) -> None:
    content, values = WHOLE[name]
    reading = only(content)
    assert dict(reading.metrics) == values
    assert (reading.source, reading.gpu, dict(reading.flags)) == (file_of(content).dialect.source, "desk:0", {})


def test_no_two_programs_claim_one_header() -> None:
    lines = [header("GPU Load [%]"), HWINFO_NAMES, LIBRE.splitlines()[0], SMI]
    for line, dialect in zip(lines, DIALECTS, strict=True):
        raw = line.encode("latin-1")
        assert [each.program for each in DIALECTS if each.is_header(raw)] == [dialect.program]
        assert dialect_of(raw) is dialect


STAMPS = [
    ("16.6.2023,10:17:08.123", "2023-06-16T10:17:08.123"),
    ("6.7.2023,1:07:08", "2023-07-06T01:07:08"),
    ("2023-06-16,10:17:08.5", "2023-06-16T10:17:08.5"),
    ("16-06-2023,10:17:08", "2023-06-16T10:17:08"),
    ("2023/6/16,10:17:08", "2023-06-16T10:17:08"),
    ("6/16/2023,10:17:08", "2023-06-16T10:17:08"),
    ("16/6/2023,10:17:08", "2023-06-16T10:17:08"),
    ("5/6/2023,10:17:08", "2023-05-06T10:17:08"),
    ('"16.6.2023","10:17:08.123"', "2023-06-16T10:17:08.123"),
]


@pytest.mark.parametrize(("stamp", "recorded"), STAMPS)
def test_dates_are_read_in_every_order(stamp: str, recorded: str) -> None:
    assert only(f'Date,Time,"GPU Temperature [°C]"\n{stamp},45\n').recorded == recorded


def test_the_first_row_of_a_log_settles_the_order_of_its_dates() -> None:
    log = 'Date,Time,"GPU Temperature [°C]"\n30/5/2023,23:59:59,45\n1/6/2023,00:00:00,45\n'
    assert [reading.recorded for reading in walk(log).readings] == ["2023-05-30T23:59:59", "2023-06-01T00:00:00"]


TWO = [
    'Date,Time,"CPU Package [°C]","GPU Core Voltage (VDDCR_GFX) [V]","GPU Clock [MHz]","GPU Utilization [%]",'
    '"GPU Temperature [°C]","GPU Fan1 [RPM]","GPU Fan1 [%]","GPU Power [W]","GPU Clock [MHz]","GPU Core Load [%]",\n',
    "16.6.2023,10:17:08.123,55,0.7,600,3,61,1500,40,250,2400,98,\n",
    "16.6.2023,10:17:10.123,55,0.7,601,3,62,1500,40,250,2401,98,\n",
]


def test_cards_beside_each_other_become_a_reading_each() -> None:
    walked = walk("".join(TWO))
    assert [(each.gpu, each.row, each.recorded) for each in walked.readings] == [
        ("desk:0", 0, "2023-06-16T10:17:08.123"),
        ("desk:1", 1, "2023-06-16T10:17:08.123"),
        ("desk:0", 2, "2023-06-16T10:17:10.123"),
        ("desk:1", 3, "2023-06-16T10:17:10.123"),
    ]
    integrated, discrete = (dict(reading.metrics) for reading in walked.readings[:2])
    assert integrated == {"cpu_temperature": 55, "gpu_voltage": 0.7, "gpu_clock": 600, "gpu_load": 3}
    assert discrete == {
        "cpu_temperature": 55, "gpu_temperature": 61, "fan1_speed_rpm": 1500, "fan1_speed_percent": 40,
        "board_power_draw": 250, "gpu_clock": 2400, "gpu_load": 98,
    }  # fmt: skip
    assert file_of("".join(TWO)).cards == (0, 1)


T, P, C, L = "GPU Temperature [°C]", "GPU Power [W]", "GPU Clock [MHz]", "GPU Core Load [%]"
GROUPS: list[tuple[Sequence[str], Sequence[int | None]]] = [
    ([T, P, C, L], [0, 0, 0, 0]),
    ([T, P, T, P], [0, 0, 1, 1]),
    (["CPU [°C]", T, P, "Drive [°C]", T, P], [None, 0, 0, None, 1, 1]),
    ([T, P, "PCIe Errors []", C, L], [0, 0, 0, 0, 0]),
    ([C, L, T, P, C, L], [0, 0, 1, 1, 1, 1]),
    ([T, C, T, C, T, C], [0, 0, 1, 1, 2, 2]),
    ([L, L], [0, 1]),
    (["CPU [°C]"], [None]),
    ([], []),
]


@pytest.mark.parametrize(("names", "cards"), GROUPS)
def test_which_column_is_of_which_card(names: list[str], cards: list[int | None]) -> None:
    assert cards_of(names, ["GPU" in name for name in names]) == cards


def test_the_places_of_librehardwaremonitor_tell_cards_apart() -> None:
    log = (
        ",/gpu-nvidia/0/temperature/0,/gpu-intel-integrated/ven-8086/load/0,/gpu-nvidia/0/load/0\n"
        'Time,"GPU Core","D3D 3D","GPU Core"\n06/16/2023 10:17:08,45,7,98\n'
    )
    assert [(each.gpu, dict(each.metrics)) for each in walk(log).readings] == [
        ("desk:0", {"gpu_temperature": 45, "gpu_load": 98}),
        ("desk:1", {"d3d_3d_percent": 7}),
    ]


SMI_CARDS = [
    ("index", ["0", "1", "0", "1"], ["desk:0", "desk:1", "desk:0", "desk:1"]),
    ("index", ["2", "5", "2"], ["desk:0", "desk:3", "desk:0"]),
    ("index", ["1", "0"], ["desk:0", "desk:0-1"]),
    ("uuid", ["GPU-b", "GPU-a", "GPU-b"], ["desk:0", "desk:1", "desk:0"]),
    ("pci.bus_id", ["00000000:3B:00.0", "00000000:AF:00.0"], ["desk:0", "desk:1"]),
    ("driver_version", ["550.1", "550.1"], ["desk:0", "desk:0"]),
]


@pytest.mark.parametrize(("column", "cells", "gpus"), SMI_CARDS)
def test_rows_of_nvidia_smi_say_whose_they_are(column: str, cells: list[str], gpus: list[str]) -> None:
    rows = "".join(f"2023/06/16 10:17:0{n}.123, {cell}, {40 + n}\n" for n, cell in enumerate(cells))
    readings = walk(f"timestamp, {column}, temperature.gpu\n{rows}").readings
    assert [reading.gpu for reading in readings] == gpus
    assert [reading.row for reading in readings] == list(range(len(cells)))
    assert [dict(reading.metrics) for reading in readings] == [{"gpu_temperature": 40 + n} for n in range(len(cells))]


def test_nvidia_smi_names_the_model() -> None:
    assert only(SMI + SMI_ROW).model == "NVIDIA A100"


FLAGGED: list[tuple[str, dict[str, Any]]] = [
    (HWINFO_NAMES + HWINFO_ROW.replace("61.0", "0.0"), {"gpu_temperature": "false_zero"}),
    (HWINFO_NAMES + HWINFO_ROW.replace("61.0", ""), {"gpu_temperature": "failed_read"}),
    (HWINFO_NAMES + HWINFO_ROW.replace("61.0", "9999"), {"gpu_temperature": "implausible"}),
    (HWINFO_NAMES + HWINFO_ROW.replace("61.0", "hot"), {"gpu_temperature": "not_a_number"}),
    (HWINFO_NAMES + HWINFO_ROW.replace("250.1", "0.0"), {"board_power_draw": "false_zero"}),
    (LIBRE + LIBRE_ROW.replace("61.5", ""), {"gpu_temperature": "failed_read"}),
    (SMI + SMI_ROW.replace("45", "[Unknown Error]"), {"gpu_temperature": "failed_read"}),
    (SMI + SMI_ROW.replace("45", "ERR!"), {"gpu_temperature": "not_a_number"}),
]


@pytest.mark.parametrize(("log", "flags"), FLAGGED)
def test_what_is_no_measurement_is_flagged(log: str, flags: dict[str, str]) -> None:
    assert dict(only(log).flags) == flags


BROKEN = [
    (HWINFO_NAMES + HWINFO_ROW + HWINFO_ROW.replace("98.0,", "") + HWINFO_ROW, ["ragged_row"], 2),
    (HWINFO_NAMES + HWINFO_ROW + "buy milk\n" + HWINFO_NAMES + HWINFO_ROW, ["not_a_row"], 2),
    (HWINFO_NAMES + HWINFO_ROW + HWINFO_ROW[:40], ["unfinished_row"], 1),
    (HWINFO_NAMES + HWINFO_ROW.replace("16.6.", "31.6."), ["bad_time"], 0),
    (HWINFO_NAMES + HWINFO_ROW.replace("2023", "2033"), ["future_time"], 0),
    (LIBRE + LIBRE_ROW + LIBRE + LIBRE_ROW + "06/05", ["not_a_row"], 2),
    (SMI + SMI_ROW + SMI + SMI_ROW + SMI_ROW[:50], ["unfinished_row"], 2),
    (SMI + SMI_ROW + "Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error\n", ["not_a_row"], 1),
]


@pytest.mark.parametrize(("log", "reasons", "readings"), BROKEN)
def test_a_line_that_cannot_be_used_costs_no_other(log: str, reasons: list[str], readings: int) -> None:
    walked = walk(log)
    assert (walked.reasons, len(walked.readings)) == (reasons, readings)


def test_a_line_of_the_future_keeps_the_places_of_all_its_cards() -> None:
    walked = walk(TWO[0] + TWO[1].replace("2023", "2033") + TWO[2])
    assert [(line.row, line.ahead) for line in walked.rejected] == [(2, 2)]
    assert [(reading.gpu, reading.row) for reading in walked.readings] == [("desk:0", 2), ("desk:1", 3)]


def test_rows_without_a_header_are_read_with_the_one_that_is_configured() -> None:
    walked = walk(SMI_ROW + SMI_ROW.replace(" 0,", " 1,"), configured=SMI.strip())
    assert [(reading.gpu, reading.source) for reading in walked.readings] == [
        ("desk:0", "nvidia_smi"),
        ("desk:1", "nvidia_smi"),
    ]
    assert dict(walked.readings[0].metrics) == SMI_VALUES


def test_both_lines_of_a_header_are_kept() -> None:
    first = file_of(LIBRE + LIBRE_ROW).first_header
    assert first is not None
    assert walk(LIBRE_ROW, configured=first.decode()).readings[0].metrics == LIBRE_VALUES
