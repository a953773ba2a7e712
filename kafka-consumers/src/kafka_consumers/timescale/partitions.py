"""The layout of plain PostgreSQL: a partition per UTC day, and aggregates that the sink's upkeep computes.

What an insert changes is written down in ``gpu_metrics_due`` in the same transaction; upkeep takes buckets that are
over from there and computes them anew from the readings. So an aggregate is right whatever is killed, and late readings
count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import psycopg

from kafka_consumers.database import Connection, instant
from kafka_consumers.timescale import columns
from kafka_consumers.timescale.catalog import add_columns, alone
from kafka_consumers.timescale.columns import READINGS, STEPS, Step
from kafka_consumers.timescale.layout import Keep
from kafka_consumers.timescale.row import Row
from telemetry.catalogue import Metric
from telemetry.timestamp import SECOND

_DAY = 86_400 * SECOND
_GRACE = 10 * SECOND
"""A bucket is computed so long after its end: readings on their way are in it the first time."""
_SECONDS_AT_ONCE = 30_000
"""So many seconds of one GPU are computed in one transaction (500 minutes, 10 hours): it takes seconds even at several
readings a second, and a writer with a late reading for one of them waits no longer."""
_MOST_PARTS = 200
_LEAVE_EVERY = 3600 * SECOND
_SLACK = timedelta(hours=1)
"""A partition goes this long after its last reading's time: what was due in it has been computed."""
_DUE = """INSERT INTO gpu_metrics_due (step, gpu, bucket)
SELECT '1min', gpu, bucket FROM unnest(%s::text[], %s::timestamptz[]) AS due (gpu, bucket)
ON CONFLICT (step, gpu, bucket) DO UPDATE SET step = excluded.step"""
# An update, not DO NOTHING: it waits for an upkeep that is just taking the same bucket, which may not have seen us.
_TAKE = """DELETE FROM gpu_metrics_due AS d USING (
    SELECT step, gpu, bucket FROM gpu_metrics_due WHERE step = %s AND bucket <= %s ORDER BY bucket LIMIT %s
    FOR UPDATE SKIP LOCKED) AS taken
WHERE (d.step, d.gpu, d.bucket) = (taken.step, taken.gpu, taken.bucket) RETURNING d.gpu, d.bucket"""
_COARSER = """INSERT INTO gpu_metrics_due (step, gpu, bucket)
SELECT DISTINCT %s, gpu, date_bin(%s::interval, bucket, 'epoch')
FROM unnest(%s::text[], %s::timestamptz[]) AS t (gpu, bucket)
ORDER BY 2, 3 ON CONFLICT (step, gpu, bucket) DO UPDATE SET step = excluded.step"""


class Partitions:
    """See the module."""

    name = "partitions"
    upkeep_seconds: float | None = 15.0

    def __init__(self) -> None:
        self._days: set[date] = set()
        self._keep = Keep(0, 0)
        self._left = 0
        self._computing: dict[str, bytes] = {}

    def make(self, connection: Connection, metrics: Mapping[str, Metric], keep: Keep) -> None:
        self._keep = keep
        for table, how in ((READINGS, " PARTITION BY RANGE (time)"), (columns.IMPORTS, "")):
            fixed = columns.of_reading(metrics)
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({fixed}, PRIMARY KEY (gpu, time)){how}".encode())
            add_columns(connection, table, dict.fromkeys(metrics, "double precision"))
        found = columns.aggregates(metrics)
        types = {"host": "text", "source": "text", "mode": "text", "readings": "bigint"}
        kinds = {name: types.get(name, "double precision") for name in found}
        for step in STEPS:
            listed = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {step.table} (bucket timestamptz NOT NULL, gpu text NOT NULL, {listed},"
                " PRIMARY KEY (gpu, bucket))".encode()
            )
            add_columns(connection, step.table, kinds)
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS {step.table}_by_age ON {step.table} USING brin (bucket)".encode()
            )
            self._computing[step.name] = _computing(step, found)

    def prepare(self, connection: Connection, times: Collection[int]) -> None:
        days = {instant(time).date() for time in times}
        for day in sorted(days - self._days):
            _make_partition(connection, day)
            self._days.add(day)

    def stored(self, connection: Connection, rows: Sequence[Row]) -> None:
        minute = STEPS[0].seconds * SECOND
        due = sorted({(row.gpu, row.time // minute * minute) for row in rows})
        connection.execute(_DUE, ([gpu for gpu, _ in due], [instant(time) for _, time in due]))

    def forget(self) -> None:
        self._days.clear()

    def upkeep(self, connection: Connection, now: int) -> dict[str, int]:
        today = instant(now).date()
        self.prepare(connection, [now, now + _DAY])
        done = {step.table: self._compute(connection, step, now) for step in STEPS}
        if now - self._left >= _LEAVE_EVERY:
            done["rows"] = self._delete_old(connection, now)
            done["partitions"] = self._drop_old(connection, now)
            # The writer's thread may be adding a day: a tuple is made in one step.
            self._days = {day for day in tuple(self._days) if day >= today - timedelta(days=self._keep.readings + 1)}
            self._left = now
        return done

    def _compute(self, connection: Connection, step: Step, now: int) -> int:
        """How many buckets."""
        over = instant(now - _GRACE - step.seconds * SECOND)
        count, most = 0, max(10, _SECONDS_AT_ONCE // step.seconds)
        for _ in range(_MOST_PARTS):
            with connection.transaction():
                taken = connection.execute(_TAKE, (step.name, over, most)).fetchall()
                if not taken:
                    break
                gpus, buckets = [gpu for gpu, _ in taken], [bucket for _, bucket in taken]
                # A statement of its own: it sees what those had written for whom the one above has waited.
                connection.execute(self._computing[step.name], (gpus, buckets))
                if step is STEPS[0]:
                    for coarser in STEPS[1:]:
                        connection.execute(_COARSER, (coarser.name, coarser.width, gpus, buckets))
            count += len(taken)
            if len(taken) < most:
                break
        return count

    def _delete_old(self, connection: Connection, now: int) -> int:
        before = instant(now) - timedelta(days=self._keep.aggregates)
        count = 0
        for table in (step.table for step in STEPS if not step.kept):
            count += connection.execute(f"DELETE FROM {table} WHERE bucket < %s".encode(), (before,)).rowcount
        return count

    def _drop_old(self, connection: Connection, now: int) -> int:
        before = instant(now) - timedelta(days=self._keep.readings) - _SLACK
        rows = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (READINGS,)
        )
        count = 0
        for (table,) in rows.fetchall():
            if (day := _day_of(table)) is None or _start(day + timedelta(days=1)) > before:
                continue
            try:
                with connection.transaction():
                    # Who waits for a long query keeps every writer waiting behind him: rather in an hour.
                    connection.execute("SET LOCAL lock_timeout = '2s'")
                    connection.execute(f"DROP TABLE IF EXISTS {table}".encode())
                count += 1
            except psycopg.errors.LockNotAvailable:
                continue
        return count


def _computing(step: Step, expressions: Mapping[str, str]) -> bytes:
    listed = columns.quoted(expressions)
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in expressions)
    return f"""INSERT INTO {step.table} (bucket, gpu, {listed})
SELECT d.bucket, d.gpu, {", ".join(expressions.values())}
FROM unnest(%s::text[], %s::timestamptz[]) AS d (gpu, bucket)
JOIN {READINGS} AS m ON m.gpu = d.gpu AND m.time >= d.bucket AND m.time < d.bucket + interval '{step.width}'
GROUP BY d.bucket, d.gpu ON CONFLICT (gpu, bucket) DO UPDATE SET {sets}""".encode()


def _make_partition(connection: Connection, day: date) -> None:
    """Made apart and attached: to make it in place would wait for every query on the readings, and they for it."""
    table = f"{READINGS}_d{day:%Y%m%d}"
    with connection.transaction():
        alone(connection)
        attached = connection.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhrelid = to_regclass(%s)", (table,)
        ).fetchone()
        if attached is not None and attached[0]:
            return
        begin, end = (_start(each).isoformat() for each in (day, day + timedelta(days=1)))
        connection.execute(f"CREATE TABLE {table} (LIKE {READINGS} INCLUDING ALL)".encode())
        connection.execute(
            f"ALTER TABLE {READINGS} ATTACH PARTITION {table} FOR VALUES FROM ('{begin}') TO ('{end}')".encode()
        )


def _day_of(table: str) -> date | None:
    try:
        return datetime.strptime(table.removeprefix(f"{READINGS}_d"), "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
