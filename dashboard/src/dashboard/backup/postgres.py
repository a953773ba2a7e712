"""PostgreSQL: every table as of one moment, by COPY, whatever server it is on: no program of PostgreSQL is needed.

The tables themselves are made by the alert engine's own migrations, up to the one that the backup names
(`kafka-consumers alerts --migrate NAME`); the engine goes on from there when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dashboard.backup.manifest import Manifest
from dashboard.backup.offsets import Offsets
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

FOLDER = "postgres"
_MIGRATIONS, _POSITIONS = "migrations", "positions"
# Without those of the readings (POSTGRES_READINGS): a second copy of some days, which the lake keeps.
_TABLES = r"""
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT LIKE 'gpu\_%' AND c.relname <> 'timescale_migrations'
ORDER BY c.relname
"""
_REFERENCES = """
SELECT DISTINCT c.relname, f.relname FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
WHERE k.contype = 'f' AND c.oid <> f.oid
"""
_COLUMNS = """
SELECT attname, attidentity <> '' FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
_GO_ON = "SELECT setval(pg_get_serial_sequence({}, {}), max({}) + 1, false) FROM {} HAVING count(*) > 0"

Say = Callable[[str], None]
Connection = psycopg.Connection[tuple[object, ...]]


class PostgresBackup:
    """All methods raise Unavailable while PostgreSQL does not answer, Misconfigured where it refuses the password."""

    def __init__(self, settings: Settings) -> None:
        self._where = f"PostgreSQL at {settings.postgres_host}:{settings.postgres_port}"
        self._password_file = settings.postgres_password_file
        self._conninfo = make_conninfo(
            host=settings.postgres_host,
            port=settings.postgres_port,
            dbname=settings.postgres_database,
            user=settings.postgres_user,
            connect_timeout=5,
            application_name="gpustream-backup",
        )

    def size(self) -> int:
        """About how many bytes a backup takes."""
        with self._connection() as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            return int(str(row[0])) if row else 0

    def save(self, into: Path, say: Say) -> tuple[list[str], Offsets]:
        """Returns the migrations that made the tables, and how far the alert engine had judged by then."""
        folder = into / FOLDER
        folder.mkdir(parents=True)
        with self._connection() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                tables = _names(connection, _TABLES)
                for table in tables:
                    columns = [name for name, _ in _columns(connection, table)]
                    out = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT WITH (FORMAT csv, HEADER true)").format(
                        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
                    )
                    with (folder / f"{table}.csv").open("wb") as file, connection.cursor().copy(out) as copy:
                        file.writelines(copy)
                migrations = _names(connection, "SELECT name FROM migrations ORDER BY name") if tables else []
                query = "SELECT topic, partition, next_offset FROM positions"
                rows = connection.execute(query).fetchall() if _POSITIONS in tables else []
        say(f"{len(tables)} tables")
        return migrations, {(str(topic), int(str(number))): int(str(at)) for topic, number, at in rows}

    def put_back(self, backup: Path, manifest: Manifest, positions: Offsets, say: Say) -> None:
        """All or nothing, into tables that are made and empty; the engine's positions become ``positions``."""
        files = {Path(each.path).stem: backup / each.path for each in manifest.below(FOLDER)}
        if not files:
            return
        with self._connection() as connection, connection.transaction():
            there = _names(connection, _TABLES)
            if missing := sorted(set(files) - set(there)):
                raise Misconfigured(self._where, f"no tables {missing}", "those that the alert engine makes")
            for table in in_order(files, connection.execute(_REFERENCES).fetchall()):
                if table != _MIGRATIONS:
                    self._fill(connection, table, files[table])
            connection.execute("DELETE FROM positions")
            rows = [(topic, number, at) for (topic, number), at in sorted(positions.items())]
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO positions (topic, partition, next_offset) VALUES (%s, %s, %s)", rows)
        say(f"{len(files) - 1} tables")

    def _fill(self, connection: Connection, table: str, path: Path) -> None:
        name = sql.Identifier(table)
        if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(name)).fetchone():
            raise Misconfigured(f"{self._where}: {table}", "rows", "an empty table: ./start.sh restore makes one")
        with path.open("rb") as file:
            names = file.readline().decode().strip().split(",")
            file.seek(0)
            into = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, HEADER true)").format(
                name, sql.SQL(", ").join(map(sql.Identifier, names))
            )
            with connection.cursor().copy(into) as copy:
                while chunk := file.read(1 << 20):
                    copy.write(chunk)
        for column, is_numbered in _columns(connection, table):
            if is_numbered:
                # The next row's number goes on behind the greatest.
                connection.execute(
                    sql.SQL(_GO_ON)
                    .format(sql.Literal(table), sql.Literal(column), sql.Identifier(column), name)
                )  # fmt: skip

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            password = self._password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Misconfigured("POSTGRES_PASSWORD_FILE", str(error), "a readable file") from error
        try:
            with psycopg.connect(self._conninfo, password=password, autocommit=True) as connection:
                yield connection
        except psycopg.OperationalError as error:
            words = " ".join(str(error).split())
            if "password authentication failed" in words:
                raise Misconfigured(f"POSTGRES_PASSWORD_FILE ({self._password_file})", words, "its password") from error
            raise Unavailable(f"{self._where} does not answer ({words[:200]})") from error


def in_order(tables: dict[str, Path], references: list[tuple[object, ...]]) -> list[str]:
    """Each behind those that its rows refer to; ``references``: (table, the one that it refers to)."""
    needs = {table: {str(to) for of, to in references if of == table and to in tables} for table in tables}
    ordered: list[str] = []
    while needs:
        ready = sorted(table for table, others in needs.items() if others <= set(ordered))
        if not ready:
            raise Misconfigured("PostgreSQL", f"tables that refer to each other: {sorted(needs)}", "none that do")
        ordered += ready
        for table in ready:
            del needs[table]
    return ordered


def _names(connection: Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(sql.SQL(query)).fetchall()]


def _columns(connection: Connection, table: str) -> list[tuple[str, bool]]:
    return [(str(name), bool(numbered)) for name, numbered in connection.execute(_COLUMNS, (f'"{table}"',)).fetchall()]
