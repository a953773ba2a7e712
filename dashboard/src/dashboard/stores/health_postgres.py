"""PostgreSQL's side of health. The tables are the alert engine's and may not be there yet: then there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from dashboard.stores import health_rows as rows
from dashboard.stores.alert_rows import Row, instant
from dashboard.stores.cursor import cursor_of, place_of
from dashboard.stores.health import (
    NOW,
    Advice,
    Event,
    EventFilter,
    EventPage,
    Risk,
    Score,
    ScorePage,
    TrendPoint,
)
from dashboard.stores.history import Span
from dashboard.stores.postgres import Postgres, storable
from telemetry.reading import Mode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND


class PostgresHealth:
    """Scores, risks, advice, events."""

    def __init__(self, settings: Settings) -> None:
        self._postgres = Postgres(settings)

    def close(self) -> None:
        self._postgres.close()

    def scores(self, modes: Sequence[Mode] = NOW) -> list[Score]:
        found = map(rows.score_of, self._newest("gpu_health_scores", modes))
        return sorted(found, key=lambda each: (each.score, each.gpu))

    def history(self, gpu: str, span: Span, *, after: str | None = None, limit: int = 100) -> ScorePage:
        end = span.end if after is None else min(span.end, place_of(after)[0])
        query = (
            "SELECT * FROM gpu_health_scores WHERE gpu = %s AND time >= %s AND time < %s ORDER BY time DESC LIMIT %s"
        )
        found = self._all(query, storable(gpu), instant(span.begin), instant(end), limit + 1)
        scores = [rows.score_of(row) for row in found[:limit]]
        return ScorePage(scores, cursor_of(scores[-1].time, gpu) if len(found) > limit else None)

    def trends(self, gpus: Sequence[str], span: Span, steps: int) -> dict[str, list[TrendPoint]]:
        step = max(1, -(-(span.end - span.begin) // (steps * SECOND)))
        query = (
            "SELECT gpu, date_bin(make_interval(secs => %s), time, 'epoch'::timestamptz) AS step, min(score) AS score"
            " FROM gpu_health_scores WHERE gpu = ANY(%s) AND time >= %s AND time < %s GROUP BY 1, 2 ORDER BY 1, 2"
        )
        made: dict[str, list[TrendPoint]] = {}
        for row in self._all(query, step, list(map(storable, gpus)), instant(span.begin), instant(span.end)):
            made.setdefault(row["gpu"], []).append(rows.trend_of(row))
        return made

    def risks(self, modes: Sequence[Mode] = NOW) -> list[Risk]:
        found = map(rows.risk_of, self._newest("gpu_failure_predictions", modes))
        return sorted(found, key=lambda each: (-each.probability, each.gpu, each.horizon_hours))

    def advice(self, modes: Sequence[Mode] = NOW) -> list[Advice]:
        return [rows.advice_of(row) for row in self._newest("gpu_decisions", modes)]

    def events(self, wanted: EventFilter, *, after: str | None = None, limit: int = 100) -> EventPage:
        conditions, values = _conditions(wanted)
        if after is not None:
            first, event_id = place_of(after)
            conditions.append("(first, id) < (%s, %s)")
            values += [instant(first), event_id]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT * FROM gpu_events{where} ORDER BY first DESC, id DESC LIMIT %s"
        found = [rows.event_of(row) for row in self._all(query, *values, limit + 1)]
        last = found[limit - 1] if len(found) > limit else None
        return EventPage(found[:limit], cursor_of(last.first, last.id) if last else None)

    def newest_events(self, gpus: Sequence[str], most: int) -> dict[str, list[Event]]:
        query = (
            "SELECT e.* FROM unnest(%s::text[]) AS g (gpu) CROSS JOIN LATERAL ("
            " SELECT * FROM gpu_events AS o WHERE o.gpu = g.gpu ORDER BY o.first DESC, o.id DESC LIMIT %s) AS e"
        )
        made: dict[str, list[Event]] = {}
        for row in self._all(query, list(map(storable, gpus)), most):
            made.setdefault(row["gpu"], []).append(rows.event_of(row))
        return made

    def _newest(self, table: str, modes: Sequence[Mode]) -> list[Row]:
        """All rows of the newest time of each GPU, by name. From GPU to GPU through the primary key (gpu, time): to
        look at every minute of every GPU would take as many seconds as this takes milliseconds."""
        query = f"""
            WITH RECURSIVE known AS (
                (SELECT gpu FROM {table} ORDER BY gpu LIMIT 1)
                UNION ALL
                SELECT (SELECT t.gpu FROM {table} AS t WHERE t.gpu > known.gpu ORDER BY t.gpu LIMIT 1)
                FROM known WHERE known.gpu IS NOT NULL
            )
            SELECT newest.* FROM known CROSS JOIN LATERAL (
                SELECT * FROM {table} AS t
                WHERE t.gpu = known.gpu AND t.time = (SELECT max(m.time) FROM {table} AS m WHERE m.gpu = known.gpu)
            ) AS newest ORDER BY newest.gpu"""
        return [row for row in self._all(query) if row["mode"] in modes]

    def _all(self, query: str, *values: object) -> list[Row]:
        with self._postgres.connection() as connection:
            try:
                # Built from our own words; what comes from outside is in ``values``.
                return connection.execute(query.encode(), values).fetchall()
            except psycopg.errors.UndefinedTable:
                return []


def _conditions(wanted: EventFilter) -> tuple[list[str], list[Any]]:
    pairs: list[tuple[str, Any]] = [
        ("gpu = %s", wanted.gpu and storable(wanted.gpu)),
        ("host = %s", wanted.host and storable(wanted.host)),
        ("kind = ANY(%s)", list(wanted.kinds) or None),
        ("severity = %s", wanted.severity),
        ("mode = ANY(%s)", list(wanted.modes) or None),
        ("first >= %s", None if wanted.begin is None else instant(wanted.begin)),
        ("first < %s", None if wanted.end is None else instant(wanted.end)),
    ]
    given = [(condition, value) for condition, value in pairs if value is not None]
    return [condition for condition, _ in given], [value for _, value in given]
