"""The tables of health in a database, with rows in them, until the health engine's own code makes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from support.engines import PostgreSQL
from telemetry.health import Decision, FailurePrediction, HealthScore
from telemetry.messages import GpuEvent, OfGpu

TABLES = """
CREATE TABLE IF NOT EXISTS gpu_health_scores (
    gpu text NOT NULL, host text NOT NULL, mode text NOT NULL, time timestamptz NOT NULL,
    score double precision NOT NULL, components jsonb NOT NULL, reasons jsonb NOT NULL, version text NOT NULL,
    PRIMARY KEY (gpu, time));
CREATE TABLE IF NOT EXISTS gpu_failure_predictions (
    gpu text NOT NULL, host text NOT NULL, mode text NOT NULL, time timestamptz NOT NULL,
    horizon_hours integer NOT NULL, probability double precision NOT NULL, model_version text NOT NULL,
    reasons jsonb NOT NULL, PRIMARY KEY (gpu, time, horizon_hours));
CREATE TABLE IF NOT EXISTS gpu_decisions (
    gpu text NOT NULL, host text NOT NULL, mode text NOT NULL, time timestamptz NOT NULL, action text NOT NULL,
    yearly_cost jsonb NOT NULL, currency text NOT NULL, reasons jsonb NOT NULL, flips jsonb NOT NULL,
    version text NOT NULL, PRIMARY KEY (gpu, time));
CREATE TABLE IF NOT EXISTS gpu_events (
    id text PRIMARY KEY, kind text NOT NULL, number integer NOT NULL, host text NOT NULL, device text NOT NULL,
    gpu text, source text NOT NULL, mode text NOT NULL, name text NOT NULL, action text NOT NULL,
    severity text NOT NULL, text text NOT NULL, first timestamptz NOT NULL, last timestamptz NOT NULL,
    count integer NOT NULL);
"""
_TABLE_OF: dict[type, str] = {
    HealthScore: "gpu_health_scores",
    FailurePrediction: "gpu_failure_predictions",
    Decision: "gpu_decisions",
    GpuEvent: "gpu_events",
}
_NO_COLUMN = {"schema_version", "source", "uuid"}


def fill(postgres: PostgreSQL, database: str, messages: Iterable[OfGpu | GpuEvent]) -> None:
    """Makes the tables where they are not, and writes what the messages say."""
    with psycopg.connect(
        host="127.0.0.1",
        port=postgres.port,
        user="gpustream",
        password=postgres.password_file.read_text(encoding="utf-8").strip(),
        dbname=database,
    ) as connection:
        connection.execute(TABLES)
        for message in messages:
            table = _TABLE_OF[type(message)]
            dropped = _NO_COLUMN - ({"source"} if table == "gpu_events" else set())
            row = {name: _value(value) for name, value in message.model_dump().items() if name not in dropped}
            columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
            query = f"INSERT INTO {table} ({columns}) VALUES ({places})"
            connection.execute(query.encode(), list(row.values()))


def _value(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value
