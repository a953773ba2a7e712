"""A first look at what was dropped: is it a log, which one, and when was it recorded. Reads, and touches nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kafka_producer.archives import Content, contents
from kafka_producer.chain import Head, head_of
from kafka_producer.drop_folder import Entry
from kafka_producer.recorded import sessions_of
from kafka_producer.sessions import Sessions
from kafka_producer.source_config import LogRule, Sources
from kafka_producer.sources.logs.decode import lines_of, text_of
from kafka_producer.sources.logs.file import LogFile
from telemetry.catalogue import Catalogue
from telemetry.errors import Rejected
from telemetry.messages import PAYLOAD_LIMIT

_START = 64


class Examined(NamedTuple):
    """A log."""

    content: Content
    file: LogFile
    rule: LogRule
    head: Head | None
    """None: it has a header, and no row yet."""
    sessions: Sessions
    lines: int
    """About as many as there are rows."""
    header: str
    """Its first one, or what stands for it."""


class Refused(NamedTuple):
    """Something else."""

    name: str
    error: Rejected
    payload: bytes
    length: int
    sha256: str
    start: str
    """Hash of the first few bytes: enough to tell the same bad file from another one."""


class Examiner:
    """Examines with one configuration."""

    def __init__(self, catalogue: Catalogue, sources: Sources, zone: ZoneInfo) -> None:
        self._catalogue = catalogue
        self._sources = sources
        self._zone = zone

    def examine(self, entry: Entry, latest: int, header: str | None) -> list[Examined | Refused]:
        """What a file holds, an archive perhaps much. ``latest``: a row after this instant comes from a wrong clock.

        ``header`` is what stood over the rows of this file before: an emptied log goes on without one.
        """
        try:
            if entry.fault is not None:
                raise entry.fault
            found = contents(entry.path, entry.name)
        except Rejected as error:
            return [_refused(entry.name, error, lambda: _file_start(entry))]
        return [self._examine(content, latest, header) for content in found]

    def _examine(self, content: Content, latest: int, header: str | None) -> Examined | Refused:
        rule = self._sources.rule_for(content.log_path)
        zone = ZoneInfo(rule.time_zone) if rule.time_zone else self._zone
        file = LogFile(content.name, content.open, self._catalogue, zone, rule.header, rule.day_first)
        try:
            if file.first_header is None:
                file = replace(file, header=_required(header))
            _ = file.cards, file.first_card  # asked for later where nothing may wait for them
            with file.open() as opened:
                head = head_of(lines_of(opened))
            sessions, lines = sessions_of(file, latest)
        except Rejected as error:
            return _refused(content.name, error, lambda: _start(content))
        except OSError as error:
            unreadable = Rejected("unreadable", error.strerror or str(error))
            return _refused(content.name, unreadable, lambda: (b"", 0, hashlib.sha256().hexdigest()))
        except Exception as error:
            # A fault of ours; the next log must not wait for its repair.
            return _refused(content.name, Rejected("cannot_parse", repr(error)), lambda: _start(content))
        return Examined(content, file, rule, head, sessions, lines, text_of(file.first_header or b""))


def _required(header: str | None) -> str:
    if header is None:
        raise Rejected("no_header", "no header in the whole log says what its columns are")
    return header


def _refused(name: str, error: Rejected, read: Callable[[], tuple[bytes, int, str]]) -> Refused:
    try:
        payload, length, digest = read()
    except (Rejected, OSError):
        payload, length, digest = b"", 0, hashlib.sha256().hexdigest()
    return Refused(name, error, payload, length, digest, hashlib.sha256(payload[:_START]).hexdigest()[:16])


def _file_start(entry: Entry) -> tuple[bytes, int, str]:
    return _digested(iter(())) if entry.fault is not None else _digested(_chunks(entry.path))


def _start(content: Content) -> tuple[bytes, int, str]:
    """Of the file as it lies there, also where it is an archive."""
    return _digested(_chunks(content.path))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(PAYLOAD_LIMIT):
            yield chunk


def _digested(chunks: Iterator[bytes]) -> tuple[bytes, int, str]:
    digest, payload, length = hashlib.sha256(), b"", 0
    for chunk in chunks:
        payload = payload or chunk
        digest.update(chunk)
        length += len(chunk)
    return payload, length, digest.hexdigest()
