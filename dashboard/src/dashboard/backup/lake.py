"""The lake: of each Delta table one version, by its log; of the reports every file, which are replaced in one step.

A file of a table never changes, and those of a version are kept for days after it: so the version is chosen first, and
its files can be copied while the stream goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from dashboard.backup import delta_log
from dashboard.backup.hdfs_tree import Absent, HdfsTree
from dashboard.backup.manifest import Manifest
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

TABLES, REPORTS = "lake", "reports"
_READINGS = "readings"
_TRIES = 3
_TOLD_EVERY = 500

Say = Callable[[str], None]


class Version(NamedTuple):
    """One version of a table: its log's files and its data files, as paths below the table."""

    table: str
    number: int
    log: list[str]
    data: list[str]


class LakeBackup:
    """All methods raise Unavailable while HDFS does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._hdfs = HdfsTree(settings)
        self._lake = settings.lake_path.rstrip("/")
        self._reports = settings.reports_path.rstrip("/")
        self._uri = f"{settings.hdfs_url.rstrip('/')}{self._lake}"

    def size(self) -> int:
        """At most so many bytes does a backup take."""
        return self._hdfs.size(self._lake) + self._hdfs.size(self._reports)

    def save(self, into: Path, say: Say) -> list[str]:
        """Everything that was committed before the call is in it. Returns ``table version`` of each table."""
        saved = []
        # Readings last: the stream takes a window whose readings are not in the lake for one that has no row there.
        for table in sorted(self._hdfs.names(self._lake), key=lambda name: (name == _READINGS, name)):
            if delta_log.FOLDER not in self._hdfs.names(f"{self._lake}/{table}"):
                continue
            version = self._save_table(table, into / TABLES / table, say)
            say(f"{table}: version {version.number:,}, {len(version.data):,} files")
            saved.append(f"{table} {version.number}")
        self._save_reports(into / REPORTS, say)
        return saved

    def put_back(self, backup: Path, manifest: Manifest, say: Say) -> None:
        """Data before logs: a table is there when all of it is. Raises Misconfigured where the lake is not empty."""
        self._must_be_empty()
        names = [each.path.removeprefix(f"{TABLES}/") for each in manifest.below(TABLES)]
        logs = [name for name in names if f"/{delta_log.FOLDER}/" in name]
        told = _Counter(len(names), say)
        self._hdfs.store(self._lake, [name for name in names if name not in set(logs)], backup / TABLES, told.done)
        self._hdfs.store(self._lake, logs, backup / TABLES, told.done)
        reports = [each.path.removeprefix(f"{REPORTS}/") for each in manifest.below(REPORTS)]
        self._hdfs.store(self._reports, reports, backup / REPORTS, _Counter(len(reports), say).done)
        say(f"{len(names):,} files of tables, {len(reports):,} of reports")

    def _must_be_empty(self) -> None:
        for folder in (self._lake, self._reports):
            if found := self._hdfs.names(folder):
                raise Misconfigured(
                    f"HDFS: {folder}",
                    f"{', '.join(found[:3])}",
                    "an empty lake",
                )

    def _save_table(self, table: str, into: Path, say: Say) -> Version:
        folder = f"{self._lake}/{table}"
        for attempt in range(_TRIES):
            try:
                version = self._version(table)
                told = _Counter(len(version.data), say)
                self._hdfs.fetch(folder, version.log, into, told.nothing, all_=True)
                self._hdfs.fetch(folder, version.data, into, told.done, all_=True)
            except Absent as error:
                # Delta tidies its log after a checkpoint: the next version has another one.
                if attempt + 1 == _TRIES:
                    raise Unavailable(f"HDFS: {error} was deleted while it was copied; try again") from error
            else:
                return version
        raise AssertionError("unreachable")

    def _version(self, table: str) -> Version:
        try:
            opened = DeltaTable(f"{self._uri}/{table}")
            number = opened.version()
            data = [_relative(each, f"{self._lake}/{table}") for each in opened.file_uris()]
        except (DeltaError, OSError) as error:
            raise Unavailable(f"the lake at {self._uri}/{table} does not answer ({type(error).__name__})") from error
        names = self._hdfs.names(f"{self._lake}/{table}/{delta_log.FOLDER}")
        log = [f"{delta_log.FOLDER}/{name}" for name in delta_log.files_of(names, number)]
        return Version(table, number, log, data)

    def _save_reports(self, into: Path, say: Say) -> None:
        # What a killed batch left, or a running one is at, is no report; `_state` is what it remembers.
        names = [name for name in self._hdfs.files(self._reports) if not _is_being_made(name)]
        self._hdfs.fetch(self._reports, names, into, _Counter(len(names), say).done, all_=False)


class _Counter:
    """Says how many of ``wanted`` files are done, now and then."""

    def __init__(self, wanted: int, say: Say) -> None:
        self._wanted = wanted
        self._say = say
        self._count = 0

    def done(self) -> None:
        self._count += 1
        if self._count % _TOLD_EVERY == 0:
            self._say(f"{self._count:,} of {self._wanted:,} files")

    def nothing(self) -> None:
        """A file that is not worth counting."""


def _relative(uri: str, folder: str) -> str:
    """The path below ``folder``, as HDFS has it: a URI escapes what the name of a partition escaped before."""
    _, found, rest = uri.partition(f"{folder}/")
    return unquote(rest) if found else uri


def _is_being_made(name: str) -> bool:
    return any(part.startswith("_making-") for part in Path(name).parts)
