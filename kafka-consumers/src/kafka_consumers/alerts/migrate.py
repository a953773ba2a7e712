"""The tables, brought to what this version needs: numbered files, each applied once, in order."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, LiteralString, cast

from psycopg import Connection

from telemetry.errors import Misconfigured

_LOCK = 7_265_001
"""Any number of ours: two engines that start at once must not migrate at once."""


def migrate(connection: Connection[Any], until: str | None = None) -> list[str]:
    """The names of the files that were applied. Raises Misconfigured where the tables are of a newer version, or
    ``until`` (the last that is to be applied) is one that this version does not know."""
    scripts = sorted((each for each in _folder().iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    if until is not None:
        if until not in {each.name for each in scripts}:
            raise Misconfigured("PostgreSQL: migrations", until, "tables of this version or an older one")
        scripts = [each for each in scripts if each.name <= until]
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"
        )
        done = {name for (name,) in connection.execute("SELECT name FROM migrations")}
        if unknown := sorted(done - {each.name for each in scripts}):
            raise Misconfigured("PostgreSQL: migrations", ", ".join(unknown), "tables of this version or an older one")
        fresh = [each for each in scripts if each.name not in done]
        for each in fresh:
            # Our own files: literal as far as injection goes.
            connection.execute(cast("LiteralString", each.read_text(encoding="utf-8")))
            connection.execute("INSERT INTO migrations (name) VALUES (%s)", (each.name,))
    return [each.name for each in fresh]


def _folder() -> Any:
    return files("kafka_consumers.alerts") / "migrations"
