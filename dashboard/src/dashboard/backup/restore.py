"""The order in which a backup is put into a new instance whose engines run, and nothing else does.

Kafka's records come last, and with them the readers' positions: InfluxDB's writer and the alert engine go on at the
same record as before, wherever it is now. The stream begins at the first that there is, with a checkpoint of its own:
what the lake has already it knows by its identity.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dashboard.backup import files
from dashboard.backup.influxdb import InfluxBackup
from dashboard.backup.kafka import KafkaBackup, in_new_topics
from dashboard.backup.lake import LakeBackup
from dashboard.backup.manifest import Manifest, as_offsets
from dashboard.backup.postgres import PostgresBackup
from dashboard.backup.save import ENGINE, STREAM
from telemetry import topics
from telemetry.clock import Clock
from telemetry.settings import Settings

Say = Callable[[str], None]


def secrets(settings: Settings, backup: Path, manifest: Manifest) -> None:
    """Before the engines are made: they are made with these."""
    files.put_back(settings, backup, manifest, (files.SECRETS,))


def stores(settings: Settings, backup: Path, manifest: Manifest, clock: Clock, say: Say) -> None:
    """Everything else. Raises Unavailable, or Misconfigured where a store is not empty."""
    postgres = PostgresBackup(settings)
    judged = in_new_topics(backup, as_offsets(manifest.positions[ENGINE]))
    say("PostgreSQL")
    postgres.put_back(backup, manifest, judged, say)
    say("lake")
    LakeBackup(settings).put_back(backup, manifest, say)
    say("InfluxDB")
    InfluxBackup(settings, clock).put_back(backup, say)
    say("Kafka")
    kafka = KafkaBackup(settings)
    kafka.put_back(backup, manifest, topics.wanted(settings), clock.now() // 1000, say)
    for group, places in manifest.positions.items():
        if group != STREAM:
            kafka.place(group, in_new_topics(backup, as_offsets(places)))
    say("state and uploads")
    files.put_back(settings, backup, manifest, (files.STATE, files.UPLOADS))
