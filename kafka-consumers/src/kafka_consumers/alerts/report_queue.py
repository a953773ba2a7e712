"""PostgreSQL's side of the reports that go out: which are asked for, which wait, who has which."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from kafka_consumers.alerts.ledger import note_message
from kafka_consumers.database import Connection, Database, instant, microseconds
from telemetry.settings import Settings

_TOLD = """
UPDATE reports_to_send SET told = array_append(told, %(contact)s)
WHERE kind = %(kind)s AND period = %(period)s AND %(contact)s <> ALL(told)
"""
_CLOSE = "UPDATE reports_to_send SET state = %s, html = NULL WHERE kind = %s AND period = %s AND state = 'waiting'"


class WaitingReport(NamedTuple):
    """One of a day or of a week that somebody may not have yet."""

    kind: Literal["daily", "weekly"]
    period: str
    title: str
    told: frozenset[str]
    """The contacts that have it."""
    at: int
    """Since when it waits, microseconds UTC."""


class ReportQueue(Database):
    """Every method may raise Unavailable: nothing was written then."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "gpustream-reports")

    def ask_for(self, kinds: Collection[str]) -> None:
        """The kinds that somebody gets; no other is put in from now on."""

        def write(connection: Connection) -> None:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("DELETE FROM report_kinds WHERE kind <> ALL(%s)", (list(kinds),))
                insert = "INSERT INTO report_kinds (kind) VALUES (%s) ON CONFLICT DO NOTHING"
                cursor.executemany(insert, [(kind,) for kind in sorted(kinds)])

        self.do(write)

    def waiting(self) -> list[WaitingReport]:
        """The oldest first."""
        query = "SELECT kind, period, title, told, at FROM reports_to_send WHERE state = 'waiting' ORDER BY at, kind"
        rows = self.do(lambda c: c.execute(query).fetchall())
        return [
            WaitingReport(kind, period, title, frozenset(told), microseconds(at))
            for kind, period, title, told, at in rows
        ]

    def page(self, report: WaitingReport) -> str:
        """Its HTML."""
        query = "SELECT html FROM reports_to_send WHERE kind = %s AND period = %s"
        ((html,),) = self.do(lambda c: c.execute(query, (report.kind, report.period)).fetchall())
        return str(html)

    def log(self, report: WaitingReport, contact: str, now: int, detail: str, *, ok: bool) -> None:
        """An attempt: the contact has it, or not yet."""
        row = {"contact": contact, "subjects": [report.title], "at": instant(now), "why": "report", "alerts": []}

        def write(connection: Connection) -> None:
            with connection.transaction():
                note_message(connection, row | {"ok": ok, "detail": detail})
                if ok:
                    whose = {"kind": report.kind, "period": report.period, "contact": contact}
                    connection.execute(_TOLD, whose)

        self.do(write)

    def close_report(self, report: WaitingReport, state: Literal["sent", "dropped"]) -> None:
        """Nobody waits for it any more; the page goes."""
        self.do(lambda c: c.execute(_CLOSE, (state, report.kind, report.period)))
