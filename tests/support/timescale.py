"""PostgreSQL as tests of the sink `timescale` look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from support.engines import PostgreSQL
from support.identities import Row
from telemetry import catalogue
from telemetry.settings import Settings

ROOT = Path(__file__).parents[2]
METRICS = catalogue.load(ROOT / "config" / "metrics.yaml")
NO_TIMESCALE = "no TimescaleDB beside PostgreSQL here (docs/recipes/timescale.md says how tests get one)"


def settings_of(server: PostgreSQL, **changes: Any) -> Settings:
    return Settings(postgres_port=server.port, postgres_password_file=server.password_file, **changes)


def ask(server: PostgreSQL, query: str, *values: object, database: str = "gpustream") -> list[Any]:
    """The rows; a change is committed."""
    password = server.password_file.read_text(encoding="utf-8").strip()
    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="gpustream", password=password, dbname=database, autocommit=True
    ) as connection:
        cursor = connection.execute(query.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def readings_in(server: PostgreSQL, gpu: str, table: str = "gpu_metrics") -> list[Row]:
    """The identities that ``table`` holds of ``gpu``, by row."""
    found = ask(server, f'SELECT origin, gpu, "row" FROM {table} WHERE gpu = %s ORDER BY "row"', gpu)
    return [Row(*each) for each in found]
