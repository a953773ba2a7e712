"""The lake: the newest reading of each mode, from the statistics that Delta keeps of its files.

Delta and Arrow take 60 MB: they are imported when the lake is asked, and not by a console that never does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from dashboard.stores import lake_query
from dashboard.stores.lake_query import PATIENCE_SECONDS
from dashboard.stores.patience import in_time
from telemetry.errors import Unavailable
from telemetry.reading import MODES, Mode
from telemetry.settings import Settings
from telemetry.timestamp import EPOCH, format_time

if TYPE_CHECKING:
    from deltalake import DeltaTable

MIXED_FILES = 8
"""A file may hold several modes: so many of the newest such files are read. Compaction leaves one per day."""


class File(NamedTuple):
    """A data file by its statistics; ``newest`` in microseconds UTC."""

    first_mode: str
    last_mode: str
    newest: int


class LakeReadings:
    """The Delta table of readings."""

    name = "lake"

    def __init__(self, settings: Settings) -> None:
        self._uri = f"{settings.hdfs_url}{settings.lake_path}/readings"

    def newest(self) -> dict[Mode, int]:
        return in_time(self._newest, PATIENCE_SECONDS, f"the lake at {self._uri}")

    def _newest(self) -> dict[Mode, int]:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        try:
            table = DeltaTable(self._uri)
            files = _files(table)
            found = newest_of_pure(files)
            if (since := mixed_since(files)) is not None:
                for mode, time in _read(table, since).items():
                    found[mode] = max(time, found.get(mode, time))
        except TableNotFoundError as error:
            raise Unavailable(f"there is no table at {self._uri} yet") from error
        except (DeltaError, OSError) as error:
            raise Unavailable(f"the lake at {self._uri} does not answer ({type(error).__name__})") from error
        return found


def newest_of_pure(files: Iterable[File]) -> dict[Mode, int]:
    """Mode -> time, from the files that hold one mode only."""
    found: dict[Mode, int] = {}
    for file in files:
        for mode in MODES:
            if file.first_mode == file.last_mode == mode:
                found[mode] = max(file.newest, found.get(mode, file.newest))
    return found


def mixed_since(files: Iterable[File]) -> int | None:
    """From which time on files must be read, because the newest of them hold several modes; None: none must."""
    mixed = sorted((file.newest for file in files if file.first_mode != file.last_mode), reverse=True)
    return mixed[:MIXED_FILES][-1] if mixed else None


def _files(table: DeltaTable) -> list[File]:
    import pyarrow as pa

    actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    # A file without statistics (no rows) has None, or no such column.
    return [
        File(action["min.mode"], action["max.mode"], _microseconds(action["max.time"]))
        for action in actions
        if action.get("max.time") is not None and action.get("min.mode") and action.get("max.mode")
    ]


def _read(table: DeltaTable, since: int) -> dict[Mode, int]:
    query = (
        f"SELECT mode, max(time) AS newest FROM readings WHERE time >= TIMESTAMP '{format_time(since)}' GROUP BY mode"
    )
    found = lake_query.rows(table, query)
    return {row["mode"]: _microseconds(row["newest"]) for row in found if row["mode"] in MODES}


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
