"""A sensor log as a source of readings."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kafka_producer.gpu_of_log import nth_gpu
from kafka_producer.sources.logs.decode import Lines, LongLine
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.plain import Plain
from kafka_producer.sources.logs.quality import ASSUMED_LAYOUT, ZeroWatch, drop_false_zeros, judge
from kafka_producer.sources.logs.table import AheadOfTime
from kafka_producer.sources.logs.wall_clock import FUTURE_TIME
from telemetry.errors import Rejected
from telemetry.reading import NO_LABELS, WHOLE_READING, Mode, Reading, split_gpu

Place = Callable[[int], int]
"""Recorded instant -> the instant that the reading carries; microseconds UTC, called for every row in file order."""


class RejectedLine(NamedTuple):
    """A line that could not be used."""

    raw: bytes
    """Its first 64 KiB at least."""
    length: int
    sha256: str
    offset: int
    row: int
    """How many readings the log gave before it."""
    error: Rejected
    ahead: int = 0
    """How many of those the line may still become: it is of the future."""


@dataclass
class Tally:
    """What a walk over a log has met."""

    rows: int = 0
    """Data rows that became readings."""
    rejected: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    """Over all values, by kind."""
    stayed_zero: list[str] = field(default_factory=list)
    """Sensors that showed nothing but 0; known when the walk has ended."""
    unknown: list[str] = field(default_factory=list)
    """Names of columns that the catalogue does not know."""
    refused: list[str] = field(default_factory=list)
    """Headers of columns beyond the number of unknown ones that a log may bring along."""


class Pass(NamedTuple):
    """The identity of one run over a log."""

    origin: str
    gpu: str
    """Of the log's first card; the others count on from it."""
    mode: Mode
    model: str | None
    """Where the log does not name it."""
    latest: int
    """Microseconds UTC; a row recorded later comes from a wrong clock."""
    place: Place | None = None
    """None: a reading carries the time at which it was recorded."""


class SensorLog:
    """One pass over one log. A reading's ordinal and time depend on the file (and the pass) alone."""

    def __init__(self, file: LogFile, run: Pass, on_rejected: Callable[[RejectedLine], None]) -> None:
        self.tally = Tally()
        self._file = file
        self._pass = run
        self._on_rejected = on_rejected
        self._row = 0
        self._last_place: tuple[Lines | None, int, int] = (None, 0, 0)
        """(lines, index, offset in the file) of the line that was rejected last."""

    @property
    def name(self) -> str:
        return self._file.name

    def close(self) -> None:
        """The walk closes its file by itself."""

    def readings(self) -> Iterator[Reading]:
        """Raises Rejected (``empty``, ``not_a_log``) where the file is no log."""
        origin, gpu, mode, model, latest, place = self._pass
        host, _ = split_gpu(gpu)
        tally, zeros, headers, source = self.tally, ZeroWatch(), self._file.headers(), self._file.dialect.source
        seen: Plain | None = None
        new = tuple.__new__  # past the check of a NamedTuple's arguments, for each of so many
        rows = self._file.rows(headers, latest, self._reject)
        for layout, values, plain, line, recorded_at, recorded, is_assumed, card, named in rows:
            row = self._row
            self._row += 1
            time = recorded_at if place is None else place(recorded_at)
            if values is None or plain is None:
                metrics, flags = judge(layout, line)
                zeros.see_some(metrics, flags)
            else:
                metrics = layout.blank.copy()
                # As many names as values, which strict would count once more for every row.
                metrics.update(zip(layout.names, values))  # noqa: B905
                flags = drop_false_zeros(layout, metrics) if plain.has_suspects else {}
                if plain is not seen:
                    zeros.see(layout, plain)
                    seen = plain
            if is_assumed:
                flags[WHOLE_READING] = ASSUMED_LAYOUT
            if flags:
                tally.flags.update(flags.values())
            tally.rows += 1
            of = nth_gpu(gpu, card) if card else gpu
            who = (of, host, source, model or named)
            yield new(Reading, (origin, row, mode, time, recorded, *who, metrics, flags, NO_LABELS))
        tally.stayed_zero = zeros.stayed_zero()
        tally.unknown = headers.unknown()
        tally.refused = headers.refused()

    def _reject(self, lines: Lines | LongLine, index: int, error: Rejected) -> None:
        if isinstance(lines, LongLine):
            raw, length, digest, offset = lines.head, lines.length, lines.sha256, lines.offset
        else:
            raw = lines.lines[index]
            length, digest, offset = len(raw), hashlib.sha256(raw).hexdigest(), self._offset_of(lines, index)
        self.tally.rejected[error.reason] += 1
        # What is in the future today will not be tomorrow: the rows after it must have the same ordinals then.
        ahead = error.rows if isinstance(error, AheadOfTime) else int(error.reason == FUTURE_TIME)
        self._row += ahead
        self._on_rejected(RejectedLine(raw, length, digest, offset, self._row, error, ahead))

    def _offset_of(self, lines: Lines, index: int) -> int:
        """Counted from the line that was rejected last: a block may hold thousands of them."""
        known, begin, offset = self._last_place
        if known is not lines or begin > index:
            begin, offset = 0, lines.offset
        offset += sum(len(line) + 1 for line in lines.lines[begin:index])
        self._last_place = (lines, index, offset)
        return offset
