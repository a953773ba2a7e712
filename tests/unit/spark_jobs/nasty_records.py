"""Records that a lax judge takes for readings, and readings that a strict one might refuse."""

from __future__ import annotations

import json
from typing import Any

import orjson

READING: dict[str, Any] = {
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
    "metrics": {"gpu_temperature": 61.0, "board_power_draw": 182.4, "perfcap_reason": 1, "unknown_sensor": 7},
    "flags": {"gpu_voltage": "failed_read"},
}
WHOLE = orjson.dumps(READING)


def _with(**changes: Any) -> bytes:
    """READING with some keys changed; one set to ... is left out. By json, which also writes lone surrogates."""
    return json.dumps({key: value for key, value in (READING | changes).items() if value is not ...}).encode()


def _spelled(key: str, text: str) -> bytes:
    """READING with the value of ``key`` spelled as ``text``."""
    return _with(**{key: "@@"}).replace(b'"@@"', text.encode())


_WRONG: tuple[Any, ...] = (1, 1.5, True, False, [], {}, {"a": 1}, ["x"])
_TEXTS = (
    "",
    " ",
    "x" * 200,
    "x" * 201,
    "a b",
    "tab\there",
    "nul\0",
    "\x7f",
    "\x85",
    "a\u200bb",
    "a\u00a0b",
    "a\u2028b",
)
_MORE_TEXTS = ("\ufeffa", "a\u00adb", "\ue000", "\ud800", "\U0001f525", "é", "汉字", "\u0378", "\u202e", '"')
_TIMES = (
    "2021-05-16T08:17:08",
    "2021-05-16 08:17:08Z",
    "2021-W19-7T08:17:08Z",
    "20210516T081708Z",
    "2021-05-16T08:17Z",
    "2021-05-16T08:17:08z",
    "2021-05-16T08:17:08,5Z",
    "2021-05-16T08:17:08.1234567Z",
    "2021-05-16T08:17:08.123456Z",
    "2021-05-16T08:17:08.1+05:30",
    "2021-05-16T08:17:08+2:00",
    "2021-05-16T08:17:08+24:00",
    "2021-05-16T08:17:60Z",
    "2021-05-16T24:00:00Z",
    "2021-02-29T08:17:08Z",
    "2020-02-29T08:17:08Z",
    "1883-11-18T12:03:58Z",
    "1582-10-10T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2999-01-01T00:00:00Z",
    "２０２１-05-16T08:17:08Z",
    "now",
    "",
)
_GPUS = (
    "desk",
    "desk:",
    ":0",
    "a b:0",
    "desk:0:1",
    "desk/0:1",
    "x" * 63 + ":0",
    "x" * 64 + ":0",
    "-a:0",
    "é:0",
    "a:0\n",
)
_NUMBERS = (
    "1.0",
    "1e0",
    '"1"',
    "-1",
    "-0",
    "01",
    "9223372036854775807",
    "9223372036854775808",
    "1e3",
    "18446744073709551616",
)
_VALUES = (
    *("1e308", "1e300", "-1e300", "9.99e299", "1e999", "-1e999", "NaN", "Infinity", "-0.0", "0.1", ".5", "5.", "+5"),
    *("0x10", "1_000", "9007199254740993", "18446744073709551615", "18446744073709551616", "1" + "0" * 400, "5e-324"),
    *('"99"', "null", "true", "[]", "{}", '"NaN"', "1e-400", "0." + "3" * 2000),
)
_NAMES = ("gpu load", "", "Gpu", "1a", "_a", "a.b", "a-b", "x" * 96, "x" * 97, "gpu_load\n", "gpu_loadé", "a\u200b")

CASES: list[bytes | None] = [
    None,
    WHOLE,
    *(b"", b" ", b"null", b"1", b'"text"', b"[]", b"{}", b"[1, 2]", b"true", b"{", b"\xff\xfe", b"\x00"),
    *(WHOLE + tail for tail in (b" ", b"\n", b"\x00", b" x", b"{}", WHOLE, b",", b"]", b"\xff", b"//")),
    *(head + WHOLE for head in (b" \n", b"\xef\xbb\xbf", b"x", b"\x00", b"[")),
    WHOLE[:-1],
    b"[" + WHOLE + b"]",
    WHOLE.decode().encode("utf-16"),
    WHOLE.replace(b"desk-01", b"desk-\xff"),
    WHOLE.replace(b"gpuz", b"gpu\xc0\xafz"),
    WHOLE.replace(b"gpuz", b"\xed\xa0\x80"),
    WHOLE.replace(b'"', b"'"),
    WHOLE.replace(b",", b",,", 1),
    WHOLE[:-1] + b",}",
    WHOLE[:-1] + b"/* */}",
    WHOLE.replace(b'{"schema"', b'{"row":"x","schema"'),
    WHOLE[:-1] + b',"row":7}',
    WHOLE[:-1] + b',"row":"7"}',
    WHOLE[:-1] + b',"metrics":{}}',
    WHOLE.replace(b'{"gpu_temperature"', b'{"gpu_temperature":1,"gpu_temperature"'),
    WHOLE.replace(b'{"gpu_voltage"', b'{"gpu_voltage":"a","gpu_voltage"'),
    WHOLE.replace(b'"gpu_voltage"', b'"gpu\\u005fvoltage"'),
    _with(unknown="field", nested={"a": [1, {"b": None}]}),
    _with(unknown="\ud800"),
    b'{"schema":1,"deep":' + b"[" * 2000 + b"]" * 2000 + b"}",
    WHOLE[:-1] + b',"deep":' + b"[" * 500 + b"]" * 500 + b"}",
    *(_with(**{key: ...}) for key in READING),
    *(_with(**{key: None}) for key in READING),
    *(_with(**{key: wrong}) for key in READING for wrong in _WRONG),
    *(
        _with(**{key: text})
        for key in ("origin", "host", "source", "recorded", "model")
        for text in _TEXTS + _MORE_TEXTS
    ),
    *(_with(mode=mode) for mode in ("live", "demo", "dead", "Live", "", "import ")),
    *(_with(time=time) for time in _TIMES),
    *(_with(gpu=gpu) for gpu in _GPUS),
    *(_spelled(key, number) for key in ("row", "schema") for number in _NUMBERS),
    *(WHOLE.replace(b"182.4", value.encode()) for value in _VALUES),
    *(_with(metrics={name: 1}) for name in _NAMES),
    *(_with(flags={name: "text"}) for name in (*_NAMES, "*", "\0")),
    *(_with(flags={"gpu_load": flag}) for flag in (*_WRONG, None, "", "\0", "\ud800", "x" * 5000)),
    *(_with(labels=labels) for labels in (*_WRONG, None, {"rack": "r12"}, {"rack": "r12", "job": "train 7"})),
    *(_with(labels={name: "text"}) for name in (*_NAMES, "x" * 32, "x" * 33)),
    *(_with(labels={"rack": value}) for value in (*_WRONG, None, *_TEXTS, *_MORE_TEXTS, "x" * 253, "x" * 254)),
    *(_with(labels={f"label_{number}": "x" for number in range(count)}) for count in (16, 17)),
    _with(metrics={}),
    _with(metrics={f"sensor_{number}": number for number in range(500)}),
]
