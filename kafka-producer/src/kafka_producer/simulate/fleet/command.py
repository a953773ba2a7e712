"""``kafka-producer simulate fleet``: its options, and what they wire."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from kafka_producer import duration
from kafka_producer.simulate import span
from kafka_producer.simulate.fleet import table
from kafka_producer.simulate.fleet.cluster import Cluster
from kafka_producer.simulate.fleet.faults import KINDS, Fault, parse
from kafka_producer.simulate.fleet.models import MODELS
from kafka_producer.simulate.fleet.scenarios import SCENARIOS
from kafka_producer.simulate.fleet.server import Server
from kafka_producer.simulate.physics import LONGEST_STEP
from kafka_producer.stop_request import StopRequest
from telemetry import topics
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Misconfigured
from telemetry.reading import Reading, encode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

log = logging.getLogger(__name__)
NAME = "simulate-fleet"
EXAMPLES = """examples:
  kafka-producer simulate fleet --list
  kafka-producer simulate fleet                   2 nodes x 8 A100: http://127.0.0.1:9400/node-1/metrics, ...
  kafka-producer simulate fleet --scenario fan-failing --names 4.6
  kafka-producer simulate fleet --nodes 40 --model h100 --model l40s --fault paste:node-7:2@10m --rates 1000
  kafka-producer simulate fleet --to sources --out fleet.yaml      then: kafka-producer collect --config fleet.yaml
  kafka-producer simulate fleet --to kafka --nodes 1250 --interval 10s --tick 5
  kafka-producer simulate fleet --to csv --duration 6h --out fleet.csv --labels labels.csv --truth truth.csv

Hosts are called demo-node-1, demo-node-2, ...: no alert of theirs is told to people, no total of the reports counts
them. The same seed makes the same fleet, second by second since its start.
"""
_NAP = 0.1
_PATIENCE = 5.0
_LONGEST_PAUSE = 600.0
"""Seconds that are made up for."""


def add_arguments(fleet: argparse.ArgumentParser) -> None:
    fleet.add_argument("--list", action="store_true", help="list scenarios, models and faults, and simulate nothing")
    fleet.add_argument("--nodes", type=_count, default=2, metavar="N", help="(default: %(default)s)")
    fleet.add_argument("--gpus", type=_of_node, default=8, metavar="N", help="of each node (default: %(default)s)")
    fleet.add_argument(
        "--model",
        action="append",
        choices=MODELS,
        default=[],
        help="repeatable, nodes take turns (default: a100)",
    )
    fleet.add_argument("--scenario", choices=SCENARIOS, default="healthy", help="what happens (default: %(default)s)")
    fleet.add_argument(
        "--fault", action="append", type=_fault, default=[], metavar="SPEC", help="fan:node-2:3@120, repeatable"
    )
    fleet.add_argument(
        "--rates", type=_factor, default=1.0, metavar="X", help="faults by X times the published rates; 0: none (1)"
    )
    fleet.add_argument("--seed", type=int, default=1, help="the same seed makes the same fleet (default: 1)")
    fleet.add_argument("--tick", type=_tick, default=1.0, metavar="SECONDS", help="of a step, 0.1 to 5 (default: 1)")
    fleet.add_argument(
        "--to", choices=("http", "kafka", "csv", "sources"), default="http", help="where to (default: %(default)s)"
    )
    fleet.add_argument(
        "--listen", type=_address, default=("127.0.0.1", 9400), metavar="HOST:PORT", help="http (127.0.0.1:9400)"
    )
    fleet.add_argument("--names", choices=("3", "4.6"), default="3", help="http: names of DCGM's fields (default: 3)")
    fleet.add_argument(
        "--interval", type=_interval, default=10 * SECOND, metavar="TIME", help="kafka, csv, sources (default: 10s)"
    )
    fleet.add_argument("--duration", type=_duration, metavar="TIME", help="then end; csv: needed")
    fleet.add_argument("--start", type=_start, metavar="TIME", help="csv: of the first reading (2026-01-15T00:00:00Z)")
    fleet.add_argument("--out", default="-", metavar="FILE", help="csv, sources (default: -, standard output)")
    fleet.add_argument("--labels", metavar="FILE", help="also write what detectors should find, as CSV")
    fleet.add_argument("--truth", metavar="FILE", help="also write every fault, as CSV; both need --duration")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Until it is asked to stop or the duration is over. Raises Misconfigured."""
    if options.list:
        print(catalogue(), end="")
        return 0
    if (options.to == "csv" or options.labels or options.truth) and options.duration is None:
        raise Misconfigured("--duration", "none", "how long to simulate, such as 6h")
    scenario = SCENARIOS[options.scenario]
    cluster = Cluster(
        [MODELS[key] for key in options.model or ["a100"]],
        nodes=options.nodes,
        gpus=options.gpus,
        scenario=scenario,
        faults=[*map(parse, scenario.faults), *options.fault],
        seed=options.seed,
        rates=options.rates,
        tick=options.tick,
    )
    clock = SystemClock()
    start = options.start or (parse_time("2026-01-15T00:00:00Z") if options.to == "csv" else clock.now())
    for option, file, make in (("--labels", options.labels, table.expected), ("--truth", options.truth, table.truth)):
        if file:
            _write(option, file, [make(cluster, start, options.duration)])
    if options.to == "sources":
        host, port = options.listen
        _write("--out", options.out, [table.sources(cluster, f"http://{host}:{port}", _words(options.interval))])
        return 0
    if options.to == "csv":
        return _write("--out", options.out, table.series(_all(cluster, start, options)))
    from kafka_producer.publish import Stopped

    stop = StopRequest()
    with suppress(Stopped):
        (_serve if options.to == "http" else _send)(settings, cluster, options, start, clock, stop.check)
    return stop.exit_status()


def _all(cluster: Cluster, start: int, options: argparse.Namespace) -> Iterator[Reading]:
    step = options.interval / SECOND
    for number in range(1, int(options.duration / step) + 1):
        cluster.advance(number * step)
        for node in cluster.nodes:
            yield from cluster.readings(node, start + int(cluster.moment * SECOND))


def _serve(
    settings: Settings,
    cluster: Cluster,
    options: argparse.Namespace,
    start: int,
    clock: Clock,
    check: Callable[[], None],
) -> None:
    server = Server(cluster, options.names, *options.listen)
    nodes, of_each = len(cluster.nodes), len(cluster.nodes[0].gpus)
    log.info("serving nodes=%d gpus=%d at %s/node-1/metrics, ...", nodes, nodes * of_each, server.address)
    pace = _Pace(cluster, start, clock)
    try:
        while not _is_over(options, start, clock):
            check()
            server.advance(pace.moment())
            clock.sleep(_NAP)
    finally:
        server.close()


def _send(
    settings: Settings,
    cluster: Cluster,
    options: argparse.Namespace,
    start: int,
    clock: Clock,
    check: Callable[[], None],
) -> None:
    from kafka_producer.publish import Publisher

    publisher = Publisher(settings, clock, NAME, check)
    due = start + options.interval
    pace = _Pace(cluster, start, clock)
    try:
        while not _is_over(options, start, clock):
            if clock.now() < due:
                publisher.tend()
                check()
                clock.sleep(_NAP)
                continue
            cluster.advance(pace.moment())
            for node in cluster.nodes:
                for reading in cluster.readings(node, due):
                    publisher.report.received += 1
                    publisher.send(topics.GPU_METRICS, reading.gpu, encode(reading))
            # What could not be sent in time is not made up for: it would be a burst that no fleet sends.
            due += options.interval * max(1, (clock.now() - due) // options.interval)
    finally:
        publisher.close(_PATIENCE, "they are not sent again")


class _Pace:
    """A second of the story for a second of the clock; but a machine that slept goes on where it was."""

    def __init__(self, cluster: Cluster, start: int, clock: Clock) -> None:
        self._cluster = cluster
        self._start = start
        self._clock = clock

    def moment(self) -> float:
        now = self._clock.now()
        missed = (now - self._start) / SECOND - self._cluster.moment
        if missed > _LONGEST_PAUSE:
            log.warning("the clock went on by %.0f s without us: the fleet goes on where it was", missed)
            self._start += int(missed * SECOND)
        return (now - self._start) / SECOND


def _is_over(options: argparse.Namespace, start: int, clock: Clock) -> bool:
    return options.duration is not None and clock.now() >= start + int(options.duration * SECOND)


def catalogue() -> str:
    """Scenarios, models and faults, a line each."""
    parts = ["scenarios:", *(f"  {each.name:20} {each.description}" for each in SCENARIOS.values())]
    parts += ["models:", *(f"  {key:20} {model.name}" for key, model in MODELS.items())]
    parts += ["faults (--fault KIND:NODE:GPU@BEGIN+LENGTH, of a node without :GPU; times as 120, 5m, 2h):"]
    parts += [f"  {name:20} {kind.words}" for name, kind in KINDS.items()]
    return "\n".join(parts) + "\n"


def _write(option: str, name: str, lines: Iterator[str] | list[str]) -> int:
    try:
        if name == "-":
            sys.stdout.writelines(lines)
            sys.stdout.flush()
        else:
            with Path(name).open("w", encoding="utf-8") as file:
                file.writelines(lines)
    except BrokenPipeError:
        sys.stdout = None  # the reader has seen enough; nothing may be flushed into it at exit
    except OSError as error:
        raise Misconfigured(option, f"{name} ({error.strerror})", "a file that can be written") from error
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 20_000:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from 1 to 20000")
    return int(text)


def _of_node(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 16:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from 1 to 16")
    return int(text)


def _number(text: str, low: float, high: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from {low:g} to {high:g}")
    return number


def _factor(text: str) -> float:
    return _number(text, 0, 1e9)


def _tick(text: str) -> float:
    return _number(text, 0.1, LONGEST_STEP)


def _fault(text: str) -> Fault:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected HOST:PORT such as 127.0.0.1:9400")
    return host, int(port)


def _interval(text: str) -> int:
    try:
        return duration.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {error}") from error


def _duration(text: str) -> float:
    try:
        return float(span.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _start(text: str) -> int:
    try:
        return parse_time(datetime.fromisoformat(text).astimezone(UTC).isoformat())
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a time such as 2026-01-15T00:00:00Z") from None


def _words(interval: int) -> str:
    return f"{interval // 1000}ms"
