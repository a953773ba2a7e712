"""Kafka's topics are lost and made anew while PostgreSQL remembers how far the old ones were judged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from kafka_consumers.alerts.store import Store
from support.alert_engine import engine, environment_of, has_judged, hot, send, wait_for
from support.engines import Engines
from telemetry import topics
from telemetry.settings import Settings

GPU = "anew:0"


def test_what_comes_into_the_new_topic_is_judged(
    own_engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = own_engines.kafka()
    environment = environment_of(kafka, own_engines.postgres(), tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    Store(settings).start()
    first = hot(GPU, 60)
    send(kafka, first)
    with engine(environment):
        wait_for(lambda: has_judged(settings, GPU, 60))
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.delete_topics([topics.GPU_METRICS])
    wait_for(lambda: topics.GPU_METRICS not in admin.list_topics())
    admin.close()
    make_topics = [str(Path(sys.executable).with_name("kafka-producer")), "topics"]
    wait_for(lambda: subprocess.run(make_topics, env=environment, check=False).returncode == 0)
    send(kafka, [each._replace(row=each.row + 60, time=each.time + 60_000_000) for each in first[:40]])
    with engine(environment):
        wait_for(lambda: has_judged(settings, GPU, 100))
