"""The command ``collect``: its options, and what they wire."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from kafka_producer import duration, lock, source_config
from kafka_producer.collect import LOST, Collect, Sampling
from kafka_producer.host import host_name
from kafka_producer.live_buffer import LiveBuffer
from kafka_producer.process_name import process_name
from kafka_producer.publish import Publisher, Stopped
from kafka_producer.source import LiveSource, LiveTarget
from kafka_producer.source_config import LiveRule
from kafka_producer.stop_request import StopRequest
from telemetry import catalogue, topics
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Misconfigured, Rejected, Unavailable
from telemetry.reading import Reading, encode
from telemetry.settings import Settings

log = logging.getLogger(__name__)

DESCRIPTION = "Reads the live GPUs of this machine, or those of a fleet, again and again and sends the readings."
EXAMPLES = """examples:
  kafka-producer collect                     what start.sh runs: every NVIDIA GPU of this machine, each second
  kafka-producer collect --list              which GPUs there are, what each offers and what not; needs no Kafka
  kafka-producer collect --once --dry-run    one reading of each, as JSON
  kafka-producer collect --interval 5s       every five seconds
  kafka-producer collect --source nvidia_smi --list    by the command, where the driver's library cannot be loaded
  kafka-producer collect --source dcgm --list      the dcgm-exporters of config/sources.yaml, and what each offers

config/sources.yaml (collect:) says which GPUs, how often and under which host name; docs/recipes/live-nvidia.md and
docs/recipes/dcgm.md list what is collected. A GPU or a page that is lost is said once and asked again until it
answers; while Kafka is away readings wait.
"""
NAME = "collect"
_PATIENCE = 5.0
"""Seconds that Kafka is given to acknowledge what is on its way when the process is asked to end."""
_PRINTED = 100_000
_SIDE_BY_SIDE = 256
_NAP = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="instead of CONFIG_DIR/sources.yaml")
    parser.add_argument("--source", choices=source_config.LIVE_SOURCES, help="only this one (default: all in the file)")
    parser.add_argument(
        "--interval", type=_interval, metavar="TIME", help="such as 500ms, 1s or 1m (default: the file's)"
    )
    parser.add_argument("--once", action="store_true", help="one reading of each GPU")
    parser.add_argument("--dry-run", action="store_true", help="readings as JSON lines on stdout; needs no Kafka")
    parser.add_argument("--list", action="store_true", help="the GPUs and what they offer; sends nothing")
    parser.add_argument(
        "--prometheus",
        type=Path,
        metavar="FILE",
        help="write the pages of the source dcgm as targets of Prometheus (file_sd_configs); sends nothing",
    )
    parser.add_argument(
        "--name", type=process_name, default=NAME, help=f"of this process in status and pipeline (default: {NAME})"
    )


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Until it is asked to stop, or each GPU was read once.

    Raises Misconfigured where there is no GPU to read, Unavailable where none answers or another process collects.
    """
    if options.prometheus:
        _write_targets(settings, options)
        return 0
    stop = StopRequest()
    with suppress(Stopped):
        _run(settings, options, stop.check)
    return stop.exit_status()


def _run(settings: Settings, options: argparse.Namespace, check: Callable[[], None]) -> None:
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    rules = source_config.load(options.config or settings.config_dir / "sources.yaml").live(options.source)
    clock = SystemClock()
    owners: dict[str, str] = {}
    with ExitStack() as stack:
        sources: list[tuple[LiveSource, int]] = []
        for rule in rules:
            source = _source(rule, metrics, owners)
            stack.callback(source.close)
            sources.append((source, options.interval or duration.parse(rule.interval)))
        if options.once or options.list:
            readings = _read_once([source for source, _ in sources], clock, check)
            if options.dry_run and not options.list:
                _print(readings, sys.stdout.buffer)
            elif not options.list:
                _send(settings, options.name, clock, readings, check)
        elif options.dry_run:
            _print_on(sources, clock, sys.stdout.buffer, check)
        else:
            stack.enter_context(_alone(settings, options.name))
            _collect(settings, options.name, clock, sources, check)


def _write_targets(settings: Settings, options: argparse.Namespace) -> None:
    from kafka_producer.sources.dcgm import targets

    rules = source_config.load(options.config or settings.config_dir / "sources.yaml").collect
    for machine in targets.left_out(rules):
        log.warning("%s is no target: its page asks for a password; write a job for it yourself", machine)
    replacing = options.prometheus.with_name(f".{options.prometheus.name}")
    try:
        # Prometheus looks at it whenever it changes.
        replacing.write_text(targets.text(rules), encoding="utf-8")
        replacing.replace(options.prometheus)
    except OSError as error:
        found = f"{options.prometheus} ({error.strerror})"
        raise Misconfigured("--prometheus", found, "a file that can be written") from error


def _source(rule: LiveRule, metrics: Catalogue, owners: dict[str, str]) -> LiveSource:
    if rule.source == "dcgm":
        from kafka_producer.sources.dcgm.source import Dcgm

        return Dcgm(rule.targets, duration.parse(rule.timeout), metrics, owners, rule.labels)
    source = _local(rule, metrics)
    if rule.host_sensors:
        from kafka_producer.sources.host.sensors import HostSensors
        from kafka_producer.sources.host.source import WithHost

        return WithHost(source, HostSensors(), metrics)
    return source


def _local(rule: LiveRule, metrics: Catalogue) -> LiveSource:
    host = rule.host or host_name()
    if rule.source == "nvidia_smi":
        from kafka_producer.sources.nvidia_smi.live import NvidiaSmi

        return NvidiaSmi(rule.command, host, rule.gpus, duration.parse(rule.timeout), metrics, rule.labels)
    from kafka_producer.sources.nvml.library import Library
    from kafka_producer.sources.nvml.source import Nvml

    return Nvml(Library(), host, rule.gpus, metrics, rule.labels)


def _read_once(sources: Sequence[LiveSource], clock: Clock, check: Callable[[], None]) -> list[Reading]:
    """Each target once, side by side: a fleet may have hundreds of nodes that are down, each worth seconds.

    Raises Unavailable where none answers, and what ``check`` raises.
    """
    readings: list[Reading] = []
    failures: list[Unavailable] = []
    several = ThreadPoolExecutor(_SIDE_BY_SIDE)
    try:
        asked = [
            (source, target, several.submit(_polled, target, clock)) for source in sources for target in source.targets
        ]
        for source, target, answer in asked:
            while not wait([answer], timeout=_NAP).done:
                check()
            try:
                readings += answer.result()
            except Unavailable as error:
                log.warning("%s", error)
                failures.append(error)
            else:
                for line in source.about(target.name):
                    log.info("%s", line)
    finally:
        several.shutdown(wait=False, cancel_futures=True)
    if failures and not readings:
        raise failures[0]
    return readings


def _polled(target: LiveTarget, clock: Clock) -> Sequence[Reading]:
    # The time is that of the question: with many targets it may have waited for its turn.
    return target.poll(clock.now())


def _send(settings: Settings, name: str, clock: Clock, readings: Sequence[Reading], check: Callable[[], None]) -> None:
    publisher = Publisher(settings, clock, name, check)
    try:
        for reading in readings:
            publisher.report.received += 1
            publisher.send(topics.GPU_METRICS, reading.gpu, encode(reading))
        publisher.flush()
    finally:
        publisher.close(_PATIENCE, LOST)
    log.info("sent readings=%d", len(readings))


def _print(readings: Iterable[Reading], out: BinaryIO) -> None:
    out.writelines(encode(reading) + b"\n" for reading in readings)
    out.flush()


def _print_on(
    sources: Sequence[tuple[LiveSource, int]], clock: Clock, out: BinaryIO, check: Callable[[], None]
) -> None:
    buffer = LiveBuffer(_PRINTED)
    sampling = Sampling(sources, buffer, clock)
    try:
        while True:
            check()
            sampling.check()
            _print(iter(buffer.take, None), out)
            clock.sleep(_NAP)
    finally:
        sampling.stop()
        _print(iter(buffer.take, None), out)


def _collect(
    settings: Settings,
    name: str,
    clock: Clock,
    sources: Sequence[tuple[LiveSource, int]],
    check: Callable[[], None],
) -> None:
    buffer = LiveBuffer(settings.collect_buffer_readings)
    log.info("collecting source=%s", " source=".join(source.name for source, _ in sources))
    sampling = Sampling(sources, buffer, clock)

    def check_both() -> None:
        check()
        sampling.check()

    collect = Collect(settings, clock, name, buffer, sampling, check_both)
    try:
        collect.run()
    except Stopped:
        log.info("asked to stop: what is on its way is finished first")
    finally:
        sampling.stop()
        collect.close(_PATIENCE)


@contextmanager
def _alone(settings: Settings, name: str) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.held(settings.state_dir, name))
        except Rejected as error:
            raise Unavailable(f"another process collects as {name} with STATE_DIR {settings.state_dir}") from error
        yield


def _interval(text: str) -> int:
    try:
        return duration.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {error}") from error
