"""Headers and rows: what arrives, under which name, and what is rejected for which reason."""

from __future__ import annotations

import pytest

from kafka_producer.sources.logs.naming import MOST_UNKNOWN
from support.gpuz_logs import header, metrics_of, row, walk
from telemetry.errors import Rejected

LOAD, CLOCK, TEMPERATURE = "GPU Load [%]", "GPU Clock [MHz]", "GPU Temperature [°C]"
LOAD_NAME = "gpu_load"


def test_cells_arrive_under_the_names_of_the_catalogue() -> None:
    log = header(CLOCK, TEMPERATURE, LOAD) + row(1, 1995.0, 61.5, 99)
    assert metrics_of(log) == [{"gpu_clock": 1995.0, "gpu_temperature": 61.5, "gpu_load": 99}]


@pytest.mark.parametrize("unit", ["[°C]", "[C]", "[�C]", "[캜]", "[癈]", "[蚓]", "[ｰC]", "[Â°C]"])
def test_the_degree_sign_may_be_damaged(unit: str) -> None:
    log = header(f"GPU Temperature {unit}") + row(1, 61.5)
    assert metrics_of(log.encode()) == [{"gpu_temperature": 61.5}]


def test_unknown_columns_are_carried_under_a_made_name() -> None:
    walked = walk(header("GPU Load [%]", "Flux Capacitor [GW]") + row(1, 5, 1.21))
    assert walked.readings[0].metrics == {"gpu_load": 5, "flux_capacitor_gw": 1.21}
    assert walked.tally.unknown == ["flux_capacitor_gw"]


def test_a_log_brings_only_so_many_unknown_columns() -> None:
    columns = [f"Sensor A{n} [W]" for n in range(MOST_UNKNOWN + 50)]
    walked = walk(header(LOAD, *columns) + row(1, *range(1, len(columns) + 2)))
    assert len(walked.readings[0].metrics) == MOST_UNKNOWN + 1
    assert len(walked.tally.refused) == 50


def test_the_same_column_twice_gets_a_number() -> None:
    log = header("UVD Clock [MHz]", "UVD Clock [MHz]") + row(1, 105, 102)
    assert metrics_of(log) == [{"uvd_clock": 105, "uvd_clock_2": 102}]


def test_a_repeated_header_is_no_row() -> None:
    walked = walk(header(LOAD) + row(1, 1) + header(LOAD) + header(LOAD) + row(2, 2))
    assert [reading.row for reading in walked.readings] == [0, 1]
    assert walked.reasons == []


def test_a_layout_may_change_at_a_header() -> None:
    log = header(LOAD, CLOCK) + row(1, 50, 1500) + header(CLOCK, LOAD, TEMPERATURE) + row(2, 1600, 60, 70)
    assert metrics_of(log) == [
        {"gpu_load": 50, "gpu_clock": 1500},
        {"gpu_clock": 1600, "gpu_load": 60, "gpu_temperature": 70},
    ]


def test_rows_before_the_header_take_its_layout_and_say_so() -> None:
    walked = walk(row(1, 50) + row(2, 51) + header(LOAD) + row(3, 52))
    assert [reading.metrics["gpu_load"] for reading in walked.readings] == [50, 51, 52]
    assert [dict(reading.flags) for reading in walked.readings] == [
        {"*": "assumed_layout"},
        {"*": "assumed_layout"},
        {},
    ]


def test_rows_before_a_header_with_other_columns_are_rejected() -> None:
    walked = walk(row(1, 50, 51) + header(LOAD) + row(3, 52))
    assert walked.reasons == ["ragged_row"]
    assert [reading.metrics["gpu_load"] for reading in walked.readings] == [52]


def test_rows_without_any_header_are_rejected() -> None:
    walked = walk(row(1, 50))
    assert (walked.readings, walked.reasons) == ([], ["no_header"])


def test_rows_without_any_header_take_the_configured_one() -> None:
    walked = walk(row(1, 50), configured="Date, GPU Load [%],")
    assert walked.readings[0].metrics == {"gpu_load": 50}
    assert walked.readings[0].flags == {"*": "assumed_layout"}


def test_rejected_lines_say_where_they_stood() -> None:
    log = header(LOAD) + row(1, 50) + "rubbish\r\n" + row(2, 1, 2) + row(3, 52)
    walked = walk(log)
    assert walked.reasons == ["not_a_row", "ragged_row"]
    assert [log.encode("latin-1")[line.offset :][: line.length] for line in walked.rejected] == [
        line.raw for line in walked.rejected
    ]
    assert [reading.row for reading in walked.readings] == [0, 1]


def test_semicolons_and_decimal_commas() -> None:
    log = "Date;GPU Clock [MHz];GPU Voltage [V];\r\n2023-06-16 10:17:08;1995,5;1,0430;\r\n"
    assert metrics_of(log) == [{"gpu_clock": 1995.5, "gpu_voltage": 1.043}]


def test_lines_without_the_closing_comma() -> None:
    log = "Date,GPU Load [%],GPU Clock [MHz]\n2023-06-16 10:17:08,50,1500\n2023-06-16 10:17:09,51,1501"
    assert [metrics["gpu_clock"] for metrics in metrics_of(log)] == [1500, 1501]


def test_line_feeds_alone() -> None:
    assert metrics_of((header(LOAD) + row(1, 50)).replace("\r\n", "\n")) == [{"gpu_load": 50}]


def test_a_last_row_that_ends_in_the_middle_is_rejected() -> None:
    walked = walk(header(LOAD, CLOCK) + row(1, 50, 1500) + "2023-06-16 10:00:02 ,  51   ,   15")
    assert len(walked.readings) == 1
    assert walked.reasons == ["unfinished_row"]


def test_a_last_row_that_ends_before_its_last_cell_is_rejected() -> None:
    walked = walk(header(LOAD, CLOCK) + row(1, 50, 1500) + "2023-06-16 10:00:02 ,  51   ,")
    assert (len(walked.readings), walked.reasons) == (1, ["unfinished_row"])


def test_a_last_row_that_only_lacks_its_line_end_is_a_row() -> None:
    assert len(walk((header(LOAD) + row(1, 50) + row(2, 51)).rstrip()).readings) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_log_with_a_byte_order_mark(encoding: str) -> None:
    log = header(TEMPERATURE) + row(1, 50.5) + row(2, 51.5)
    assert [metrics["gpu_temperature"] for metrics in metrics_of(log.encode(encoding))] == [50.5, 51.5]


def test_a_hole_of_nuls_between_header_and_row() -> None:
    log = header(LOAD).rstrip().encode() + bytes(100_000) + (row(1, 50) + row(2, 51)).encode()
    assert [metrics["gpu_load"] for metrics in metrics_of(log)] == [50, 51]


def test_a_hole_of_nuls_after_half_a_row_costs_that_row() -> None:
    log = (header(LOAD, CLOCK) + row(1, 50, 1500) + "2023-06-16 10:00:02 ,  5").encode()
    walked = walk(log + bytes(5000) + row(3, 51, 1501).encode())
    assert [reading.metrics["gpu_load"] for reading in walked.readings] == [50, 51]
    assert walked.reasons == ["ragged_row"]


def test_single_nuls_in_a_row_are_passed_over() -> None:
    log = header(LOAD).encode() + row(1, 50).encode().replace(b"   ,", b" \0 ,")
    assert metrics_of(log) == [{"gpu_load": 50}]


def test_a_line_that_does_not_end_is_rejected_once() -> None:
    walked = walk(header(LOAD) + row(1, 50) + "x" * 300_000 + "\r\n" + row(2, 51))
    assert walked.reasons == ["line_too_long"]
    assert walked.rejected[0].length == 300_001
    assert len(walked.readings) == 2


@pytest.mark.parametrize(
    "content",
    [
        "# a page\n\ntext\n",
        "2026-11-23 11:00:00,123 INFO a Java log\n",
        '"Date","Time","CPU [°C]"\n23.11.2026,10:00:00,50\n',
        "Date,Time,CPU [°C]\n23.11.2026,10:00:00,50\n",
        "\x7fELF\x02\x01\n\0\0",
        "x" * 200_000,
    ],
)
def test_what_is_no_log_is_refused_as_a_whole(content: str) -> None:
    with pytest.raises(Rejected, match="not_a_log"):
        walk(content)


@pytest.mark.parametrize("content", ["", "\r\n \n", "\0\0\0"])
def test_an_empty_file_is_refused(content: str) -> None:
    with pytest.raises(Rejected, match="empty"):
        walk(content)


def test_brackets_in_a_row_move_no_value_to_another_row() -> None:
    walked = walk(header(LOAD) + row(1, 50) + row(2, "51],[52") + row(3, "[53") + row(4, "54]") + row(5, 55))
    assert walked.reasons == ["ragged_row"]
    assert [dict(reading.metrics) for reading in walked.readings] == [{LOAD_NAME: 50}, {}, {}, {LOAD_NAME: 55}]
    assert [dict(reading.flags) for reading in walked.readings[1:3]] == [{LOAD_NAME: "not_a_number"}] * 2


def test_one_line_that_pretends_to_be_two_rows_is_none() -> None:
    walked = walk(header(LOAD, CLOCK) + row(1, 1, 2) + row(2, "3,4],[5", 6) + row(3, 7, 8))
    assert walked.reasons == ["ragged_row"]
    assert [reading.metrics[LOAD_NAME] for reading in walked.readings] == [1, 7]


def test_logs_with_a_byte_order_mark_that_were_joined() -> None:
    first, second = header(LOAD) + row(1, 50), header(CLOCK) + row(2, 1500)
    assert metrics_of(first.encode("utf-8-sig") + second.encode("utf-8-sig")) == [{LOAD_NAME: 50}, {"gpu_clock": 1500}]


def test_a_header_of_thousands_of_equal_columns_takes_no_time_to_speak_of() -> None:
    walked = walk(f"Date,{'A,' * 30_000}\n2023-06-16 10:17:08,{'1,' * 30_000}\n")
    assert len(walked.readings[0].metrics) == MOST_UNKNOWN


def test_a_header_may_be_one_long_blank() -> None:
    walked = walk(f"Date, GPU Load [%],A{' ' * 60_000}B,\n2023-06-16 10:17:08,5,6,\n")
    assert walked.readings[0].metrics["gpu_load"] == 5
