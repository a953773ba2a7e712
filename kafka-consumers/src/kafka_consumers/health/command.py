"""The command ``health``: what it wires."""

from __future__ import annotations

from kafka_consumers.health import config
from kafka_consumers.health.engine import Engine
from kafka_consumers.health.judge import Judge
from kafka_consumers.health.store import Store
from kafka_consumers.kafka_publisher import KafkaPublisher
from kafka_consumers.remade_topics import ends_of
from telemetry import catalogue, topics, xid
from telemetry.clock import Clock
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

PROCESS = "health-engine"


def check(settings: Settings) -> str:
    """What the rules are, in one line. Raises Misconfigured."""
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    file = config.load(settings.config_dir / "health.yaml", metrics).file
    Judge(config.HealthConfig(file, ""), metrics, xid.load(settings.config_dir))
    looks = sum(len(each.findings) for each in file.components.values())
    return f"ok: {len(file.components)} components of the health score, {looks} looks"


def engine(settings: Settings, clock: Clock) -> Engine:
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    loaded = config.load(settings.config_dir / "health.yaml", metrics)
    judge = Judge(loaded, metrics, xid.load(settings.config_dir))
    publisher = KafkaPublisher(settings, PROCESS, topics.GPU_HEALTH)
    kept = settings.health_scores_days * 86_400 * SECOND
    return Engine(judge, Store(settings), publisher, clock, kept, ends_of(settings))
