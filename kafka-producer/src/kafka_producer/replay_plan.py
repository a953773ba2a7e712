"""What a replay will send: which files, and whose GPU each is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from kafka_producer.chain import Head, head_of
from kafka_producer.drop_folder import printable
from kafka_producer.gpu_of_log import gpu_of_log, next_index, nth_gpu
from kafka_producer.replay_options import ReplayOptions
from kafka_producer.source_config import LogRule, Sources
from kafka_producer.sources.logs.decode import lines_of
from kafka_producer.sources.logs.dialects import KINDS
from kafka_producer.sources.logs.file import LogFile, Survey
from telemetry.catalogue import Catalogue
from telemetry.errors import Rejected
from telemetry.reading import FUTURE_TOLERANCE

log = logging.getLogger(__name__)

LOG_SUFFIXES = {".txt", ".log", ".csv"}


@dataclass(frozen=True)
class Planned:
    """One log of a replay."""

    path: Path
    file: LogFile
    gpu: str
    model: str | None
    survey: Survey
    head: Head | None
    """None: there is no row in it."""
    is_gpu_given: bool = True

    @property
    def prefix_hashes(self) -> tuple[str, ...]:
        return self.head.hashes if self.head is not None else ()


def plan(options: ReplayOptions, sources: Sources, catalogue: Catalogue, zone: ZoneInfo, now: int) -> list[Planned]:
    """Every log of the paths, in order. Raises Rejected with the file's name where one is no log."""
    planned: list[Planned] = []
    taken: set[str] = set()
    for path, folder in _files(options.paths):
        rule = sources.rule_for(path)
        file = _file(path, rule, catalogue, options.zone or (ZoneInfo(rule.time_zone) if rule.time_zone else zone))
        try:
            survey = file.survey(now + FUTURE_TOLERANCE)
            with file.open() as opened:
                head = head_of(lines_of(opened))
        except OSError as error:
            raise Rejected("unreadable", f"{path}: {error.strerror or error}") from error
        except Rejected as error:
            if folder is not None:
                log.warning("skipped %s: %s", path, error)
                continue
            raise Rejected(error.reason, f"{path}: {error.detail}") from error
        gpu = options.gpu or gpu_of_log(path.absolute(), folder.absolute() if folder else None, rule, file)
        while not taken.isdisjoint(gpus := {nth_gpu(gpu, card) for card in file.cards}):
            gpu = next_index(gpu)
        taken |= gpus
        planned.append(Planned(path, file, gpu, rule.model, survey, head, options.gpu is not None))
    if not planned:
        raise Rejected("no_logs", f"{', '.join(map(str, options.paths))}: no sensor log of {KINDS} in there")
    return planned


def _files(paths: tuple[Path, ...]) -> Iterator[tuple[Path, Path | None]]:
    """(file, folder that was searched for it)."""
    for path in paths:
        try:
            if path.is_dir():
                found = (entry for entry in path.rglob("*") if entry.suffix.lower() in LOG_SUFFIXES)
                yield from ((entry, path) for entry in sorted(found) if entry.is_file())
            elif path.is_file():
                yield path, None
            elif path.exists():
                raise Rejected("not_a_log", f"{path}: neither a file nor a folder")
            else:
                raise Rejected("missing", f"{path}: no such file")
        except OSError as error:
            raise Rejected("unreadable", f"{path}: {error.strerror or error}") from error


def _file(path: Path, rule: LogRule, catalogue: Catalogue, zone: ZoneInfo) -> LogFile:
    return LogFile(printable(str(path)), lambda: path.open("rb"), catalogue, zone, rule.header, rule.day_first)
