"""Quirks of text and bytes: separators, line ends, encodings, holes. A log's lines go in with their line ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kafka_producer.simulate.gpuz_writer import ENCODING, EOL

LineQuirk = Callable[[Iterable[str]], Iterator[str]]
Encoder = Callable[[Iterable[str]], Iterator[bytes]]
ByteQuirk = Callable[[Iterable[bytes]], Iterator[bytes]]

_HOLE = 2048


def lf(lines: Iterable[str]) -> Iterator[str]:
    """LF line ends, as git leaves them."""
    return (line.replace(EOL, "\n") for line in lines)


def semicolon_decimal_comma(lines: Iterable[str]) -> Iterator[str]:
    """Saved again for a spreadsheet: `;` between cells, `,` in numbers."""
    return (line.replace(",", ";").replace(".", ",") for line in lines)


def unfinished_last_line(lines: Iterable[str]) -> Iterator[str]:
    """GPU-Z is still writing: the last line stops in the middle."""
    held: str | None = None
    for line in lines:
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held[: len(held) // 2]


def as_written(lines: Iterable[str]) -> Iterator[bytes]:
    """GPU-Z's own: single bytes, the degree sign is 0xB0."""
    return (line.encode(ENCODING) for line in lines)


def utf8(lines: Iterable[str]) -> Iterator[bytes]:
    """Saved again as UTF-8."""
    return (line.encode() for line in lines)


def utf8_bom(lines: Iterable[str]) -> Iterator[bytes]:
    """Saved again as UTF-8 with a byte order mark."""
    yield b"\xef\xbb\xbf"
    yield from utf8(lines)


def utf8_damaged_degree(lines: Iterable[str]) -> Iterator[bytes]:
    """Saved again by a program that took it for UTF-8: the degree sign became U+FFFD."""
    return (line.replace("°", "\ufffd").encode() for line in lines)


def utf8_no_degree(lines: Iterable[str]) -> Iterator[bytes]:
    """Saved again without the degree sign."""
    return (line.replace("°", "").encode() for line in lines)


def utf8_twice(lines: Iterable[str]) -> Iterator[bytes]:
    """UTF-8 taken for cp1252 and saved as UTF-8: `Â°C`."""
    return (line.encode().decode("cp1252").encode() for line in lines)


def utf8_mixed_degree(lines: Iterable[str]) -> Iterator[bytes]:
    """Every header spells the degree sign in another way."""
    signs = ("", "\ufffd", "°")
    headers = -1
    for line in lines:
        headers += line.lstrip().startswith("Date")
        yield line.replace("°", signs[max(0, headers) % len(signs)]).encode()


def utf16_le(lines: Iterable[str]) -> Iterator[bytes]:
    """UTF-16, little endian, with its byte order mark."""
    yield b"\xff\xfe"
    yield from (line.encode("utf-16-le") for line in lines)


def utf16_be(lines: Iterable[str]) -> Iterator[bytes]:
    """UTF-16, big endian, with its byte order mark."""
    yield b"\xfe\xff"
    yield from (line.encode("utf-16-be") for line in lines)


def cjk_resave(codec: str) -> Encoder:
    """Read by an East Asian Windows, where 0xB0 swallows the C after it, and saved again as UTF-8."""

    def resave(lines: Iterable[str]) -> Iterator[bytes]:
        return (line.encode(ENCODING).decode(codec, errors="replace").encode() for line in lines)

    resave.__doc__ = f"Read as {codec} by an East Asian Windows, where 0xB0 swallows the C, and saved again as UTF-8."
    return resave


def nul_hole(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Truncated while GPU-Z held it open: NULs follow the header, and the next row stands on the header's line."""
    for number, chunk in enumerate(chunks):
        yield chunk.rstrip(b"\r\n") + bytes(_HOLE) if number == 0 else chunk
