"""The lake's side of the loads.

Delta and Arrow take 60 MB: they are imported when the lake is asked.
"""

from __future__ import annotations

from typing import Any

from dashboard.stores import lake_query
from dashboard.stores.loads import Held
from dashboard.stores.patience import in_time
from telemetry.errors import Unavailable
from telemetry.loads import host_of
from telemetry.settings import Settings

_HELD = """SELECT gpu, count(*) AS readings, count(DISTINCT row) AS "distinct", min(row) AS first, max(row) AS last
FROM readings WHERE host = '{host}' GROUP BY gpu"""


class LakeLoads:
    """The Delta table of readings."""

    name = "lake"

    def __init__(self, settings: Settings) -> None:
        self._uri = f"{settings.hdfs_url}{settings.lake_path}/readings"

    def held(self, load: str) -> dict[str, Held]:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        def ask() -> list[dict[str, Any]]:
            return lake_query.rows(DeltaTable(self._uri), _HELD.format(host=host_of(load)))

        try:
            found = in_time(ask, lake_query.PATIENCE_SECONDS, f"the lake at {self._uri}")
        except TableNotFoundError:
            return {}
        except (DeltaError, OSError) as error:
            raise Unavailable(f"the lake at {self._uri} does not answer ({type(error).__name__})") from error
        return {row.pop("gpu"): Held(**row) for row in found}
