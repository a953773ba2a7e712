"""The topics of gpustream: their names, and from config/topics.yaml how Kafka keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from telemetry import config_file
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

GPU_METRICS = "gpu-metrics"
GPU_WINDOWS = "gpu-windows"
GPU_ANOMALIES = "gpu-anomalies"
GPU_ALERTS = "gpu-alerts"
GPU_REPORTS = "gpu-reports"
GPU_EVENTS = "gpu-events"
GPU_HEALTH = "gpu-health"
GPU_PREDICTIONS = "gpu-predictions"
GPU_DECISIONS = "gpu-decisions"
GPU_PIPELINE = "gpu-pipeline"
GPU_DEAD_LETTERS = "gpu-dead-letters"
ALL = (
    GPU_METRICS,
    GPU_WINDOWS,
    GPU_ANOMALIES,
    GPU_ALERTS,
    GPU_REPORTS,
    GPU_EVENTS,
    GPU_HEALTH,
    GPU_PREDICTIONS,
    GPU_DECISIONS,
    GPU_PIPELINE,
    GPU_DEAD_LETTERS,
)


class Topic(BaseModel):
    """How Kafka keeps one topic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    key: str
    """What the message key is, for people."""
    partitions: int = Field(ge=1, le=1000)
    retention_hours: int = Field(ge=1)
    compression: Literal["producer", "zstd", "lz4", "snappy", "gzip", "uncompressed"] = "producer"
    max_message_bytes: int = Field(default=1_048_588, ge=1024)

    def broker_settings(self) -> dict[str, str]:
        """As Kafka's topic configuration names them."""
        return {
            "retention.ms": str(self.retention_hours * 3_600_000),
            "compression.type": self.compression,
            "max.message.bytes": str(self.max_message_bytes),
            # Kafka's timestamp is the time of sending: imported history must not expire the minute it arrives.
            "message.timestamp.type": "LogAppendTime",
        }


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    topics: dict[str, Topic]


def load(path: Path) -> dict[str, Topic]:
    """Topic name -> how it is kept. Raises Misconfigured where a topic is missing or unknown."""
    topics = config_file.load(path, _File).topics
    if missing := set(ALL) - set(topics):
        raise Misconfigured(f"{path}: topics", f"no {sorted(missing)}", f"all of {list(ALL)}")
    if unknown := set(topics) - set(ALL):
        raise Misconfigured(f"{path}: topics", str(sorted(unknown)), f"only {list(ALL)}")
    return topics


def wanted(settings: Settings) -> dict[str, Topic]:
    """As :func:`load`, with what the settings say of the topic of readings in its place."""
    topics = load(settings.config_dir / "topics.yaml")
    said = {"partitions": settings.kafka_metrics_partitions, "retention_hours": settings.kafka_metrics_retention_hours}
    given = {name: value for name, value in said.items() if value}
    return topics | {GPU_METRICS: topics[GPU_METRICS].model_copy(update=given)}
