"""The stores as the console runs with them: each connects when it is first asked, so they may come up in any order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.stores.alertmanager import Alertmanager
from dashboard.stores.alerts_postgres import PostgresAlerts
from dashboard.stores.all import Stores
from dashboard.stores.cards_history import HistoryCards
from dashboard.stores.health_postgres import PostgresHealth
from dashboard.stores.history_influxdb import InfluxDBHistory
from dashboard.stores.live_kafka import Feed
from dashboard.stores.logs_file import LogsFile
from dashboard.stores.pipeline_kafka import KafkaPipeline
from dashboard.stores.reports_hdfs import HdfsReports
from dashboard.stores.uploads_folder import UploadsFolder
from telemetry import catalogue
from telemetry.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Stores]:
    """With a feed that runs. Raises Misconfigured where config/metrics.yaml cannot be read."""
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    feed = Feed(settings)
    history = InfluxDBHistory(settings, metrics)
    alerts = PostgresAlerts(settings)
    health = PostgresHealth(settings)
    logs = LogsFile(settings)
    alertmanager = Alertmanager(settings)
    feed.start()
    alertmanager.start()
    try:
        yield Stores(
            catalogue=metrics,
            live=feed,
            history=history,
            alerts=alerts,
            health=health,
            reports=HdfsReports(settings),
            pipeline=KafkaPipeline(settings, feed),
            logs=logs,
            uploads=UploadsFolder(settings),
            cards=HistoryCards(settings, metrics, history, feed, logs),
            prometheus=alertmanager,
        )
    finally:
        feed.close()
        alertmanager.close()
        alerts.close()
        health.close()
