"""The command ``watch``: wires what follows a folder, and ends it cleanly."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from kafka_producer import lock, source_config
from kafka_producer.examine import Examiner
from kafka_producer.intake import Intake
from kafka_producer.ledger import Ledger
from kafka_producer.log_snapshot import LogSnapshot
from kafka_producer.process_name import process_name
from kafka_producer.progress import Progress
from kafka_producer.publish import Publisher, Stopped
from kafka_producer.session_card import SessionCards
from kafka_producer.stop_request import StopRequest
from kafka_producer.watch import Watch
from telemetry import catalogue
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured, Rejected, Unavailable
from telemetry.settings import Settings

log = logging.getLogger(__name__)

DESCRIPTION = """Imports every log (of GPU-Z, HWiNFO, LibreHardwareMonitor, nvidia-smi) that is dropped into one of the
folders (ZIP and gzip, too) and follows those that grow. Files that are no log are reported once; samples/ directly
below the folder is left alone."""
EXAMPLES = """examples:
  kafka-producer watch data/                 what start.sh runs: logs dropped into data/ are imported or followed
  kafka-producer watch data/ uploads/        several folders; a log that lies in two of them counts once
  kafka-producer watch /mnt/share/gpuz       a shared folder that several machines log into
  kafka-producer status                      what it has made of each file

A folder HOST/INDEX/ says whose GPU a log is; config/sources.yaml can say it by pattern; else it is local:0. Files are
only read. What was read is remembered in STATE_DIR, so a restart, a second copy or a new name sends nothing again.
"""
NAME = "watch"
_NAP = 0.1
_PATIENCE = 5.0
"""Seconds that Kafka is given to acknowledge what is on its way when the process is asked to end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="the folders (default: data)")
    parser.add_argument(
        "--name", type=process_name, default=NAME, help=f"of this process in status and pipeline (default: {NAME})"
    )


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Until it is asked to stop. Raises Unavailable where another process watches with the same STATE_DIR."""
    stop = StopRequest()
    with suppress(Stopped):  # asked to end while still waiting for Kafka
        _watch(settings, options.folders or [Path("data")], options.name, stop.check)
    return stop.exit_status()


def _watch(settings: Settings, folders: Sequence[Path], name: str, check: Callable[[], None]) -> None:
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            raise Misconfigured("watch", str(folder), "a folder; `kafka-producer replay` sends single logs")
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    sources = source_config.load(settings.config_dir / "sources.yaml")
    clock = SystemClock()
    progress = Progress(settings.state_dir)
    with closing(progress), _alone(settings):
        publisher = Publisher(settings, clock, name, check)
        ledger = Ledger(progress)
        intake = Intake(folders, settings.state_dir, progress, ledger, publisher, clock)
        examiner = Examiner(metrics, sources, ZoneInfo(settings.time_zone))
        cards = SessionCards(settings.console_port, settings.grafana_port)
        watches = [Watch(each, examiner, intake, ledger, publisher, clock, cards.ended) for each in folders]
        snapshot = LogSnapshot(progress, settings.state_dir, clock)
        log.info("watching folder=%s", " folder=".join(map(str, folders)))
        try:
            while True:
                # Each has its turn, and none waits for another's nap.
                worked = [watch.turn() for watch in watches]
                snapshot.tend()
                if not any(worked):
                    clock.sleep(_NAP)
        except Stopped:
            log.info("asked to stop: what is on its way is finished first")
        finally:
            publisher.close(_PATIENCE)
            for watch in watches:
                watch.save()
            snapshot.write()


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.held(settings.state_dir, NAME))
        except Rejected as error:
            raise Unavailable(f"another process watches with STATE_DIR {settings.state_dir}") from error
        yield
