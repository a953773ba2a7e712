"""What became of each log: the file ``logs.json`` of STATE_DIR. The producer writes it, whoever shows logs reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from telemetry.errors import Unavailable
from telemetry.reading import Mode

NAME = "logs.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class LogState:
    """One log; the keys of ``kafka-producer status --json``."""

    file: str
    """Its name below ``folder``, with slashes."""
    folder: str | None
    """None: it was replayed."""
    gpu: str | None
    mode: Mode | None
    rows_sent: int
    """Acknowledged by Kafka."""
    rows: int | None
    """In the log, as far as is known."""
    bytes_read: int | None
    bytes: int | None
    state: str
    """waiting, following, done, rejected, gone; of a replay sent or unfinished."""
    reason: str | None
    """Why it was rejected, one of a small set of words."""
    detail: str
    changed: str
    """RFC 3339, UTC."""
    begin: str | None = None
    end: str | None = None
    """Of its readings, the first and the last; None where they are not known."""


def document(states: Iterable[LogState]) -> bytes:
    """As the file and ``--json`` have it."""
    body: dict[str, Any] = {"schema": SCHEMA, "logs": [asdict(state) for state in states]}
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write(state_dir: Path, content: bytes) -> None:
    """In one step: a reader finds the old file or the new one."""
    made = state_dir / f".{NAME}.new"
    made.write_bytes(content)
    made.replace(state_dir / NAME)


def read(state_dir: Path) -> list[LogState]:
    """In the producer's order. Raises Unavailable where there is no such file, or one of another version."""
    path = state_dir / NAME
    try:
        body = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise Unavailable("the producer has not told of any log yet (kafka-producer watch does)") from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise Unavailable(f"{path} cannot be read: {error}") from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise Unavailable(f"{path} is of another version of gpustream: restart the producer and the console")
    return [LogState(**each) for each in body["logs"]]
