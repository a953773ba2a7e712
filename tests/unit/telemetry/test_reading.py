"""The reading on the wire: what goes in comes out, and what is wrong is rejected with its reason."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.errors import Rejected
from telemetry.reading import FUTURE_TOLERANCE, IMPORT_AGE, Reading, decode, encode, gpu_name, mode_of, split_gpu
from telemetry.timestamp import parse_time

NOW = parse_time("2026-11-23T12:00:00.000Z")
READING = Reading(
    origin="7f3c9ab2e01d4c55/0",
    row=1042,
    mode="import",
    time=parse_time("2021-05-16T08:17:08.000Z"),
    recorded="2021-05-16T10:17:08",
    gpu="desk-01:0",
    host="desk-01",
    source="gpuz",
    model=None,
    metrics={"gpu_temperature": 61.0, "board_power_draw": 182.4, "perfcap_reason": 1.0},
    flags={"gpu_voltage": "failed_read"},
)


def document(**changes: Any) -> bytes:
    """READING as JSON with some keys changed; a key set to ... is left out."""
    whole = orjson.loads(encode(READING)) | changes
    return orjson.dumps({key: value for key, value in whole.items() if value is not ...})


def test_reading_on_the_wire_is_the_contract() -> None:
    assert orjson.loads(encode(READING)) == {
        "schema": 1,
        "origin": "7f3c9ab2e01d4c55/0",
        "row": 1042,
        "mode": "import",
        "time": "2021-05-16T08:17:08.000Z",
        "recorded": "2021-05-16T10:17:08",
        "gpu": "desk-01:0",
        "host": "desk-01",
        "source": "gpuz",
        "model": None,
        "metrics": {"gpu_temperature": 61.0, "board_power_draw": 182.4, "perfcap_reason": 1.0},
        "flags": {"gpu_voltage": "failed_read"},
    }


def test_reading_without_labels_is_byte_for_byte_what_it_was_before_there_were_labels() -> None:
    assert encode(READING) == (
        b'{"schema":1,"origin":"7f3c9ab2e01d4c55/0","row":1042,"mode":"import","time":"2021-05-16T08:17:08.000Z",'
        b'"recorded":"2021-05-16T10:17:08","gpu":"desk-01:0","host":"desk-01","source":"gpuz","model":null,"metrics":'
        b'{"gpu_temperature":61.0,"board_power_draw":182.4,"perfcap_reason":1.0},"flags":{"gpu_voltage":"failed_read"}}'
    )


@pytest.mark.parametrize("labels", [..., None, {}])
def test_no_labels_are_no_labels(labels: Any) -> None:
    assert decode(document(labels=labels), NOW).labels == {}


def test_labels_survive_the_wire() -> None:
    labelled = READING._replace(labels={"rack": "r12", "job": "Llama, 7 Mrd. Größen"})
    assert decode(encode(labelled), NOW) == labelled


def test_reading_survives_the_wire() -> None:
    assert decode(encode(READING), NOW) == READING


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,40}", fullmatch=True), st.floats(-1e12, 1e12, allow_nan=False), max_size=40
    ),
    st.integers(0, 2**63 - 1),
    st.integers(-(10**15), NOW),
)
def test_every_reading_survives_the_wire(metrics: dict[str, float], row: int, time: int) -> None:
    reading = READING._replace(metrics=metrics, row=row, time=time)
    assert decode(encode(reading), NOW) == reading


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[1, 2]", "not_json"),
        (b'{"schema": 1, "metrics": {"x": NaN}}', "not_json"),
        (document(schema=2), "unknown_schema"),
        (document(schema=...), "unknown_schema"),
        (document(schema=True), "unknown_schema"),
        (document(schema=1.0), "unknown_schema"),
        (document(row=...), "missing_field"),
        (document(metrics=...), "missing_field"),
        (document(row="7"), "wrong_type"),
        (document(row=True), "wrong_type"),
        (document(row=-1), "bad_value"),
        (document(metrics=[]), "wrong_type"),
        (document(metrics={"gpu_load": "99"}), "wrong_type"),
        (document(metrics={"gpu_load": None}), "wrong_type"),
        (document(metrics={"gpu_load": True}), "wrong_type"),
        (document(metrics={"gpu load": 1}), "bad_value"),
        (document(metrics={"": 1}), "bad_value"),
        (document(flags={"gpu_load": 1}), "wrong_type"),
        (document(flags=[]), "wrong_type"),
        (document(flags=False), "wrong_type"),
        (document(flags=""), "wrong_type"),
        (document(labels=[]), "wrong_type"),
        (document(labels="rack"), "wrong_type"),
        (document(labels=False), "wrong_type"),
        (document(labels={"rack": 12}), "wrong_type"),
        (document(labels={"rack": None}), "wrong_type"),
        (document(labels={"rack": ""}), "bad_value"),
        (document(labels={"rack": "two\nlines"}), "bad_value"),
        (document(labels={"rack": "x" * 254}), "bad_value"),
        (document(labels={"Rack": "r12"}), "bad_value"),
        (document(labels={"": "r12"}), "bad_value"),
        (document(labels={f"label_{number}": "x" for number in range(17)}), "bad_value"),
        (document(time="2021-W19-7T08:17:08Z"), "bad_value"),
        (document(gpu="no-index"), "bad_value"),
        (document(gpu="a b:0"), "bad_value"),
        (document(host="x" * 201), "bad_value"),
        (document(source="line\nbreak"), "bad_value"),
        (document(mode="dead"), "bad_value"),
        (document(mode=[]), "wrong_type"),
        (document(time="2021-05-16T08:17:08"), "bad_value"),
        (document(time="yesterday"), "bad_value"),
        (document(time=1621152000), "wrong_type"),
        (document(time="2026-11-23T13:00:01.000Z"), "future_time"),
    ],
)
def test_bad_reading_is_rejected_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(Rejected) as rejected:
        decode(raw, NOW)
    assert rejected.value.reason == reason


@pytest.mark.parametrize("text", [b"1e999", b"-1e999", b"1e308"])
def test_number_beyond_all_measure_is_rejected(text: bytes) -> None:
    raw = document(metrics={"gpu_load": 77}).replace(b":77", b":" + text)
    with pytest.raises(Rejected):
        decode(raw, NOW)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reading_or_rejected(raw: bytes) -> None:
    with pytest.raises(Rejected):
        decode(raw, NOW)


def test_mode_is_demo_by_host_and_import_by_age() -> None:
    assert mode_of("demo-01", NOW - 10 * IMPORT_AGE, NOW) == "demo"
    assert mode_of("desk", NOW - IMPORT_AGE - 1, NOW) == "import"
    assert mode_of("desk", NOW - IMPORT_AGE, NOW) == "live"


@pytest.mark.parametrize("flags", [..., None, {}])
def test_no_flags_are_no_flags(flags: Any) -> None:
    assert decode(document(flags=flags), NOW).flags == {}


def test_time_an_hour_ahead_is_the_last_that_is_believed() -> None:
    assert decode(encode(READING._replace(time=NOW + FUTURE_TOLERANCE)), NOW).time == NOW + FUTURE_TOLERANCE


def test_gpu_name_joins_host_and_index() -> None:
    assert split_gpu(gpu_name("desk-01", "0")) == ("desk-01", "0")
    with pytest.raises(Rejected, match="expected host:index"):
        gpu_name("two words", "0")
