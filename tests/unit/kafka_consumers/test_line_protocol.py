"""Lines as InfluxDB reads them."""

from __future__ import annotations

import pytest

from kafka_consumers.sinks import line_protocol
from telemetry.errors import Rejected

HEAD = line_protocol.head("gpu_metrics", (("gpu", "desk:0"), ("host", "desk"), ("source", "gpuz")))
TIME = 1_700_000_000_000_001


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("two words", r"two\ words"),
        ("a,b=c", r"a\,b\=c"),
        ("line\nbreak\r\ttab\x00nul", r"line\ break\ \ tab\ nul"),
        ("ends in a backslash\\", r"ends\ in\ a\ backslash/"),
        ("DOMAIN\\host", r"DOMAIN\host"),
        ('"quoted"', '"quoted"'),
        ("ümläut°", "ümläut°"),
    ],
)
def test_tag_is_escaped(text: str, escaped: str) -> None:
    assert line_protocol.escaped(text) == escaped


def test_tags_are_sorted_and_an_empty_one_is_left_out() -> None:
    assert line_protocol.head("m", (("b", "2"), ("c", ""), ("a", "1"))) == b"m,a=1,b=2 "


def test_reading_is_one_line_with_its_row() -> None:
    line = line_protocol.reading_line(HEAD, {"gpu_load": 99.0, "gpu_clock": 1, "gpu_voltage": 0.768}, 7, TIME)
    assert line == (
        b"gpu_metrics,gpu=desk:0,host=desk,source=gpuz gpu_load=99.0,gpu_clock=1,gpu_voltage=0.768,row=7i "
        b"1700000000000001"
    )


def test_reading_without_any_metric_is_still_a_line() -> None:
    line = line_protocol.reading_line(HEAD, {}, 7, TIME)
    assert line == b"gpu_metrics,gpu=desk:0,host=desk,source=gpuz row=7i 1700000000000001"


@pytest.mark.parametrize("value", [1e22, -1.5e-7, 0.1 + 0.2, 1e299, -0.0, 2**53 + 1, 10**19])
def test_number_keeps_its_value(value: float) -> None:
    (field, _) = line_protocol.metric_fields({"x": value}).split(b",")
    assert float(field.removeprefix(b"x=")) == float(value)


def test_metric_that_is_named_like_a_column_of_ours_is_renamed() -> None:
    metrics = {"row": 1.5, "time": 2.5, "gpu": 3.5, "gpu_load": 4.5}
    assert line_protocol.metric_fields(metrics) == b"row_value=1.5,time_value=2.5,gpu_value=3.5,gpu_load=4.5,"


def test_fields_of_every_type() -> None:
    fields: dict[str, line_protocol.Field] = {
        "number": 1.0, "count": 3, "flag": True, "other": False, "text": 'say "hi" \\ bye', "odd, name=": 1.5,
    }  # fmt: skip
    assert line_protocol.line("m", {"a": "b"}, fields, TIME) == (
        rb'm,a=b number=1.0,count=3i,flag=true,other=false,text="say \"hi\" \\ bye",odd\,\ name\==1.5 1700000000000001'
    )


@pytest.mark.parametrize("time", [-62_135_596_800_000_000, 253_402_300_799_000_000])
def test_time_that_influxdb_cannot_keep_is_rejected(time: int) -> None:
    with pytest.raises(Rejected, match="1677"):
        line_protocol.reading_line(HEAD, {}, 7, time)
    with pytest.raises(Rejected, match="1677"):
        line_protocol.line("m", {}, {"x": 1.0}, time)
