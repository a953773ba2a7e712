"""Which layout a database has, and its tables brought to the catalogue and the settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from kafka_consumers.database import Connection
from kafka_consumers.health.store import MIGRATIONS as HEALTH
from kafka_consumers.migrate import migrate
from kafka_consumers.timescale import columns
from kafka_consumers.timescale.catalog import alone, columns_of
from kafka_consumers.timescale.hypertables import Hypertables
from kafka_consumers.timescale.layout import Keep, Layout
from kafka_consumers.timescale.partitions import Partitions
from telemetry.catalogue import Metric
from telemetry.errors import Misconfigured

logger = logging.getLogger(__name__)

OLDEST_TIMESCALE = (2, 28)
"""The first that adds a column to a continuous aggregate: a metric that the catalogue gains costs no history."""


def bring(connection: Connection, metrics: Mapping[str, Metric], keep: Keep) -> Layout:
    """Everything that the sink needs. Raises Misconfigured where a table of another kind has our name."""
    # The overview of the fleet shows scores and risks: their tables are the health engine's.
    for migrations in (HEALTH, (__package__ or "", "timescale_migrations")):
        for name in migrate(connection, *migrations):
            logger.info("migrated name=%s", name)
    layout = _layout(connection)
    with connection.transaction():
        alone(connection)
        layout.make(connection, metrics, keep)
        _make_views(connection, metrics)
    logger.info("tables layout=%s metrics=%d", layout.name, len(metrics))
    return layout


def _layout(connection: Connection) -> Layout:
    """What is there stays as it is: readings are not moved because an extension came or went."""
    found = connection.execute(
        "SELECT relkind::text FROM pg_class WHERE oid = to_regclass(%s)", (columns.READINGS,)
    ).fetchone()
    if found is None:
        return Hypertables() if _offers_timescale(connection) else Partitions()
    if "origin" in columns_of(connection, columns.READINGS):
        if found[0] == "p":
            return Partitions()
        if found[0] == "r" and _version(connection) is not None:
            return Hypertables()
    raise Misconfigured(
        f"PostgreSQL: {columns.READINGS}", "a table or view that is not ours", "another POSTGRES_DATABASE"
    )


def _offers_timescale(connection: Connection) -> bool:
    """Makes the extension where it can be had."""
    # One that is not loaded when the server starts ends the session that asks for it.
    preloaded = connection.execute(
        "SELECT current_setting('shared_preload_libraries', true) LIKE '%timescaledb%'"
        " AND (SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb') > 0"
        " WHERE pg_has_role('pg_read_all_settings', 'MEMBER')"
    ).fetchone()
    if _version(connection) is None:
        if preloaded is None or not preloaded[0]:
            return False
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    version = _version(connection)
    licence = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    if version is None or version < OLDEST_TIMESCALE or licence is None or licence[0] != "timescale":
        words = "TimescaleDB %s with licence %s is not used: 2.28 or newer with licence timescale would be"
        logger.warning(words, version, licence and licence[0])
        return False
    return True


def _version(connection: Connection) -> tuple[int, int] | None:
    found = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    if found is None:
        return None
    major, minor = found[0].split(".")[:2]
    return int(major), int(minor)


def _make_views(connection: Connection, metrics: Mapping[str, Metric]) -> None:
    """Replaced, which keeps those that people made of them; so what a view has must stay, new columns at its end."""
    names = columns.quoted(columns_of(connection, columns.READINGS))
    latest = f"SELECT {names} FROM gpu_latest JOIN {columns.READINGS} USING (gpu, time)"
    # A query that reads a view expects the table's own order.
    connection.execute(f"CREATE OR REPLACE VIEW {columns.LATEST_VIEW} AS {latest}".encode())
    had = [name[: -len("_max")] for name in columns_of(connection, columns.OVERVIEW_VIEW) if name.endswith("_max")]
    wanted = [*had, *(name for name in columns.with_limits(metrics) if name not in had)]
    connection.execute(f"CREATE OR REPLACE VIEW {columns.OVERVIEW_VIEW} AS {columns.overview(wanted)}".encode())
    for view, words in (
        (columns.LATEST_VIEW, "The newest reading of each GPU, as long as readings are kept; without imports."),
        (columns.OVERVIEW_VIEW, "A row per host: its GPUs, how many report, and the metrics that have limits."),
    ):
        connection.execute(f"COMMENT ON VIEW {view} IS '{words}'".encode())
