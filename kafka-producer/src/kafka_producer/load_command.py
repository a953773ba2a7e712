"""The command ``load``: sends readings of known number at a steady pace, and says how many Kafka has taken."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from kafka_producer.load import Load, peak, values
from kafka_producer.publish import Publisher, Stopped
from kafka_producer.stop_request import StopRequest
from telemetry import catalogue, topics
from telemetry.clock import Clock, SystemClock
from telemetry.durations import Durations
from telemetry.errors import Misconfigured
from telemetry.loads import NAME_WORDS, is_name
from telemetry.reading import encode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time

DESCRIPTION = "Sends made-up readings of known number at a steady pace, to see what the platform makes of them."
EXAMPLES = """examples:
  kafka-producer load                                1,000 readings a second of 20 GPUs, for a minute
  kafka-producer load --rate 5000 --gpus 500 --seconds 600
  kafka-producer load --name lunch                   then: dashboard audit lunch --gpus 20 --sent 60000

The readings are a demonstration's (host demo-load-NAME, origin load/NAME): no alert of theirs is told to people, no
total of the reports counts them. Of each GPU they are the rows 0, 1, 2, ..., so that `dashboard audit` can tell which
of them a store lacks. While Kafka is away the load waits, and makes up for it afterwards.
"""
_NAP = 0.005
_SAY_EVERY = SECOND
_PATIENCE = 30.0
Say = Callable[[int, Durations], None]
"""Told how many readings Kafka has taken, and within what time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=_count, default=1000, metavar="N", help="readings a second (%(default)s)")
    parser.add_argument("--gpus", type=_count, default=20, metavar="N", help="GPUs that they are of (%(default)s)")
    parser.add_argument("--seconds", type=_count, default=60, metavar="N", help="how long (%(default)s)")
    parser.add_argument("--metrics", type=_count, default=25, metavar="N", help="metrics in each (%(default)s)")
    parser.add_argument(
        "--hot", action="store_true", help="each GPU is too hot for a third of the time: alerts come and go"
    )
    parser.add_argument("--name", type=_name, help="of this load, new each time (default: date and time)")
    parser.add_argument(
        "--json", action="store_true", help="each second a line with what Kafka has taken, for programs"
    )


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit status 0: all was sent; 1: not all; 130: it was stopped by Ctrl-C."""
    stop = StopRequest()
    try:
        status = _load(settings, options, stop.check)
    except Stopped:  # before Kafka answered
        status = 0
    return stop.exit_status() or status


def _load(settings: Settings, options: argparse.Namespace, check: Callable[[], None]) -> int:
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    if options.gpus > options.rate * options.seconds:
        raise Misconfigured("load --gpus", str(options.gpus), f"at most {options.rate * options.seconds} readings")
    clock = SystemClock()
    publisher = Publisher(settings, clock, "load", check)
    # Not before Kafka answers: what waits for it is not late.
    name = options.name or datetime.fromtimestamp(clock.now() / SECOND, UTC).strftime("%Y%m%d-%H%M%S")
    hottest = peak(metrics) if options.hot else None
    load = Load(name, clock.now(), options.rate, options.gpus, values(metrics, options.metrics), hottest)
    total = options.rate * options.seconds
    with (_lines if options.json else _bar)(load, total) as say:
        sending = _Sending(publisher, load, total, clock, say)
        with suppress(Stopped):
            sending.run()
        publisher.close(_PATIENCE, "they are not sent again")
        say(sending.acknowledged, sending.durations)
    taken = sending.acknowledged
    if not options.json:
        print(f"acknowledged by Kafka within {sending.durations.words()}")
        print(f"Kafka has taken {taken:,} readings: dashboard audit {name} --gpus {load.gpus} --sent {taken}")
    return 0 if taken == total else 1


class _Sending:
    def __init__(self, publisher: Publisher, load: Load, total: int, clock: Clock, say: Say) -> None:
        self.acknowledged = 0
        self.durations = Durations()
        """From handing a reading over until Kafka had acknowledged it."""
        self._publisher = publisher
        self._load = load
        self._total = total
        self._clock = clock
        self._say = say
        self._said = 0

    def run(self) -> None:
        """Until all is acknowledged. Raises Stopped."""
        load = self._load
        for number in range(self._total):
            while load.due(number) > self._clock.now():
                self._tend()
                self._clock.sleep(_NAP)
            reading = load.reading(number)
            self._publisher.send(
                topics.GPU_METRICS, reading.gpu, encode(reading), partial(self._taken, self._clock.now())
            )
        while self._publisher.unacknowledged:
            self._tend()
            self._clock.sleep(_NAP)

    def _taken(self, handed_over: int) -> None:
        self.acknowledged += 1
        self.durations.add((self._clock.now() - handed_over) / SECOND)

    def _tend(self) -> None:
        self._publisher.tend()
        now = self._clock.now()
        if now - self._said >= _SAY_EVERY:
            self._said = now
            self._say(self.acknowledged, self.durations)


@contextmanager
def _lines(load: Load, total: int) -> Iterator[Say]:
    known: dict[str, str | int] = {
        "name": load.name,
        "host": load.host,
        "origin": load.origin,
        "gpus": load.gpus,
        "total": total,
    }
    known["begin"] = format_time(load.begin)
    yield lambda taken, durations: print(
        json.dumps(known | {"acknowledged": taken, "within": durations.words()}), flush=True
    )


@contextmanager
def _bar(load: Load, total: int) -> Iterator[Say]:
    print(f"sending {total:,} readings of {load.gpus} GPUs, {load.host}:0 and on, {load.rate:,} a second")
    if not sys.stderr.isatty():
        yield lambda taken, durations: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda taken, durations: bar.update(task, completed=taken)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number above 0")
    return int(text)


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {NAME_WORDS}")
    return text
