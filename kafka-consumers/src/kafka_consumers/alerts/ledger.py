"""PostgreSQL as those see it who tell people: what is open, what was told and run. Never changes an alert."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.matcher import Matcher, Subject
from kafka_consumers.alerts.notice import GroupKey, Message, Silence, Situation, Told
from kafka_consumers.database import Connection, Database, instant, microseconds
from telemetry.settings import Settings

_FAILED_AGAIN = """
UPDATE notifications SET at = %(at)s, why = %(why)s, alerts = %(alerts)s, ok = %(ok)s, detail = %(detail)s,
    attempts = attempts + 1
WHERE contact = %(contact)s AND subjects = %(subjects)s AND NOT ok AND (why = 'report') = (%(why)s = 'report')
"""
_FIRST_TIME = """
INSERT INTO notifications (contact, subjects, at, why, alerts, ok, attempts, detail)
VALUES (%(contact)s, %(subjects)s, %(at)s, %(why)s, %(alerts)s, %(ok)s, 1, %(detail)s)
"""
_TOLD = """
INSERT INTO told (contact, subjects, alerts, time) VALUES (%s, %s, %s, %s)
ON CONFLICT (contact, subjects) DO UPDATE SET alerts = excluded.alerts, time = excluded.time
"""
_BEGIN = """
INSERT INTO actions (alert_id, action, what, dry_run, at, status) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""


class Ledger(Database):
    """Every method may raise Unavailable: nothing was written then."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "gpustream-notify")

    def situation(self, now: int, since: int) -> Situation:
        """Live alerts that are open or still to be told as resolved, and what was told; messages ``since``."""
        return self.do(lambda connection: _situation(connection, now, since))

    def forget_strangers(self, contacts: Collection[str]) -> None:
        """What contacts knew that are not there any more."""
        self.do(lambda c: c.execute("DELETE FROM told WHERE contact <> ALL(%s)", (list(contacts),)))

    def note_told(self, contact: str, group: GroupKey, told: Told | None) -> None:
        """What a contact knows has changed without a message."""
        self.do(lambda c: _note_told(c, contact, group, told))

    def log(self, message: Message, told: Told | None, now: int, detail: str, *, ok: bool) -> None:
        """A message was taken, and what the contact knows since; or it was not, and it knows what it knew."""
        row = {
            "contact": message.contact,
            "subjects": list(message.group),
            "at": instant(now),
            "why": message.why,
            "alerts": [alert.id for alert in (*message.firing, *message.resolved)],
            "ok": ok,
            "detail": detail,
        }

        def write(connection: Connection) -> None:
            with connection.transaction():
                note_message(connection, row)
                if ok:
                    _note_told(connection, message.contact, message.group, told)

        self.do(write)

    def log_report(self, contact: str, title: str, now: int) -> None:
        """A document was taken."""
        row = {"contact": contact, "subjects": [title], "at": instant(now), "why": "report", "alerts": []}
        self.do(lambda c: c.execute(_FIRST_TIME, row | {"ok": True, "detail": ""}))

    def acted(self, alerts: Collection[str]) -> set[tuple[str, str]]:
        """(alert, action) of what was run or written down for these alerts."""
        query = "SELECT alert_id, action FROM actions WHERE alert_id = ANY(%s)"
        return set(self.do(lambda c: c.execute(query, (list(alerts),)).fetchall()))

    def begin(self, alert: str, action: str, what: str, now: int, *, dry_run: bool) -> bool:
        """Before it is run; False where it was begun before, and must not be run again."""
        row = (alert, action, what, dry_run, instant(now), "dry_run" if dry_run else "started")
        return self.do(lambda c: c.execute(_BEGIN, row).rowcount) == 1

    def end(self, alert: str, action: str, seconds: float, status: str, output: str) -> None:
        """What became of it."""
        sql = "UPDATE actions SET seconds = %s, status = %s, output = %s WHERE alert_id = %s AND action = %s"
        self.do(lambda c: c.execute(sql, (seconds, status, output, alert, action)))

    def interrupt(self) -> None:
        """An engine before us was killed while it ran these: whether they did their work, nobody knows."""
        self.do(lambda c: c.execute("UPDATE actions SET status = 'interrupted' WHERE status = 'started'"))


def note_message(connection: Connection, row: Mapping[str, object]) -> None:
    """A row of ``notifications``: that of the attempts that failed before, or a new one."""
    if not connection.execute(_FAILED_AGAIN, row).rowcount:
        connection.execute(_FIRST_TIME, row)


def _situation(connection: Connection, now: int, since: int) -> Situation:
    told = {
        (contact, tuple(subjects)): Told(frozenset(alerts), microseconds(at))
        for contact, subjects, alerts, at in connection.execute("SELECT contact, subjects, alerts, time FROM told")
    }
    known = sorted({alert for each in told.values() for alert in each.alerts})
    sent: dict[str, tuple[int, ...]] = {}
    query = "SELECT contact, at FROM notifications WHERE ok AND at > %s AND why <> 'report'"
    for contact, at in connection.execute(query, (instant(since),)):
        sent[contact] = (*sent.get(contact, ()), microseconds(at))
    with connection.cursor(row_factory=dict_row) as cursor:
        silences = cursor.execute(
            "SELECT * FROM silences WHERE removed IS NULL AND (ends IS NULL OR ends > %s)", (instant(now),)
        ).fetchall()
        alerts = cursor.execute(
            "SELECT * FROM alerts WHERE mode = 'live' AND (resolved IS NULL OR id = ANY(%s)) ORDER BY fired, id",
            (known,),
        ).fetchall()
    return Situation(now, tuple(map(_alert, alerts)), tuple(map(_silence, silences)), told, sent)


def _note_told(connection: psycopg.Connection[Any], contact: str, group: GroupKey, told: Told | None) -> None:
    if told is None or not told.alerts:
        connection.execute("DELETE FROM told WHERE contact = %s AND subjects = %s", (contact, list(group)))
    else:
        connection.execute(_TOLD, (contact, list(group), sorted(told.alerts), instant(told.time)))


def _alert(row: Mapping[str, Any]) -> Alert:
    changed = microseconds(row["changed"])
    return Alert(
        id=row["id"],
        rule=row["rule"],
        subject=Subject(row["gpu"], row["host"], row["source"], row["model"]),
        mode=row["mode"],
        severity=row["severity"],
        metric=row["metric"],
        state=row["state"],
        reason=row["reason"],
        changed=changed,
        started=microseconds(row["started"]),
        seen=changed,
        readings=0,
        value=row["value"],
        worst=row["worst"],
        threshold=row["threshold"],
        message=row["message"],
        action=row["action"],
        fired=microseconds(row["fired"]),
        acknowledged_by=row["acknowledged_by"],
    )


def _silence(row: Mapping[str, Any]) -> Silence:
    match = Matcher(gpu=row["gpu"], host=row["host"], source=row["source"], model=row["model"])
    ends = None if row["ends"] is None else microseconds(row["ends"])
    alerts = frozenset(row["alerts"])
    return Silence(str(row["id"]), match, tuple(row["rules"]), microseconds(row["starts"]), ends, alerts)
