"""PostgreSQL's side of the alerts. The tables are the alert engine's: here they are read, and people's wishes left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from dashboard.stores import alert_rows as rows
from dashboard.stores.alerts import (
    Action,
    Alert,
    AlertFilter,
    AlertPage,
    AlertStory,
    Comment,
    NewSilence,
    Request,
    Silence,
)
from dashboard.stores.away import Missing, Refused
from dashboard.stores.cursor import cursor_of, place_of
from dashboard.stores.postgres import Postgres, storable
from telemetry.errors import Rejected
from telemetry.reading import Mode
from telemetry.settings import Settings
from telemetry.timestamp import format_time

MOST_ACTIVE = 1000
_OPEN = "state IN ('firing', 'acknowledged')"
_WORST_FIRST = "CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, started DESC, id"
_MOST_ID = 2**63 - 1


class PostgresAlerts:
    """Alerts, requests, comments, silences."""

    def __init__(self, settings: Settings) -> None:
        self._postgres = Postgres(settings)

    def close(self) -> None:
        self._postgres.close()

    def active(self, modes: Sequence[Mode] = ("live", "demo")) -> list[Alert]:
        query = f"{rows.ALERT} WHERE {_OPEN} AND mode = ANY(%s) ORDER BY {_WORST_FIRST} LIMIT %s"
        return [rows.alert_of(row) for row in self._all(query, list(modes), MOST_ACTIVE)]

    def active_counts(self) -> dict[str, int]:
        query = f"SELECT gpu, count(*) AS n FROM alerts WHERE {_OPEN} AND mode <> 'import' GROUP BY gpu"
        return {row["gpu"]: row["n"] for row in self._all(query)}

    def page(self, wanted: AlertFilter, *, after: str | None = None, limit: int = 100) -> AlertPage:
        conditions, values = _conditions(wanted)
        if after is not None:
            started, alert_id = place_of(after)
            conditions.append("(started, id) < (%s, %s)")
            values += [rows.instant(started), alert_id]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"{rows.ALERT}{where} ORDER BY started DESC, id DESC LIMIT %s"
        found = [rows.alert_of(row) for row in self._all(query, *values, limit + 1)]
        more = len(found) > limit
        return AlertPage(found[:limit], cursor_of(found[limit - 1].started, found[limit - 1].id) if more else None)

    def story(self, alert_id: str) -> AlertStory:
        alert = self._alert(alert_id)
        notified = "SELECT * FROM notifications WHERE alerts @> ARRAY[%s::text] ORDER BY number"
        return AlertStory(
            alert,
            tuple(map(rows.change_of, self._of("changes", alert_id))),
            tuple(map(rows.comment_of, self._of("comments", alert_id))),
            tuple(map(rows.request_of, self._of("requests", alert_id))),
            tuple(map(rows.notification_of, self._all(notified, alert_id))),
            tuple(map(rows.action_of, self._of("actions", alert_id, "at"))),
        )

    def ask(self, alert_id: str, action: Action, by: str, comment: str = "") -> Request:
        alert = self._alert(alert_id)
        if alert.state == "resolved":
            raise Refused(f"alert {alert_id} is resolved since {format_time(alert.changed)}")
        if alert.state == "acknowledged" and action == "acknowledge":
            raise Refused(f"alert {alert_id} is acknowledged already, by {alert.acknowledged_by}")
        query = "INSERT INTO requests (alert_id, action, by_whom, comment) VALUES (%s, %s, %s, %s) RETURNING *"
        return rows.request_of(self._one(query, alert_id, action, by, storable(comment)))

    def request(self, number: int) -> Request:
        found = self._all("SELECT * FROM requests WHERE number = %s", number) if 0 < number <= _MOST_ID else []
        if not found:
            raise Missing(f"request {number}")
        return rows.request_of(found[0])

    def comment(self, alert_id: str, by: str, text: str) -> Comment:
        words = storable(text)
        if not words:
            raise Rejected("empty", "a comment of at least one word")
        self._alert(alert_id)
        query = "INSERT INTO comments (alert_id, by_whom, words) VALUES (%s, %s, %s) RETURNING *"
        return rows.comment_of(self._one(query, alert_id, by, words))

    def silences(self, *, over: bool = False) -> list[Silence]:
        # One without an end is over with the last of its alerts.
        holds = (
            "removed IS NULL AND (ends > now() OR (ends IS NULL AND EXISTS (SELECT 1 FROM alerts AS a"
            " WHERE a.id = ANY(silences.alerts) AND a.resolved IS NULL)))"
        )
        query = f"SELECT * FROM silences{'' if over else f' WHERE {holds}'} ORDER BY id DESC LIMIT 500"
        return [rows.silence_of(row) for row in self._all(query)]

    def silence(self, new: NewSilence) -> Silence:
        if new.ends is None and not new.alerts:
            raise Rejected("bad_span", "an end, or the alerts with which it is over")
        starts = rows.instant(new.starts) if new.starts is not None else None
        ends = rows.instant(new.ends) if new.ends is not None else None
        lists = [[storable(each) for each in getattr(new, name)] for name in (*rows.PATTERNS, "alerts")]
        query = (
            f"INSERT INTO silences (by_whom, reason, {', '.join(rows.PATTERNS)}, alerts, starts, ends)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, now()), %s) RETURNING *"
        )
        try:
            return rows.silence_of(self._one(query, new.by, storable(new.reason), *lists, starts, ends))
        except psycopg.errors.CheckViolation as error:
            raise Rejected("bad_span", "an end after the start, and after now") from error

    def end_silence(self, silence_id: int) -> None:
        query = "UPDATE silences SET removed = coalesce(removed, now()) WHERE id = %s RETURNING id"
        if not (0 < silence_id <= _MOST_ID and self._all(query, silence_id)):
            raise Missing(f"silence {silence_id}")

    def _alert(self, alert_id: str) -> Alert:
        found = self._all(f"{rows.ALERT} WHERE id = %s", storable(alert_id))
        if not found:
            raise Missing(f"alert {alert_id[:80]!r}")
        return rows.alert_of(found[0])

    def _of(self, table: str, alert_id: str, order: str = "number") -> list[rows.Row]:
        return self._all(f"SELECT * FROM {table} WHERE alert_id = %s ORDER BY {order}", alert_id)

    def _one(self, query: str, *values: object) -> rows.Row:
        return self._all(query, *values)[0]

    def _all(self, query: str, *values: object) -> list[rows.Row]:
        with self._postgres.connection() as connection:
            # Built from our own words; what comes from outside is in ``values``.
            return connection.execute(query.encode(), values).fetchall()


def _conditions(wanted: AlertFilter) -> tuple[list[str], list[Any]]:
    pairs: list[tuple[str, Any]] = [
        ("gpu = %s", wanted.gpu and storable(wanted.gpu)),
        ("host = %s", wanted.host and storable(wanted.host)),
        ("rule = %s", wanted.rule and storable(wanted.rule)),
        ("severity = %s", wanted.severity),
        ("state = ANY(%s)", list(wanted.states) or None),
        ("mode = ANY(%s)", list(wanted.modes) or None),
        ("started >= %s", None if wanted.begin is None else rows.instant(wanted.begin)),
        ("started < %s", None if wanted.end is None else rows.instant(wanted.end)),
    ]
    given = [(condition, value) for condition, value in pairs if value is not None]
    return [condition for condition, _ in given], [value for _, value in given]
