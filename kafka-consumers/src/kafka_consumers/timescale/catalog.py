"""What PostgreSQL says of its own tables."""

from __future__ import annotations

from kafka_consumers.advisory_lock import AdvisoryLock
from kafka_consumers.database import Connection


def alone(connection: Connection) -> None:
    """Until the end of the transaction no other process of ours changes tables."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.TABLES_OF_READINGS,))


def columns_of(connection: Connection, relation: str) -> list[str]:
    """Of a table or view, in their order; empty where there is none."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        (relation,),
    )
    return [name for (name,) in rows]


def add_columns(connection: Connection, table: str, wanted: dict[str, str]) -> None:
    """Those of ``wanted`` (name -> type) that ``table`` lacks, at its end; no row is written anew."""
    had = set(columns_of(connection, table))
    if new := [f'ADD COLUMN "{name}" {kind}' for name, kind in wanted.items() if name not in had]:
        connection.execute(f"ALTER TABLE {table} {', '.join(new)}".encode())
