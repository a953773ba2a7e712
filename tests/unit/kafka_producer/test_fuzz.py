"""Any bytes whatever: readings that keep the contract, or a reason, and never a traceback."""

from __future__ import annotations

import itertools
import os
from datetime import datetime
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.gpuz_writer import record
from kafka_producer.simulate.quirks import QUIRKS, render
from kafka_producer.simulate.scenarios import SCENARIOS
from kafka_producer.sources.logs.decode import LINE_LIMIT, lines_of
from kafka_producer.sources.logs.fingerprint import prefix_hashes
from support.gpuz_logs import NOW, Walked, file_of, walk
from telemetry.errors import Rejected
from telemetry.messages import DeadLetter, FileOrigin
from telemetry.reading import decode, encode

REFUSED_AS_A_WHOLE = {"empty", "not_a_log"}
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")

many = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@cache
def simulated(quirk: str, card: str = "gtx-970") -> bytes:
    elements = record(
        CARDS[card], SCENARIOS["gaming"], seed=1, start=datetime(2023, 10, 29, 2, 59, 50), rows=24, interval=1.0
    )
    return b"".join(render(elements, [quirk], rows=24, interval=1.0, seed=1))


def judged(raw: bytes, zone: str = "UTC") -> Walked | None:
    """What comes of ``raw``; None where the file as a whole is refused, which must have a reason."""
    walked, refusal = None, None
    try:
        walked = walk(raw, zone)
    except Rejected as rejected:
        refusal = rejected
    if walked is None:
        assert refusal is not None
        assert refusal.reason in REFUSED_AS_A_WHOLE
        assert "\n" not in str(refusal)
        return None
    readings = walked.readings
    for reading in readings:
        assert decode(encode(reading), NOW) == reading
        assert not reading.metrics.keys() & reading.flags.keys()
    assert all(a.row < b.row for a, b in itertools.pairwise(readings))
    assert len({reading.time for reading in readings}) == len(readings)
    if zone == "UTC":
        # Time rises with what was written, and goes back only where the log does.
        assert all(
            a.time < b.time for a, b in itertools.pairwise(readings) if str(a.recorded)[:19] <= str(b.recorded)[:19]
        )
    for line in walked.rejected:
        assert 0 <= line.offset <= len(raw)
        assert "\n" not in str(line.error)
        origin = FileOrigin(file="log.txt", offset=line.offset)
        letter = DeadLetter.of(line.raw, line.error, "replay", "2026-11-23T12:00:00.000Z", origin)
        assert DeadLetter.decode(letter.encode()) == letter
    survey = file_of(raw, zone).survey(NOW + 3600 * 1_000_000)
    assert (survey.first is not None) >= bool(readings)
    prefix_hashes(lines_of(file_of(raw, zone).open()))
    return walked


logs = st.builds(simulated, st.sampled_from(sorted(QUIRKS)), st.sampled_from(sorted(CARDS)))

JUNK = st.sampled_from(
    [
        *(b"\0", b"\0" * 300, b"\n", b"\r\n", b"\r", b",", b";", b"\t", b" ", b"-", b"\x1a", b"\xb0"),
        *(b"\xff\xfe", b"\xef\xbb\xbf", b"],[", b"[[", b"]", b'"', b"{}", b"\x85", b"\x0c"),
        *(b"Date,", b"\nDate , GPU Load [%] ,\r\n", b"\nDate;GPU Clock [MHz];\r\n", b"\nDate,,,,\n"),
        *(
            b"1e999",
            b"nan",
            b"inf",
            b"-inf",
            b"1e5",
            b"1E5",
            b"0x10",
            b"1_000",
            b"+5",
            b"007",
            b"1e-400",
            b"true",
            b"null",
        ),
        *(b"9" * 25, b"9" * 400, b"9" * 5000, b"0." + b"0" * 400 + b"1", "١٢٣".encode(), "½".encode(), "−5".encode()),
        *(b"\n2023-02-30 10:00:00 ,", b"\n0000-01-01 00:00:00 ,", b"\n0001-01-01 00:00:00 ,"),
        *(b"\n9999-12-31 23:59:59 ,", b"\n1969-12-31 23:59:59 ,", b"\n2023-06-16 24:00:00 ,"),
        *(b"\n2023-06-16 10:17:60 ,", b"\n2023/6/1 1:02:03 ,", b"\n2016-12-31 23:59:60 ,"),
        *(b"\n2023-06-16T10:17:08.123456789 ,", "\n٢٠٢٣-06-16 10:17:08 ,".encode(), b"\n-2023-06-16 10:17:08,"),
        *(b"x" * (LINE_LIMIT + 5), b"7" * 5000, b"," * 3000),
    ]
)
MUTATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.floats(0, 1), JUNK | st.binary(max_size=12)),
        st.tuples(st.just("replace"), st.floats(0, 1), JUNK | st.binary(min_size=1, max_size=12)),
        st.tuples(st.just("cut"), st.floats(0, 1), st.integers(1, 3000)),
        st.tuples(st.just("repeat"), st.floats(0, 1), st.integers(1, 900)),
        st.tuples(st.just("end"), st.floats(0, 1), st.none()),
        st.tuples(st.just("splice"), st.floats(0, 1), logs),
    ),
    max_size=6,
)


def mutated(raw: bytes, mutations: list[tuple[str, float, object]]) -> bytes:
    for what, share, value in mutations:
        at = int(share * len(raw))
        match what, value:
            case "insert", bytes(piece):
                raw = raw[:at] + piece + raw[at:]
            case "replace", bytes(piece):
                raw = raw[:at] + piece + raw[at + len(piece) :]
            case "cut", int(length):
                raw = raw[:at] + raw[at + length :]
            case "repeat", int(length):
                raw = raw[: at + length] + raw[at:]
            case "splice", bytes(other):
                raw = raw[:at] + other[int(share * len(other)) :] + raw[at:]
            case _:
                raw = raw[:at]
    return raw


@many
@given(st.binary(max_size=400))
def test_random_bytes(raw: bytes) -> None:
    judged(raw)


@many
@given(logs, MUTATIONS, st.sampled_from(ZONES))
def test_logs_that_were_damaged(raw: bytes, mutations: list[tuple[str, float, object]], zone: str) -> None:
    judged(mutated(raw, mutations), zone)


CELLS = (
    *("0", "0.0", "-", "1e999", "nan", "inf", "-0.0", "1E5", "٣", "1_0", "0x1F", "hot", "1.2.3"),
    *("99999999999999999999999", "9999999999999999999"),
)
NUMBERS = st.floats(0, 3000).map(lambda value: f"{value:.1f}") | st.sampled_from(["", *CELLS]) | st.text(max_size=8)
KNOWN = (
    "GPU Load [%]",
    "GPU Temperature [°C]",
    "GPU Temperature [C]",
    "PerfCap Reason []",
    "VDDC [V]",
    "UVD Clock [MHz]",
)
COLUMNS = st.sampled_from(KNOWN) | st.text(max_size=30)
AUTUMN = st.datetimes(datetime(2023, 10, 29), datetime(2023, 10, 29, 4))
STAMPS = st.one_of(
    st.datetimes(datetime(1960, 1, 1), datetime(2050, 1, 1)).map(lambda moment: moment.isoformat(" ", "seconds")),
    AUTUMN.map(lambda moment: moment.isoformat(" ", "seconds")),
    AUTUMN.map(lambda moment: moment.isoformat(" ", "milliseconds")),
    st.datetimes().map(lambda moment: moment.strftime("%Y/%m/%d %H:%M:%S")),
    st.from_regex(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?", fullmatch=True),
)
LINES = st.one_of(
    st.tuples(st.just("Date"), st.lists(COLUMNS, min_size=1, max_size=5)),
    st.tuples(STAMPS, st.lists(NUMBERS, min_size=1, max_size=5)),
)


@many
@given(
    st.lists(COLUMNS, min_size=1, max_size=4),
    st.data(),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp949"]),
    st.sampled_from(ZONES),
)
def test_logs_of_any_columns_cells_and_times(
    columns: list[str], data: st.DataObject, delimiter: str, encoding: str, zone: str
) -> None:
    rows = st.tuples(STAMPS, st.lists(NUMBERS, min_size=len(columns), max_size=len(columns)))
    lines = [("Date", columns), *data.draw(st.lists(rows | LINES, max_size=12))]
    text = "".join(delimiter.join([stamp, *cells, ""]) + "\r\n" for stamp, cells in lines)
    judged((b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding, errors="replace"), zone)


def test_mutations_leave_logs_to_judge() -> None:
    """The fuzz is worth nothing if all that it makes is refused at once."""
    walked = judged(mutated(simulated("gap"), [("insert", 0.5, b"\0" * 300), ("cut", 0.9, 50), ("repeat", 0.2, 900)]))
    assert walked is not None
    assert len(walked.readings) > 15
    assert walked.rejected


OTHERS = (
    'Date,Time,"CPU Package [°C]","GPU Clock [MHz]","GPU Core Load [%]","GPU Temperature [°C]","GPU Clock [MHz]",\r\n'
    "16.6.2023,10:17:08.123,55,600,3,61,2400,\r\n16.6.2023,10:17:09.123,55,600,3,0.0,2400,\r\n",
    ',/gpu-nvidia/0/temperature/0,/gpu-amd/0/load/0\nTime,"GPU Core","GPU Core"\n06/16/2023 10:17:08,45,98\n',
    "timestamp, index, name, temperature.gpu, power.draw [W], clocks_throttle_reasons.active\n"
    "2023/06/16 10:17:08.123, 0, NVIDIA A100, 45, 183.40 W, 0x04\n"
    "2023/06/16 10:17:08.125, 1, A100, [N/A], 50 W, 0x01\n",
)
PIECES = (b",", b";", b"\t", b'"', b"\n", b"\r", b"\0", b"\0" * 50, b"1e999", b"-", b"0x", b" %", b'"a\rb"', b"2033")


@many
@given(
    st.sampled_from(OTHERS),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), st.sampled_from(PIECES) | st.binary(max_size=8))),
)
def test_logs_of_other_programs_with_anything_in_them(log: str, edits: list[tuple[int, int, bytes]]) -> None:
    raw = bytearray(log.encode("latin-1"))
    for place, gone, piece in edits:
        raw[place : place + gone] = piece
    try:
        walked, reason = walk(bytes(raw)), None
    except Rejected as rejected:
        walked, reason = None, rejected.reason
    if walked is None:
        assert reason in REFUSED_AS_A_WHOLE
        return
    for reading in walked.readings:
        assert decode(encode(reading), NOW) == reading
        assert not reading.metrics.keys() & reading.flags.keys()
    identities = {(reading.gpu, reading.time) for reading in walked.readings}
    assert len(identities) == len({reading.row for reading in walked.readings}) == len(walked.readings)
    file = file_of(bytes(raw))
    assert file.cards[-1] >= 0 <= file.first_card
    file.survey(NOW)
