"""What the engines must make of a load, undisturbed, and what PostgreSQL holds of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from threading import Lock

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.health.minute import minute_of
from kafka_producer.load import Load
from support.alert_cases import CATALOGUE, World
from support.alert_engine import query
from telemetry.reading import Reading
from telemetry.settings import Settings
from telemetry.timestamp import EPOCH, SECOND

AlertRow = tuple[str, str, str, int]
"""gpu, rule, state, when (microseconds UTC)."""
ScoreRow = tuple[str, int]
"""gpu, begin of the minute (microseconds UTC)."""


_MICROSECOND = timedelta(microseconds=1)


@cache
def _rules(config_dir: Path) -> config.AlertConfig:
    return config.load(config_dir / "alerts.yaml", CATALOGUE)


@cache
def _found_by_detectors(config_dir: Path) -> frozenset[str]:
    bindings = _rules(config_dir).rules.bindings(Subject("a:0", "a", "load", None)).anomalies
    return frozenset(binding.rule for _, binding in bindings)


def alerts_of(load: Load, readings: Iterable[Reading], config_dir: Path) -> Iterator[AlertRow]:
    """What the rules make of ``readings``, those of each GPU in their order, undisturbed."""
    worlds = {f"{load.host}:{number}": World(Judge(_rules(config_dir))) for number in range(load.gpus)}
    for reading in readings:
        worlds[reading.gpu].reading(reading, reading.time)
    for world in worlds.values():
        for change in world.changes:
            alert = change.alert
            if change.is_recorded:
                yield alert.subject.gpu, alert.rule, alert.state, alert.changed


def stored_alerts(load: Load, end: int, environment: Mapping[str, str]) -> Iterator[AlertRow]:
    """Changes in PostgreSQL up to ``end``, of rules about readings.

    What the stream's detectors find depends on when its batches were cut.
    """
    settings = settings_of(environment)
    sql = "SELECT gpu, rule, c.state, time FROM changes c JOIN alerts a ON a.id = alert_id WHERE host = %s"
    for gpu, rule, state, at in query(settings, sql, load.host):
        time = round(at.timestamp() * SECOND)
        if time <= end and rule not in _found_by_detectors(settings.config_dir):
            yield gpu, rule, state, time


def scores_of(load: Load, sent: int) -> Counter[ScoreRow]:
    """A score for each minute of which a GPU has readings."""
    return Counter({(f"{load.host}:{n % load.gpus}", minute_of(load.due(n))) for n in range(sent)})


def stored_scores(load: Load, environment: Mapping[str, str]) -> Counter[ScoreRow]:
    rows = query(settings_of(environment), "SELECT gpu, time FROM gpu_health_scores WHERE host = %s", load.host)
    return Counter((gpu, (at - EPOCH) // _MICROSECOND) for gpu, at in rows)


def settings_of(environment: Mapping[str, str]) -> Settings:
    with process_environment(environment):
        return Settings.load()


_ENVIRONMENT = Lock()


@contextmanager
def process_environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Of one thread at a time."""
    with _ENVIRONMENT:
        before = dict(os.environ)
        os.environ.update(wanted)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
