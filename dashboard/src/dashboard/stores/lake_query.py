"""SQL over a Delta table, its answer as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telemetry.errors import Unavailable

if TYPE_CHECKING:
    from deltalake import DeltaTable

PATIENCE_SECONDS = 180
"""A look at a whole lake takes some; for longer it waits for a server that is gone."""


def rows(table: DeltaTable, query: str) -> list[dict[str, Any]]:
    """``query`` asks ``readings``. Raises Unavailable where a file of the table cannot be read to its end."""
    import pyarrow as pa
    from deltalake import QueryBuilder

    try:
        answer = QueryBuilder().register("readings", table).execute(query).read_all()
    except Exception as error:
        # The reader's own: no class more exact than this one, whatever the store said.
        if type(error) is not Exception:
            raise
        raise Unavailable(f"the lake at {table.table_uri} stopped answering ({str(error)[:200]})") from error
    found: list[dict[str, Any]] = pa.table(answer).to_pylist()
    return found
