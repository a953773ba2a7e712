"""The layout of TimescaleDB: hypertables, compression, aggregates and retention, all kept by its own workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kafka_consumers.database import Connection
from kafka_consumers.timescale import columns
from kafka_consumers.timescale.catalog import add_columns, columns_of
from kafka_consumers.timescale.columns import READINGS, STEPS, Step
from kafka_consumers.timescale.layout import Keep
from kafka_consumers.timescale.row import Row
from telemetry.catalogue import Metric

_COMPRESS_AFTER = "1 hour"
_CHUNK = "1 hour"
"""A chunk is compressed as a whole, once all of it is old enough."""
_IMPORTS_CHUNK = "7 days"


class Hypertables:
    """See the module."""

    name = "timescaledb"
    upkeep_seconds: float | None = None

    def make(self, connection: Connection, metrics: Mapping[str, Metric], keep: Keep) -> None:
        for table, chunk in ((READINGS, _CHUNK), (columns.IMPORTS, _IMPORTS_CHUNK)):
            fixed = columns.of_reading(metrics)
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({fixed}, PRIMARY KEY (gpu, time))".encode())
            if _hypertable(connection, table, chunk):
                connection.execute(
                    f"ALTER TABLE {table} SET (timescaledb.compress, timescaledb.compress_segmentby = 'gpu',"
                    " timescaledb.compress_orderby = 'time')".encode()
                )
            add_columns(connection, table, dict.fromkeys(metrics, "double precision"))
        connection.execute(
            "SELECT add_compression_policy(%s, compress_after => %s::interval, if_not_exists => true)",
            (READINGS, _COMPRESS_AFTER),
        )
        # By when it was made: the time of an import is long past when its chunk is still being filled.
        connection.execute(
            "SELECT add_compression_policy(%s, compress_created_before => %s::interval, if_not_exists => true)",
            (columns.IMPORTS, "1 day"),
        )
        for step in STEPS:
            _aggregate(connection, step, columns.aggregates(metrics), keep.readings)
            if not step.kept:
                _retain(connection, step.table, keep.aggregates)
        _retain(connection, READINGS, keep.readings)

    def prepare(self, connection: Connection, times: Collection[int]) -> None:
        """TimescaleDB makes its chunks itself."""

    def stored(self, connection: Connection, rows: Sequence[Row]) -> None:
        """TimescaleDB notes by itself which aggregates have changed."""

    def forget(self) -> None:
        """Nothing is remembered."""

    def upkeep(self, connection: Connection, now: int) -> dict[str, int]:
        return {}


def _hypertable(connection: Connection, table: str, chunk: str) -> bool:
    """True where it was made."""
    there = connection.execute(
        "SELECT count(*) FROM timescaledb_information.hypertables WHERE hypertable_name = %s", (table,)
    ).fetchone()
    if there is not None and there[0]:
        return False
    connection.execute(
        "SELECT create_hypertable(%s, 'time', chunk_time_interval => %s::interval, migrate_data => true)",
        (table, chunk),
    )
    return True


def _aggregate(connection: Connection, step: Step, expressions: Mapping[str, str], days: int) -> None:
    had = set(columns_of(connection, step.table))
    if not had:
        listed = ", ".join(f'{expression} AS "{name}"' for name, expression in expressions.items())
        # From the readings, not from the finer step: an average of averages would be none.
        connection.execute(
            f"CREATE MATERIALIZED VIEW {step.table}"
            " WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS"
            f" SELECT time_bucket(interval '{step.width}', time) AS bucket, gpu, {listed} FROM {READINGS}"
            " GROUP BY 1, 2 WITH NO DATA".encode()
        )
    else:
        for name, expression in expressions.items():
            if name not in had:
                connection.execute(
                    f'ALTER MATERIALIZED VIEW {step.table} ADD COLUMN "{name}" double precision'
                    f" GENERATED ALWAYS AS ({expression}) STORED".encode()
                )
    if not _has_policy(connection, "policy_refresh_continuous_aggregate", step.table, "start_offset", days):
        # No further back than readings go: of those that have left nothing can be computed, and what was is kept.
        connection.execute("SELECT remove_continuous_aggregate_policy(%s, if_exists => true)", (step.table,))
        connection.execute(
            "SELECT add_continuous_aggregate_policy(%s, start_offset => %s::interval,"
            " end_offset => interval '10 seconds', schedule_interval => %s::interval)",
            (step.table, f"{days} days", step.width),
        )


def _retain(connection: Connection, table: str, days: int) -> None:
    if not _has_policy(connection, "policy_retention", table, "drop_after", days):
        connection.execute("SELECT remove_retention_policy(%s, if_exists => true)", (table,))
        connection.execute("SELECT add_retention_policy(%s, drop_after => %s::interval)", (table, f"{days} days"))


def _has_policy(connection: Connection, kind: str, table: str, key: str, days: int) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM timescaledb_information.jobs AS j"
        " LEFT JOIN timescaledb_information.continuous_aggregates AS c"
        " ON c.materialization_hypertable_name = j.hypertable_name"
        " WHERE proc_name = %s AND coalesce(c.view_name, j.hypertable_name) = %s"
        " AND (config->>%s)::interval = %s::interval",
        (kind, table, key, f"{days} days"),
    ).fetchone()
    return found is not None and found[0] > 0
