"""The command ``topics``: creates the topics and brings them up to config/topics.yaml."""

from __future__ import annotations

import argparse

from kafka_producer import kafka_client, topic_admin
from kafka_producer.publish import Stopped
from kafka_producer.stop_request import StopRequest
from telemetry import topics
from telemetry.clock import SystemClock
from telemetry.settings import Settings

DESCRIPTION = "Creates the topics, and brings those that are there up to config/topics.yaml and .env."
EXAMPLES = """examples:
  kafka-producer topics                 what start.sh runs as soon as Kafka answers
  kafka-producer topics --wait 10       exit status 1 where Kafka does not answer within 10 seconds
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", type=float, metavar="SECONDS", help="wait this long for Kafka (default: until it answers)"
    )


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit status 0. Raises Unavailable where Kafka does not answer in time, Misconfigured for the file."""
    wanted = topics.wanted(settings)
    stop = StopRequest()
    try:
        admin = kafka_client.opened(kafka_client.new_admin, settings, SystemClock(), stop.check, options.wait)
    except Stopped:
        return stop.exit_status()
    try:
        changes = list(topic_admin.apply(admin, wanted))
    finally:
        admin.close()
    for change in changes or [f"all {len(wanted)} topics are as config/topics.yaml and .env say"]:
        print(change)
    return 0
