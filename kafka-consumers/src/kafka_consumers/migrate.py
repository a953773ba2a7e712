"""Tables, brought to what this version needs: numbered files, each applied once, in order."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from kafka_consumers.advisory_lock import AdvisoryLock
from telemetry.errors import Misconfigured


def migrate(connection: Connection[Any], package: str, done_in: str, until: str | None = None) -> list[str]:
    """The names of the files of ``package``'s folder ``migrations`` that were applied; the table ``done_in`` says which
    were. Raises Misconfigured where the tables are of a newer version, or ``until``, the last that is to be applied, is
    unknown here."""
    folder = files(package) / "migrations"
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    if until is not None:
        if until not in {each.name for each in scripts}:
            raise Misconfigured(f"PostgreSQL: {done_in}", until, "tables of this version or an older one")
        scripts = [each for each in scripts if each.name <= until]
    table = Identifier(done_in)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.MIGRATIONS,))
        connection.execute(
            SQL(
                "CREATE TABLE IF NOT EXISTS {} (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"
            ).format(table)
        )
        done = {name for (name,) in connection.execute(SQL("SELECT name FROM {}").format(table))}
        if unknown := sorted(done - {each.name for each in scripts}):
            raise Misconfigured(f"PostgreSQL: {done_in}", ", ".join(unknown), "tables of this version or an older one")
        fresh = [each for each in scripts if each.name not in done]
        for each in fresh:
            connection.execute(each.read_bytes())
            connection.execute(SQL("INSERT INTO {} (name) VALUES (%s)").format(table), (each.name,))
    return [each.name for each in fresh]
