"""The command ``replay``: sends sensor logs, or shows what would be sent.

The clients of Kafka and the progress bar are imported by the function that uses them: they take half a second, which a
look at a log without Kafka need not wait for.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from zoneinfo import ZoneInfo

from kafka_producer import replay_options, source_config
from kafka_producer.passes import Wish
from kafka_producer.replay_options import EXAMPLES, ReplayOptions, add_arguments
from kafka_producer.replay_plan import Planned, plan
from telemetry import catalogue
from telemetry.clock import SystemClock
from telemetry.settings import Settings

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

log = logging.getLogger(__name__)

DESCRIPTION = "Sends sensor logs: at once with the times at which they were recorded, or played as if measured now."


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit status 0 sent or shown, 130 after Ctrl-C. Raises Rejected for what is no log, SystemExit(2) where options
    contradict each other."""
    chosen = replay_options.options_of(options, options.parser)
    clock = SystemClock()
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    sources = source_config.load(settings.config_dir / "sources.yaml")
    wish = Wish(chosen.kind, chosen.speed, chosen.loop)
    planned = plan(chosen, sources, metrics, ZoneInfo(settings.time_zone), clock.now())
    if chosen.dry_run:
        from kafka_producer import dry_run

        dry_run.print_readings(planned, wish, clock.now(), sys.stdout.buffer, sys.stderr)
        return 0
    return _send(settings, chosen, wish, planned)


def _send(settings: Settings, options: ReplayOptions, wish: Wish, planned: list[Planned]) -> int:
    from kafka_producer.progress import Progress
    from kafka_producer.progress_bar import progress_bar
    from kafka_producer.publish import Publisher, Stopped
    from kafka_producer.replay import Replay
    from kafka_producer.stop_request import StopRequest

    # Python looks for dead cycles at every 700 new objects, through thousands of records that are alive, on their way:
    # a twentieth of the time, for next to nothing.
    gc.freeze()
    gc.set_threshold(50_000, 2, 2)
    clock, stop = SystemClock(), StopRequest()
    progress = Progress(settings.state_dir)
    try:
        publisher = Publisher(settings, clock, options.name, stop.check)
    except Stopped:
        return stop.exit_status()
    with progress_bar(planned, sys.stderr) as advance:
        replay = Replay(wish, progress, publisher, clock, advance)
        try:
            replay.run(planned, settings.state_dir)
        except Stopped:
            log.info("asked to stop: what is on its way is finished first")
        finally:
            publisher.close()
            replay.save()
            progress.close()
    return stop.exit_status()
