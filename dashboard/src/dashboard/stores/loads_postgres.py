"""PostgreSQL's side of the loads."""

from __future__ import annotations

from dashboard.stores.loads import Held
from dashboard.stores.postgres import Postgres
from telemetry.loads import host_of
from telemetry.settings import Settings

# The key begins with the GPU, whose name begins with the host's: a range of it, not the whole table.
_HELD = """SELECT gpu, count(*) AS readings, count(DISTINCT "row") AS "distinct",
    min("row") AS first, max("row") AS last
FROM (SELECT gpu, host, "row" FROM gpu_metrics UNION ALL SELECT gpu, host, "row" FROM gpu_imports) AS readings
WHERE host = %(host)s AND gpu >= %(host)s || ':' AND gpu < %(host)s || ';' GROUP BY gpu"""


class PostgresLoads:
    """The tables of the sink `timescale`."""

    name = "PostgreSQL"

    def __init__(self, settings: Settings) -> None:
        self._postgres = Postgres(settings)

    def held(self, load: str) -> dict[str, Held]:
        with self._postgres.connection() as connection:
            rows = connection.execute(_HELD, {"host": host_of(load)}).fetchall()
        return {row.pop("gpu"): Held(**row) for row in rows}
