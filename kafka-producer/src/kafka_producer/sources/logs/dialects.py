"""The programs whose logs are read, and which of them wrote a line."""

from __future__ import annotations

from kafka_producer.sources.gpuz import GPUZ
from kafka_producer.sources.hwinfo import HWINFO
from kafka_producer.sources.librehardwaremonitor import LIBREHARDWAREMONITOR
from kafka_producer.sources.logs.decode import text_of
from kafka_producer.sources.logs.dialect import Dialect
from kafka_producer.sources.nvidia_smi.log import NVIDIA_SMI, is_query

DIALECTS = (GPUZ, HWINFO, LIBREHARDWAREMONITOR, NVIDIA_SMI)

_FOREIGN = (
    (b"hardware monitoring log", "MSI Afterburner writes such logs"),
    (b"pk\x03\x04", "a ZIP archive: unpack it"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
)
KINDS = ", ".join(dialect.program for dialect in DIALECTS[:-1]) + f" or {DIALECTS[-1].program}"
_BEGINNINGS = ", ".join(f"{dialect.header!r} ({dialect.program})" for dialect in DIALECTS[1:])


def dialect_of(line: bytes) -> Dialect | None:
    """Whose header the line begins; None where it is none that we know."""
    return next((dialect for dialect in DIALECTS if dialect.is_header(line)), None)


def what_it_is(line: bytes) -> str:
    """What is wrong with a file that begins so, and what would be right."""
    folded = line.lower().replace(b'"', b"")
    guess = next((f" ({tool})" for sign, tool in _FOREIGN if sign in folded), "")
    dialect = dialect_of(line)
    if dialect is not None:
        guess = f" ({dialect.program} writes such logs, but this one has no column of a GPU)"
    elif is_query(line):
        guess = f" (nvidia-smi writes such logs, and needs its column timestamp: {NVIDIA_SMI.how_to})"
    text = text_of(line[:60]).strip()
    found = f"it begins {text!r}" if text.isprintable() else "it begins with bytes that are no text"
    wanted = f"expected {GPUZ.header!r} as in a sensor log of GPU-Z: {GPUZ.how_to}; or {_BEGINNINGS}"
    return f"{found}{guess}, {wanted}"


def nothing_in_it() -> str:
    """What is wrong with an empty file."""
    return f"nothing stands in it, expected a sensor log of {KINDS}; {GPUZ.how_to}"
