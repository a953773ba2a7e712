"""Which logs are known: by their rows, whatever file they lie in; whose GPU each is; what became of each file."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from kafka_producer import chain
from kafka_producer.chain import Chain, Head
from kafka_producer.drop_folder import Signature
from kafka_producer.gpu_of_log import nth_gpu
from kafka_producer.progress import Progress
from kafka_producer.sessions import Session, Sessions, merged

_SCHEMA = """
create table if not exists known (
    fingerprint text primary key,
    first text not null,
    gpu text,
    header text,
    live_after integer,
    sessions text not null
) strict;
create index if not exists known_by_first_row on known (first);
create index if not exists known_by_gpu on known (gpu);
create table if not exists cards (
    gpu text not null,
    fingerprint text not null,
    primary key (gpu, fingerprint)
) strict, without rowid;
create table if not exists files (
    folder text not null,
    name text not null,
    archive text not null,
    size integer not null,
    modified integer not null,
    changed integer not null,
    inode integer not null,
    state text not null,
    fingerprint text,
    gpu text,
    reason text,
    detail text not null default '',
    start text not null default '',
    read integer not null default 0,
    rows integer not null default 0,
    updated integer not null,
    primary key (folder, name)
) strict, without rowid;
"""

FileState = Literal["waiting", "following", "done", "rejected", "gone"]


class Known(NamedTuple):
    """A log that was seen before, or is seen now."""

    fingerprint: str
    gpu: str | None
    """Whose its readings with their original time are; None: none were sent yet."""
    header: str | None
    """Its first one: rows that follow in the same file after it was emptied have none themselves."""
    live_after: int | None
    """Readings of this time or later are live; None: all are imported."""
    sessions: Sessions


class File(NamedTuple):
    """A file of the drop folder, or one member of an archive there."""

    name: str
    archive: str
    """The name of the file on disk: ``name``, but for members."""
    signature: Signature
    state: FileState
    fingerprint: str | None = None
    gpu: str | None = None
    reason: str | None = None
    detail: str = ""
    start: str = ""
    """Hash of its first bytes: the same bad file is not reported twice."""
    read: int = 0
    """Bytes."""
    rows: int = 0
    """Found so far, rejected ones left out."""
    updated: int = 0


class Ledger:
    """Beside the progress, in the same database."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._connection = progress.connection
        self._connection.executescript(chain.SCHEMA + _SCHEMA)

    def recognise(self, head: Head, header: str | None = None) -> Known:
        """The log that begins as ``head`` says, else a new one, which is remembered.

        The log found has the most first rows in common; it may turn out to part from this one further on.
        """
        best: tuple[int, Known] | None = None
        for known in self._where("first = ?", head.hashes[0]):
            common = self.chain(known.fingerprint).common(head.sums)
            if best is None or common > best[0]:
                best = common, known
        if best is not None and best[0]:
            return best[1]
        return self.add(self._old_fingerprint(head) or head.hashes[-1], head, header)

    def add(self, fingerprint: str, head: Head, header: str | None = None) -> Known:
        """Remembers a log."""
        with self._progress.transaction() as connection:
            connection.execute(
                "insert or ignore into known values (?, ?, null, ?, null, '[]')",
                (fingerprint, head.hashes[0], header),
            )
            connection.execute(
                "insert or ignore into chains values (?, 0, ?)", (fingerprint, array("I", head.sums).tobytes())
            )
        return self.known(fingerprint) or Known(fingerprint, None, header, None, ())

    def headed(self, fingerprint: str, header: str) -> Known | None:
        """The log, with another header than it was taken to have."""
        self._connection.execute("update known set header = ? where fingerprint = ?", (header, fingerprint))
        return self.known(fingerprint)

    def known(self, fingerprint: str) -> Known | None:
        return next(self._where("fingerprint = ?", fingerprint), None)

    def of_gpu(self, gpu: str) -> Iterator[Known]:
        """The logs that show a card, be it one among several."""
        return self._where("gpu = ? or fingerprint in (select fingerprint from cards where gpu = ?)", gpu, gpu)

    def chain(self, fingerprint: str) -> Chain:
        return Chain(self._connection, fingerprint)

    def assign(
        self,
        fingerprint: str,
        gpu: str,
        sessions: Sessions,
        live_after: int | None = None,
        cards: Sequence[int] = (0,),
    ) -> None:
        """Whose log it is: decided once. ``cards``: all that it shows, counted from ``gpu``, which is 0."""
        self._connection.execute(
            "update known set gpu = coalesce(gpu, ?), sessions = ?, live_after = coalesce(live_after, ?)"
            " where fingerprint = ?",
            (gpu, _text(sessions), live_after, fingerprint),
        )
        for card in cards:
            if card:
                values = (nth_gpu(gpu, card), fingerprint)
                self._connection.execute("insert or ignore into cards values (?, ?)", values)

    def go_live(self, fingerprint: str, live_after: int) -> None:
        """An import goes on: decided once."""
        self._connection.execute(
            "update known set live_after = coalesce(live_after, ?) where fingerprint = ?", (live_after, fingerprint)
        )

    def extend(self, fingerprint: str, sessions: Sessions) -> None:
        """The log has grown."""
        self._connection.execute("update known set sessions = ? where fingerprint = ?", (_text(sessions), fingerprint))

    def file(self, folder: str, name: str) -> File | None:
        return next(self._files("folder = ? and name = ?", folder, name), None)

    def files(self, folder: str) -> list[File]:
        return list(self._files("folder = ?", folder))

    def in_archive(self, folder: str, archive: str) -> list[File]:
        """All that came from one file on disk."""
        return list(self._files("folder = ? and archive = ?", folder, archive))

    def all_files(self) -> list[tuple[str, File]]:
        """(folder, file), for people."""
        folders = [row[0] for row in self._connection.execute("select distinct folder from files order by folder")]
        return [(folder, file) for folder in folders for file in self.files(folder)]

    def keep(self, folder: str, file: File) -> None:
        """What is known of a file now."""
        name, archive, signature, *rest = file
        values = (folder, name, archive, *signature, *rest)
        self._connection.execute(f"insert or replace into files values ({', '.join('?' * len(values))})", values)

    def gone(self, folder: str, archive: str, now: int) -> None:
        """A file is no longer there; what was read of it stays."""
        self._connection.execute(
            "update files set state = 'gone', updated = ? where folder = ? and archive = ? and fingerprint is not null",
            (now, folder, archive),
        )
        self._connection.execute(
            "delete from files where folder = ? and archive = ? and fingerprint is null", (folder, archive)
        )

    def _where(self, condition: str, *values: str) -> Iterator[Known]:
        query = f"select fingerprint, gpu, header, live_after, sessions from known where {condition} order by rowid"
        for fingerprint, gpu, header, live_after, sessions in self._connection.execute(query, values).fetchall():
            spans = tuple(Session(*session) for session in json.loads(sessions))
            yield Known(fingerprint, gpu, header, live_after, spans)

    def _files(self, condition: str, *values: str) -> Iterator[File]:
        query = (
            "select name, archive, size, modified, changed, inode, state, fingerprint, gpu, reason, detail, start,"
            f" read, rows, updated from files where {condition} order by name"
        )
        for row in self._connection.execute(query, values).fetchall():
            yield File(row[0], row[1], Signature(*row[2:6]), *row[6:])

    def _old_fingerprint(self, head: Head) -> str | None:
        """Of a log that an earlier version knew by the hash of its first rows alone."""
        if not self._connection.execute("select 1 from sqlite_master where name = 'logs'").fetchone():
            return None
        for covered, fingerprint in reversed(list(enumerate(head.hashes, start=1))):
            query = "select 1 from logs where fingerprint = ? and covered = ?"
            if self._connection.execute(query, (fingerprint, covered)).fetchone():
                return fingerprint
        return None


def _text(sessions: Sessions) -> str:
    return json.dumps(merged(sessions))
