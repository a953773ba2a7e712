"""The stores of the console, together."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.stores.alerts import Alerts
from dashboard.stores.cards import Cards
from dashboard.stores.health import Health
from dashboard.stores.history import History
from dashboard.stores.live import Live
from dashboard.stores.logs import Logs
from dashboard.stores.pipeline import Pipeline
from dashboard.stores.prometheus_alerts import NotAsked, PrometheusAlerts
from dashboard.stores.reports import Reports
from dashboard.stores.uploads import Uploads
from telemetry.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Stores:
    """What API and pages are made of; a test may give any part of it in another way."""

    catalogue: Catalogue
    live: Live
    history: History
    alerts: Alerts
    health: Health
    reports: Reports
    pipeline: Pipeline
    logs: Logs
    uploads: Uploads
    cards: Cards
    prometheus: PrometheusAlerts = field(default_factory=NotAsked)
