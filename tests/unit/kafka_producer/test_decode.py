"""Bytes to lines: every encoding, any cut into chunks, bounded memory."""

from __future__ import annotations

import hashlib
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_producer.sources.logs.decode import LINE_LIMIT, Decoder, Lines, LongLine, lines_of, text_of


def lines_in(raw: bytes, chunk: int = LINE_LIMIT) -> list[bytes]:
    decoder = Decoder()
    blocks = [block for at in range(0, len(raw), chunk) for block in decoder.feed(raw[at : at + chunk])]
    return [line for block in [*blocks, *decoder.end()] if isinstance(block, Lines) for line in block.lines]


def offsets_in(raw: bytes) -> list[int]:
    return [
        block.offset_of(index)
        for block in lines_of(io.BytesIO(raw))
        if isinstance(block, Lines)
        for index in range(len(block.lines))
    ]


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")],
)
@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 4096])
def test_lines_come_out_whatever_the_encoding_and_the_chunks(bom: bytes, encoding: str, chunk: int) -> None:
    text = "Date , GPU Temperature [°C] ,\r\n2023-06-16 10:17:08 ,  61.0 ,\r\n"
    assert lines_in(bom + text.encode(encoding), chunk) == [line.encode() for line in text.split("\n")[:-1]]


def test_single_bytes_stay_as_they_are() -> None:
    assert lines_in(b"a [\xb0C]\nb") == [b"a [\xb0C]", b"b"]


def test_one_file_may_mix_spellings_of_the_degree_sign() -> None:
    assert text_of(b"[\xb0C]") == text_of("[°C]".encode()) == "[°C]"
    assert text_of("[캜]".encode()) == "[캜]"


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").replace(b"\0", b""))))
def test_offsets_point_at_their_lines(lines: list[bytes]) -> None:
    raw = b"x\n" + b"".join(line + b"\n" for line in lines)
    expected = [0]
    for line in [b"x", *lines[:-1]]:
        expected.append(expected[-1] + len(line) + 1)
    assert offsets_in(raw) == expected[: len(lines) + 1]


def test_offsets_count_the_bytes_of_a_utf_16_file() -> None:
    raw = b"\xff\xfe" + "캜 one\ntwo\n".encode("utf-16-le")
    assert [raw[offset : offset + 2].decode("utf-16-le") for offset in offsets_in(raw)] == ["캜", "t"]


def test_the_last_line_without_an_end_is_told_apart() -> None:
    *_, last = lines_of(io.BytesIO(b"one\ntw"))
    assert last == Lines(4, [b"tw"], ended=False)


def test_a_hole_of_nuls_takes_no_memory_and_keeps_its_place() -> None:
    hole = io.BytesIO(b"header," + bytes(20_000_000) + b"row,\n")
    tracemalloc.start()
    blocks = list(lines_of(hole))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    first = blocks[0]
    assert isinstance(first, Lines)
    assert first.lines[0].replace(b"\0", b"|").strip(b"|").split(b"|")[0] == b"header,"
    assert first.lines[0].endswith(b"row,")
    assert peak < 4_000_000


def test_a_line_without_end_is_cut_and_measured() -> None:
    raw = b"1234567890" * 300_000
    (long, rest) = lines_of(io.BytesIO(raw + b"\nnext\n"))
    assert long == LongLine(0, raw[:LINE_LIMIT], len(raw), hashlib.sha256(raw).hexdigest())
    assert rest == Lines(len(raw) + 1, [b"next"])


@given(st.binary(max_size=300), st.integers(1, 50))
def test_chunks_do_not_matter(raw: bytes, chunk: int) -> None:
    assert lines_in(raw, chunk) == lines_in(raw)
