"""The tables of alerts in a database of their own, with alerts in them: made by the alert engine's own code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from kafka_consumers.alerts.alert import Alert, Change, alert_id
from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.alerts.store import Store
from kafka_consumers.alerts.transaction import Transaction
from support.engines import PostgreSQL
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

BEGIN = 1_790_000_000 * SECOND


def database(postgres: PostgreSQL, name: str) -> str:
    """A new, empty one."""
    password = postgres.password_file.read_text(encoding="utf-8").strip()
    with psycopg.connect(
        host="127.0.0.1", port=postgres.port, user="gpustream", password=password, dbname="gpustream", autocommit=True
    ) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return name


def settings_of(postgres: PostgreSQL, database: str) -> dict[str, Any]:
    return {
        "postgres_port": postgres.port,
        "postgres_password_file": Path(postgres.password_file),
        "postgres_database": database,
    }


def an_alert(number: int, gpu: str = "desk:0", **changes: Any) -> Alert:
    """Firing since ``number`` minutes after BEGIN."""
    started = BEGIN + number * 60 * SECOND
    host = gpu.partition(":")[0]
    alert = Alert(
        id=alert_id("hot", gpu, started),
        rule="hot",
        subject=Subject(gpu, host, "gpuz", None),
        mode="live",
        severity="warning",
        metric="gpu_temperature",
        state="firing",
        reason="held",
        changed=started + 5 * SECOND,
        started=started,
        seen=started,
        readings=6,
        value=86.0,
        worst=90.0,
        threshold=85.0,
        message=f"{gpu}: hot",
        action="look",
        fired=started + 5 * SECOND,
    )
    return replace(alert, **changes)


def resolved(alert: Alert) -> Alert:
    return replace(alert, state="resolved", reason="cleared", changed=alert.changed + 60 * SECOND)


class Engine:
    """Writes as the alert engine does."""

    def __init__(self, settings: Settings) -> None:
        self._store = Store(settings)
        self._store.start()

    def record(self, *alerts: Alert) -> None:
        self._store.commit(Transaction(changes=[Change(alert) for alert in alerts]), {})

    def close(self) -> None:
        self._store.close()
