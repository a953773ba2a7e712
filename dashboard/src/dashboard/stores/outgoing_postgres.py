"""Finished reports on their way to people: put into PostgreSQL here, sent from there by the alert engine."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from dashboard.stores.postgres import Postgres
from telemetry.settings import Settings

ReportKind = Literal["daily", "weekly"]
_PUT = """
INSERT INTO reports_to_send (kind, period, title, html, state) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


class OutgoingReports:
    """Every method raises Away while PostgreSQL does not answer, or the engine has not made its tables yet."""

    def __init__(self, settings: Settings) -> None:
        self._postgres = Postgres(settings)

    def close(self) -> None:
        self._postgres.close()

    def kinds(self) -> set[str]:
        """Those that somebody gets, by config/alerts.yaml."""
        with self._postgres.connection() as connection:
            return {row["kind"] for row in connection.execute("SELECT kind FROM report_kinds")}

    def known(self, periods: Collection[str]) -> set[str]:
        """Those that were put in before, whatever became of them."""
        query = "SELECT period FROM reports_to_send WHERE period = ANY(%s)"
        with self._postgres.connection() as connection:
            return {row["period"] for row in connection.execute(query, (list(periods),))}

    def put(self, kind: ReportKind, period: str, title: str, html: str | None) -> None:
        """To be sent once; None: to nobody, also later. Of a period that is known nothing changes."""
        state = "dropped" if html is None else "waiting"
        with self._postgres.connection() as connection:
            connection.execute(_PUT, (kind, period, title, html, state))
