"""The command ``kafka-producer``: parses and wires.

The clients of Kafka and the progress bar are imported by the functions that use them: they take half a second, which
a look at a log without Kafka need not wait for.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from kafka_producer import collect_command, load_command, replay_options, source_config, status_command, watch_command
from kafka_producer.passes import Wish
from kafka_producer.replay_options import ReplayOptions
from kafka_producer.replay_plan import Planned, plan
from telemetry import catalogue, logs, topics
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured, Rejected, Unavailable
from telemetry.settings import Settings

log = logging.getLogger(__name__)

EXAMPLES = """examples:
  kafka-producer topics                            create the topics of config/topics.yaml
  kafka-producer replay "GPU-Z Sensor Log.txt"     send a log
  kafka-producer replay log.txt --speed 1 --loop   play it as if it were measured now
  kafka-producer replay log.txt --dry-run          look at it first
  kafka-producer watch data/                       import and follow whatever is dropped there
  kafka-producer collect                           read the NVIDIA GPUs of this machine
  kafka-producer load --rate 1000                  made-up readings, to see what the platform makes of them
  kafka-producer status                            what became of the logs
"""


class StopRequest:
    """SIGTERM and Ctrl-C set it; the loop asks for it where it can stop without loss."""

    def __init__(self) -> None:
        self.signal: int | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def check(self) -> None:
        """Raises Stopped."""
        if self.signal is not None:
            from kafka_producer.publish import Stopped

            raise Stopped

    def exit_status(self) -> int:
        """0 after SIGTERM, which is how supervisors end a process that is well; 130 after Ctrl-C."""
        return 130 if self.signal == signal.SIGINT else 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.signal = number


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 done, 1 a server did not answer, 2 bad input or configuration, 130 Ctrl-C."""
    parser, replay_parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = Settings.load()
        logs.configure("kafka-producer", settings.log_level)
        if options.command == "topics":
            return _topics(settings, options.wait)
        if options.command == "status":
            status_command.run(settings, options.json, sys.stdout)
            return 0
        if options.command == "watch":
            return _watch(settings, options.folders or [Path("data")], options.name)
        if options.command == "collect":
            return _collect(settings, options)
        if options.command == "load":
            return _load(settings, options)
        if options.command == "simulate":
            from kafka_producer.simulate import command  # lazily: the way in must not depend on the simulator

            return command.run(options)
        return _replay(settings, replay_options.options_of(options, replay_parser))
    except (Misconfigured, Rejected) as error:
        print(f"kafka-producer: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except _errors_of_servers() as error:
        print(f"kafka-producer: {error}", file=sys.stderr)
        return 1


def _errors_of_servers() -> tuple[type[Exception], ...]:
    from kafka.errors import KafkaError

    return Unavailable, KafkaError


def _parser() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="kafka-producer", description="Brings readings to Kafka.", epilog=EXAMPLES, formatter_class=as_written
    )
    commands = parser.add_subparsers(dest="command", required=True)
    replay = commands.add_parser(
        "replay", help="send sensor logs", epilog=replay_options.EXAMPLES, formatter_class=as_written
    )
    replay_options.add_arguments(replay)
    watch_command.add_parser(commands)
    collect_command.add_parser(commands)
    load_command.add_parser(commands)
    status_command.add_parser(commands)
    topics_parser = commands.add_parser("topics", help="create the topics and bring them up to config/topics.yaml")
    topics_parser.add_argument(
        "--wait", type=float, metavar="SECONDS", help="wait this long for Kafka (default: until it answers)"
    )
    try:
        from kafka_producer.simulate import command
    except ModuleNotFoundError:
        pass
    else:
        command.add_parser(commands)
    return parser, replay


def _topics(settings: Settings, patience: float | None) -> int:
    from kafka_producer import kafka_client, topic_admin
    from kafka_producer.publish import Stopped

    wanted = topics.wanted(settings)
    stop = StopRequest()
    try:
        admin = kafka_client.opened(kafka_client.new_admin, settings, SystemClock(), stop.check, patience)
    except Stopped:
        return stop.exit_status()
    try:
        changes = list(topic_admin.apply(admin, wanted))
    finally:
        admin.close()
    for change in changes or [f"all {len(wanted)} topics are as config/topics.yaml and .env say"]:
        print(change)
    return 0


def _watch(settings: Settings, folders: Sequence[Path], name: str) -> int:
    from kafka_producer.publish import Stopped

    stop = StopRequest()
    with suppress(Stopped):  # asked to end while still waiting for Kafka
        watch_command.run(settings, folders, name, stop.check)
    return stop.exit_status()


def _collect(settings: Settings, options: argparse.Namespace) -> int:
    from kafka_producer.publish import Stopped

    stop = StopRequest()
    with suppress(Stopped):
        collect_command.run(settings, options, stop.check)
    return stop.exit_status()


def _load(settings: Settings, options: argparse.Namespace) -> int:
    from kafka_producer.publish import Stopped

    stop = StopRequest()
    try:
        status = load_command.run(settings, options, stop.check)
    except Stopped:  # before Kafka answered
        status = 0
    return stop.exit_status() or status


def _replay(settings: Settings, options: ReplayOptions) -> int:
    clock = SystemClock()
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    sources = source_config.load(settings.config_dir / "sources.yaml")
    wish = Wish(options.kind, options.speed, options.loop)
    planned = plan(options, sources, metrics, ZoneInfo(settings.time_zone), clock.now())
    if options.dry_run:
        from kafka_producer import dry_run

        dry_run.print_readings(planned, wish, clock.now(), sys.stdout.buffer, sys.stderr)
        return 0
    return _send(settings, options, wish, planned)


def _send(settings: Settings, options: ReplayOptions, wish: Wish, planned: list[Planned]) -> int:
    from kafka_producer.progress import Progress
    from kafka_producer.progress_bar import progress_bar
    from kafka_producer.publish import Publisher, Stopped
    from kafka_producer.replay import Replay

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


if __name__ == "__main__":
    sys.exit(main())
