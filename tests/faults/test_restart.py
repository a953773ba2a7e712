"""What people do to a platform that runs: they stop and start it, change its version, and end a batch half-way."""

from __future__ import annotations

import os
import random
import shutil
import signal
from datetime import date
from pathlib import Path

import pytest
import yaml

from faults.conftest import Record
from kafka_producer.load import values
from support.alert_cases import CATALOGUE
from support.fault_field import Field
from support.fault_load import Count, Outcome, at_moments
from support.identities import eventually
from support.platform import long_log

pytestmark = pytest.mark.timeout(1800)
SECONDS = 60
ROWS = 3000


def test_stop_and_start(field: Field, record: Record) -> None:
    """The load goes on meanwhile: it waits for Kafka as any producer does. Nobody is killed for being slow to end."""
    keepers_log = field.platform.run_dir / "logs/supervisord.log"
    told = keepers_log.stat().st_size
    running = field.load("restart", SECONDS)

    def harm() -> None:
        field.platform.start_sh("stop")
        field.platform.start_sh()

    at_moments(running, [0.4], harm)
    record(field.settled(running, Outcome("stop and start", "everything", 0)))
    assert "SIGKILL" not in keepers_log.read_text()[told:]


def test_version_changes(field: Field, record: Record, tmp_path: Path) -> None:
    """Back to a catalogue that lacks a metric of the load, and on to today's: its values are there all the same."""
    older = tmp_path / "config"
    shutil.copytree(field.platform.environment["CONFIG_DIR"], older)
    catalogue = yaml.safe_load((older / "metrics.yaml").read_text())
    gone = values(CATALOGUE, 25)[-1].metric
    del catalogue["metrics"][gone]
    (older / "metrics.yaml").write_text(yaml.safe_dump(catalogue, sort_keys=False))
    settings = {"CONFIG_DIR": str(older)}
    running = field.load("version", SECONDS)
    with field.instead("influxdb-writer", **settings), field.instead("streaming", **settings):
        running.until(0.5)
        # Until some of the load came into the lake by the older one.
        host = f"demo-load-{running.name}"
        assert eventually(lambda: field.platform.rows(f"{host}:0").total(), lambda found: found > 0)
    outcome = field.settled(running, Outcome("other version and back", "influxdb-writer, streaming", 0))
    sent = outcome.counts["lake"].sent
    found = field.platform.with_metric(gone, host)
    outcome.counts[f"lake, values of {gone}"] = Count(sent, found, sent - found, 0)
    found = field.platform.points_with(gone, host)
    outcome.counts[f"InfluxDB, values of {gone}"] = Count(sent, found, sent - found, 0)
    record(outcome)


@pytest.mark.parametrize("seed", [1])
def test_batch_is_killed(field: Field, record: Record, seed: int) -> None:
    chance = random.Random(seed)
    day, gpu = date(2015, 5, 5), "batch:0"
    field.platform.drop(long_log(field.platform.folder, "batch.txt", seed, ROWS, f"{day} 12:00:00"), gpu)
    assert eventually(lambda: field.platform.rows(gpu).total(), lambda found: found >= ROWS) == ROWS
    running = field.load("batch-killed", SECONDS)
    batch = field.batch("--date", day.isoformat())
    assert batch.stdout
    reports = chance.randrange(1, 5)
    for line in batch.stdout:
        print(line, end="")
        reports -= "report=" in line
        if not reports:
            break
    os.killpg(batch.pid, signal.SIGKILL)
    assert batch.wait() == -signal.SIGKILL, "the batch was over before it was killed"
    again = field.batch("--date", day.isoformat())
    said, _ = again.communicate(timeout=600)
    assert again.returncode == 0, said
    outcome = field.settled(running, Outcome("kill -9", "the batch, half-way", seed))
    found = field.reported(day)[gpu]
    outcome.counts["report of the day"] = Count(ROWS, found, max(0, ROWS - found), max(0, found - ROWS))
    record(outcome)
