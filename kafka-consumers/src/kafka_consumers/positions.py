"""How far each partition has been judged, in a table of PostgreSQL: moved in the transaction of what was made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from kafka_consumers.batch import Partition
from kafka_consumers.database import Connection
from telemetry.errors import Unavailable

# The condition is the lock: a second engine that has judged the same records meanwhile makes this change fewer rows.
_MOVE = """
INSERT INTO {} AS p (topic, partition, next_offset)
SELECT topic, partition, after FROM unnest(%(topics)s::text[], %(partitions)s::integer[], %(after)s::bigint[])
    AS moved (topic, partition, after)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
WHERE (p.topic, p.partition, p.next_offset) IN
    (SELECT * FROM unnest(%(topics)s::text[], %(partitions)s::integer[], %(before)s::bigint[]))
"""


class Positions:
    """Of one engine, in a table of its own (topic, partition, next_offset)."""

    def __init__(self, table: str, engine: str) -> None:
        self._read = SQL("SELECT topic, partition, next_offset FROM {}").format(Identifier(table))
        self._move = SQL(_MOVE).format(Identifier(table))
        self._engine = engine

    def read(self, connection: Connection) -> dict[Partition, int]:
        """Partition -> the next offset to judge."""
        return {(topic, partition): at for topic, partition, at in connection.execute(self._read).fetchall()}

    def move(
        self, connection: Connection, after: Mapping[Partition, int], before: Mapping[Partition, int]
    ) -> Cursor[Any]:
        """From ``before`` to ``after``; :meth:`check` says, once the answer is there, whether it was so."""
        moves = {
            "topics": [topic for topic, _ in after],
            "partitions": [number for _, number in after],
            "before": [before.get(partition, 0) for partition in after],
            "after": list(after.values()),
        }
        return connection.execute(self._move, moves)

    def check(self, moved: Cursor[Any], after: Mapping[Partition, int]) -> None:
        """Raises Unavailable where another engine has judged from the same positions: nothing may be stored then."""
        if moved.rowcount != len(after):
            names = ", ".join(f"{topic}/{number}" for topic, number in sorted(after))
            raise Unavailable(f"another {self._engine} judges some of {names}: one of the two must end")
