"""PostgreSQL's advisory locks: numbers that mean what we say. All in one place, so that no two of them are the same."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """What is done by one process at a time."""

    MIGRATIONS = 7_265_001
    """Of tables, whoever needs them."""
    ALERT_ENGINE = 7_265_002
    """Held by it for as long as it is connected."""
    HEALTH_ENGINE = 7_265_003
    """Likewise."""
    TABLES_OF_READINGS = 7_265_004
    """To be changed: columns, partitions, aggregates."""
