"""What was sent, and at which anchor: survives kill -9, so that a row sent again has the same identity and time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kafka_producer.pass_state import PassState, Stream
from kafka_producer.position import Position
from telemetry.errors import Misconfigured

_SCHEMA = """
create table if not exists passes (
    fingerprint text not null,
    gpu text not null,
    kind text not null,
    pass integer not null,
    anchor integer not null,
    speed text not null,
    zone text not null,
    mode text not null,
    file text not null,
    rows integer not null default 0,
    last integer,
    finished integer not null default 0,
    updated integer not null,
    refused integer not null default 0,
    primary key (fingerprint, gpu, kind, pass)
) strict, without rowid;
"""

_IS_OUTDONE = """
exists (
    select 1 from passes as newer
    where newer.fingerprint = passes.fingerprint and newer.gpu = passes.gpu and newer.kind = passes.kind
    and newer.pass > passes.pass
)
"""

_STATE = "pass, anchor, speed, zone, mode, rows, last, finished, refused"


class Seen(NamedTuple):
    """A line of ``kafka-producer status``."""

    stream: Stream
    state: PassState
    file: str
    updated: int


class Progress:
    """The file ``producer.sqlite`` of the state directory. One process writes a stream at a time (see ``lock``)."""

    def __init__(self, state_dir: Path) -> None:
        path = state_dir / "producer.sqlite"
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._connection.execute("pragma journal_mode = wal")
            # An anchor must not be lost with the power: its readings may already lie on the topic.
            self._connection.execute("pragma synchronous = full")
            self._connection.executescript(_SCHEMA)
            self._bring_up_to_date()
        except (OSError, sqlite3.Error) as error:
            raise Misconfigured(f"settings: STATE_DIR: {path}", str(error), "a folder that can be written") from error

    def close(self) -> None:
        self._connection.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """Of the same file, for what belongs with the progress."""
        return self._connection

    def latest(self, stream: Stream) -> PassState | None:
        """The newest pass of a stream."""
        row = self._connection.execute(
            f"select {_STATE} from passes where fingerprint = ? and gpu = ? and kind = ? order by pass desc limit 1",
            stream,
        ).fetchone()
        return _state(row) if row else None

    def begin(self, stream: Stream, state: PassState, file: str, now: int) -> None:
        """To be called before the first reading of a pass is sent. The older passes of the stream go: nobody asks for
        them, and a loop of some minutes would leave hundreds a day."""
        with self.transaction() as connection:
            connection.execute(
                f"insert into passes (fingerprint, gpu, kind, {_STATE}, file, updated)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*stream, *state, file, now),
            )
            connection.execute(
                "delete from passes where fingerprint = ? and gpu = ? and kind = ? and pass < ?",
                (*stream, state.number),
            )

    def acknowledge(self, stream: Stream, number: int, position: Position, last: int | None, now: int) -> None:
        """What lies before ``position`` in the pass need not be sent again."""
        self._connection.execute(
            "update passes set rows = ?, refused = ?, last = coalesce(?, last), updated = ?"
            " where fingerprint = ? and gpu = ? and kind = ? and pass = ?",
            (*position, last, now, *stream, number),
        )

    def finish(self, stream: Stream, number: int, now: int) -> None:
        self._connection.execute(
            "update passes set finished = 1, updated = ? where fingerprint = ? and gpu = ? and kind = ? and pass = ?",
            (now, *stream, number),
        )

    def seen(self) -> list[Seen]:
        """The pass of every stream, the newest first."""
        with closing(
            self._connection.execute(
                f"select fingerprint, gpu, kind, {_STATE}, file, updated from passes order by updated desc"
            )
        ) as rows:
            return [Seen(Stream(*row[:3]), _state(row[3:12]), file=row[12], updated=row[13]) for row in rows]

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; within another one, part of it."""
        if self._connection.in_transaction:
            yield self._connection
            return
        self._connection.execute("begin immediate")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def _bring_up_to_date(self) -> None:
        columns = {row[1] for row in self._connection.execute("pragma table_info(passes)")}
        if "refused" not in columns:
            self._connection.execute("alter table passes add column refused integer not null default 0")
        # Earlier versions kept every pass.
        if self._connection.execute(f"select 1 from passes where {_IS_OUTDONE} limit 1").fetchone():
            self._connection.execute(f"delete from passes where {_IS_OUTDONE}")


def _state(row: Sequence[Any]) -> PassState:
    *others, finished, refused = row
    return PassState._make((*others, bool(finished), refused))
