"""The command ``kafka-consumers``: one process per sink."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from kafka_consumers.alerts import config as alert_config
from kafka_consumers.alerts.config import AlertConfig
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.batch import Limits
from kafka_consumers.consume import Loop, Ticker
from kafka_consumers.kafka_client import KafkaInput, connect
from kafka_consumers.kafka_publisher import KafkaOutbox, KafkaPublisher
from kafka_consumers.remade_topics import ends_of
from kafka_consumers.sink import Item, Sink
from kafka_consumers.sinks.influxdb import InfluxDB
from kafka_consumers.sinks.influxdb_api import InfluxApi
from kafka_consumers.sinks.influxdb_size import InfluxSize
from kafka_consumers.sinks.stdout import Stdout
from kafka_consumers.waiting import Server
from telemetry import catalogue, logs, topics
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.heartbeat import Heartbeat
from telemetry.pipeline import SelfReport
from telemetry.settings import Settings

if TYPE_CHECKING:
    from kafka_consumers.alerts.notify import Notifier
    from kafka_consumers.alerts.postman import Postman

logger = logging.getLogger(__name__)

_SOON_MS = 5
"""Kafka gathers readings for longer, and what one answer brings is a batch."""
_UNHURRIED_MS = 500
EXAMPLES = """examples:
  kafka-consumers influxdb                         write everything to InfluxDB, for ever
  kafka-consumers timescale                        write readings to PostgreSQL, for ever
  kafka-consumers influxdb-setup                   set up a new InfluxDB, its token and buckets
  kafka-consumers stdout                           show the readings that arrive from now on
  kafka-consumers stdout --topic gpu-dead-letters --from-beginning --limit 5
  kafka-consumers alerts                           raise and resolve alerts, for ever
  kafka-consumers alerts --check                   is config/alerts.yaml right?
  kafka-consumers health                           events and health scores of every GPU, for ever
  kafka-consumers health --check                   is config/health.yaml right?
  kafka-consumers send-report report.html --to ops
"""


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 stopped or done, 1 not delivered, 2 misconfigured."""
    options = _parser().parse_args(arguments)
    clock = SystemClock()
    try:
        settings = Settings.load()
        logs.configure(f"kafka-consumers-{options.command}", settings.log_level)
        if options.command == "influxdb-setup":
            # Imported here: this client is large, and the writer, which runs for ever, does without it.
            from kafka_consumers import buckets, onboarding

            influxdb = Server("influxdb", clock, Event())
            print(influxdb.insist(lambda: onboarding.onboard(settings)))
            print(*influxdb.insist(lambda: list(buckets.set_up(settings))), sep="\n")
        elif options.command == "alerts":
            if options.migrate:
                _migrate(settings, options.migrate)
            else:
                _alerts(settings, clock, check=options.check)
        elif options.command == "health":
            _health(settings, clock, check=options.check)
        elif options.command == "timescale":
            # Imported here: the other writer does without PostgreSQL's client.
            from kafka_consumers.sinks.timescale import Timescale

            limits = Limits(settings.postgres_batch_readings, settings.postgres_batch_ms)
            metrics = catalogue.load(settings.config_dir / "metrics.yaml")
            _run(settings, Timescale(settings, metrics, clock), "timescale-writer", clock, limits)
        elif options.command == "send-report":
            return _send_report(settings, options, clock)
        elif options.command == "stdout":
            _print_topic(settings, options.topic, options.from_beginning, options.limit, clock)
        else:
            timeout = settings.influxdb_timeout_seconds
            api = InfluxApi(settings.influxdb_url, settings.influxdb_org, settings.influxdb_secret, timeout)
            limits = Limits(settings.influxdb_batch_lines, settings.influxdb_batch_ms)
            _run(
                settings,
                InfluxDB(api, clock),
                "influxdb-writer",
                clock,
                limits,
                measure=InfluxSize(api.metrics).measure,
            )
    except Misconfigured as error:
        print(f"kafka-consumers: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        # The reader (head, say) has gone: nothing is left to print, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kafka-consumers",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("influxdb", help="write every topic to InfluxDB")
    commands.add_parser("timescale", help="write readings to PostgreSQL, with TimescaleDB where it is there")
    commands.add_parser(
        "influxdb-setup", help="a new InfluxDB: its owner, token and buckets; again: what the settings say"
    )
    alerts = commands.add_parser("alerts", help="raise and resolve alerts by the rules of config/alerts.yaml")
    alerts.add_argument("--check", action="store_true", help="only say whether the rules are right, exit 2 if not")
    alerts.add_argument(
        "--migrate", metavar="NAME", help="only make PostgreSQL's tables, up to this migration, and end"
    )
    health = commands.add_parser("health", help="events and health scores, by the rules of config/health.yaml")
    health.add_argument("--check", action="store_true", help="only say whether the rules are right, exit 2 if not")
    report = commands.add_parser("send-report", help="send a report's HTML document to contacts of config/alerts.yaml")
    report.add_argument("file", type=Path, metavar="FILE", help="the document")
    report.add_argument("--to", action="append", required=True, metavar="CONTACT", help="can be given again")
    report.add_argument("--title", help="the subject; without one the file's name")
    stdout = commands.add_parser("stdout", help="print a topic")
    stdout.add_argument("--topic", default=topics.GPU_METRICS, choices=topics.ALL)
    stdout.add_argument("--from-beginning", action="store_true", help="what is already there, too")
    stdout.add_argument("--limit", type=_positive, metavar="N", help="stop after so many records")
    return parser


def _alerts(settings: Settings, clock: Clock, *, check: bool) -> None:
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    loaded = alert_config.load(settings.config_dir / "alerts.yaml", metrics)
    if check:
        from kafka_consumers.alerts.contacts import Addresses, channels_of, webhooks_of

        policy, addresses = loaded.file.notifications, Addresses()
        channels_of(policy.contacts, addresses, clock)
        webhooks_of(policy.actions, addresses, clock)
        routes = len(policy.routes)
        print(f"ok: {len(loaded.rules.names)} alert rules, {len(loaded.expected)} expected GPUs, {routes} routes")
        return
    # Imported here: the writers do without PostgreSQL's client.
    from kafka_consumers.alerts.engine import Engine
    from kafka_consumers.alerts.store import Store

    # One thread decodes while another waits for PostgreSQL at a dozen places: each answer would wait 5 ms for its turn.
    sys.setswitchinterval(0.0005)
    resume = loaded.file.clocks.resume
    publisher = KafkaPublisher(settings, "alert-engine", topics.GPU_ALERTS)
    engine = Engine(Judge(loaded), Store(settings), publisher, clock, resume, ends_of(settings))
    engine.companions = (_notifier(settings, loaded, clock, engine.is_current), _postman(settings, loaded, clock))
    # Who wants to know of time wants to know soon: an alert does not wait for a batch to fill.
    limits = Limits(settings.influxdb_batch_lines, min(settings.influxdb_batch_ms, _SOON_MS))
    _run(settings, engine, "alert-engine", clock, limits, engine)


def _health(settings: Settings, clock: Clock, *, check: bool) -> None:
    # Imported here: the writers do without PostgreSQL's client.
    from kafka_consumers.health import command

    if check:
        print(command.check(settings))
        return
    engine = command.engine(settings, clock)
    # Nobody waits for a score; larger batches are fewer transactions.
    limits = Limits(settings.postgres_batch_readings, _UNHURRIED_MS)
    _run(settings, engine, command.PROCESS, clock, limits, engine)


def _migrate(settings: Settings, until: str) -> None:
    """A backup's rows need tables as they were. The engine brings them up to date when it starts."""
    from kafka_consumers.alerts.store import MIGRATIONS
    from kafka_consumers.database import Database
    from kafka_consumers.migrate import migrate

    database = Database(settings, "gpustream-migrate")
    try:
        print(*database.do(lambda connection: migrate(connection, *MIGRATIONS, until)), sep="\n")
    finally:
        database.close()


def _notifier(settings: Settings, loaded: AlertConfig, clock: Clock, is_current: Callable[[], bool]) -> Notifier:
    from kafka_consumers.alerts.actions import Actions
    from kafka_consumers.alerts.contacts import Addresses, channels_of, webhooks_of
    from kafka_consumers.alerts.ledger import Ledger
    from kafka_consumers.alerts.notify import Notifier

    policy, addresses = loaded.file.notifications, Addresses()
    actions = Actions(policy.actions, loaded.rules.actions_of, webhooks_of(policy.actions, addresses, clock))
    channels = channels_of(policy.contacts, addresses, clock)
    return Notifier(policy, channels, actions, Ledger(settings), clock, is_current)


def _postman(settings: Settings, loaded: AlertConfig, clock: Clock) -> Postman:
    from kafka_consumers.alerts.contacts import Addresses, channels_of
    from kafka_consumers.alerts.postman import Postman
    from kafka_consumers.alerts.report_queue import ReportQueue

    contacts, known = loaded.file.reports.contacts, loaded.file.notifications.contacts
    names = {name for each in contacts.values() for name in each}
    channels = channels_of({name: known[name] for name in names}, Addresses(), clock)
    return Postman(contacts, channels, ReportQueue(settings), clock)


def _send_report(settings: Settings, options: argparse.Namespace, clock: Clock) -> int:
    from kafka_consumers.alerts.send_report import send

    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    policy = alert_config.load(settings.config_dir / "alerts.yaml", metrics).file.notifications
    failed = send(settings, policy, options.file, options.to, options.title, clock)
    for each in failed:
        print(f"kafka-consumers: not sent to {each}", file=sys.stderr)
    return 1 if failed else 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 upwards")
    return int(text)


def _run(
    settings: Settings,
    sink: Sink[Item],
    process: str,
    clock: Clock,
    limits: Limits,
    ticker: Ticker | None = None,
    measure: Callable[[], Mapping[str, float]] = dict,
) -> None:
    stop = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _number, _frame: stop.set())
    heartbeat = Heartbeat(settings.state_dir, process)
    kafka = Server("kafka", clock, stop)
    try:
        Server("store", clock, stop).insist(sink.start, heartbeat.beat)
        outbox = kafka.insist(lambda: KafkaOutbox(settings, process, clock), heartbeat.beat)
        consumer = kafka.insist(lambda: connect(settings, process, sink.topics, from_beginning=True), heartbeat.beat)
    except Unavailable:
        return  # asked to stop before there was anything to finish
    source = KafkaInput(consumer)
    report = SelfReport(process, settings.state_dir, clock, measure)
    logger.info("started topics=%d batch=%d", len(sink.topics), limits.records)
    try:
        Loop(source, sink, outbox, report, heartbeat, clock, limits, stop, ticker).run()
    finally:
        outbox.close()
        source.close()
    logger.info("stopped received=%d sent=%d", report.received, report.sent)


def _print_topic(settings: Settings, topic: str, from_beginning: bool, limit: int | None, clock: Clock) -> None:
    sink = Stdout([topic])
    kafka = Server("kafka", clock, Event())
    consumer = kafka.insist(lambda: connect(settings, None, sink.topics, from_beginning=from_beginning))
    for record in islice(consumer, limit):
        sink.write([sink.encode(record)])
    consumer.close(autocommit=False)
