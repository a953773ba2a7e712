"""Parquet and Arrow, in a process of their own that ends with the file: the console that answers for weeks does without
the 130 MB that their libraries hold once they were used. `python -m dashboard.columnar` is that process.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Literal, NamedTuple

from dashboard.stores.history import Row
from telemetry.errors import Unavailable

Kind = Literal["parquet", "arrow"]
_LENGTH = struct.Struct(">Q")


class Head(NamedTuple):
    """What the process must know before the first batch."""

    kind: Kind
    gpu: str
    names: Mapping[str, str]
    """Metric -> name of its column."""


def encoded(head: Head, batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """The file, a piece per batch. Raises Unavailable where the process died."""
    process = _start("encode")
    assert process.stdin
    assert process.stdout
    try:
        pickle.dump(head, process.stdin)
        for batch in batches:
            pickle.dump([tuple(row) for row in batch], process.stdin)
            process.stdin.flush()
            yield _piece(process.stdout)
        pickle.dump(None, process.stdin)
        process.stdin.flush()
        yield _piece(process.stdout)
    except OSError as error:
        raise Unavailable("the file could not be made: the process for it ended") from error
    finally:
        process.kill()
        process.wait()


def decoded(content: bytes) -> list[dict[str, Any]]:
    """The rows of a Parquet file. Raises Unavailable, which says what it is instead, where it cannot be read."""
    process = _start("decode")
    out, _ = process.communicate(content)
    if process.returncode:
        raise Unavailable("is no Parquet file that can be read")
    rows: list[dict[str, Any]] = pickle.loads(out)  # of our own process
    return rows


def _start(command: str) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "dashboard.columnar", command]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _piece(stream: IO[bytes]) -> bytes:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise BrokenPipeError
    (length,) = _LENGTH.unpack(head)
    return stream.read(int(length))


class _Sink(io.RawIOBase):
    """Where the writer writes; what came since the last look is taken from it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def _encode(source: IO[bytes], target: IO[bytes]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    def tell() -> None:
        piece = sink.take()
        target.write(_LENGTH.pack(len(piece)) + piece)
        target.flush()

    head = Head(*pickle.load(source))
    texts = [pa.field(name, pa.string()) for name in ("gpu", "host", "source")]
    numbers = [pa.field(name, pa.float64()) for name in head.names.values()]
    schema = pa.schema([pa.field("time", pa.timestamp("us", "UTC")), *texts, pa.field("row", pa.int64()), *numbers])
    sink = _Sink()
    if head.kind == "parquet":
        writer = parquet.ParquetWriter(sink, schema, compression="zstd")
    else:
        writer = pa.ipc.new_stream(sink, schema)
    with writer:
        while (batch := pickle.load(source)) is not None:
            writer.write_table(_table(pa, schema, head, [Row(*row) for row in batch]))
            tell()
    tell()


def _table(pa: Any, schema: Any, head: Head, batch: list[Row]) -> Any:
    columns = [
        pa.array([row.time for row in batch], pa.timestamp("us", "UTC")),
        pa.array([head.gpu] * len(batch)),
        pa.array([row.host for row in batch]),
        pa.array([row.source for row in batch]),
        pa.array([row.row for row in batch], pa.int64()),
        *(pa.array([row.metrics.get(metric) for row in batch], pa.float64()) for metric in head.names),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _decode(source: IO[bytes], target: IO[bytes]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        # Spark may write times in the old form of 96 bits, which are nanoseconds.
        table = parquet.read_table(io.BytesIO(source.read()), coerce_int96_timestamp_unit="us", use_threads=False)
    except (pa.ArrowException, OSError) as error:
        sys.exit(f"columnar: {error}")
    pickle.dump(table.to_pylist(maps_as_pydicts="lossy"), target)


if __name__ == "__main__":
    work = _encode if sys.argv[1] == "encode" else _decode
    work(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    # Arrow's threads may still be there at a usual exit, and then abort the process, whose work is done.
    os._exit(0)
