"""The command ``events``: Xid and SXid messages of a kernel log to Kafka, as events."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from kafka_producer import replay_options
from kafka_producer.due import is_due
from kafka_producer.host import host_name
from kafka_producer.kernel_log import KernelLog
from kafka_producer.publish import Publisher, Stopped
from kafka_producer.sources.xid.bursts import Bursts
from kafka_producer.sources.xid.kernel_line import Untimed, message_of, uuid_of
from kafka_producer.stop_request import StopRequest
from telemetry import topics, xid
from telemetry.clock import Clock, SystemClock
from telemetry.messages import GpuEvent
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)

DESCRIPTION = """Reads a kernel log and sends what NVIDIA's drivers say of faults there (Xid, SXid) as events to the
topic gpu-events: a burst is one event, with its first moment, its last and a count."""
EXAMPLES = """examples:
  journalctl -k -f -n all -o short-iso | kafka-producer events -      this machine, from its start on and for ever
  kafka-producer events /var/log/kern.log --follow
  kafka-producer events /dev/kmsg --follow
  kafka-producer events dmesg.txt --host node-7 --dry-run             dmesg -T of another machine, as JSON

The same log read again gives the same events, so nothing counts twice. config/xid.yaml says what a number means
(docs/recipes/xid.md).
"""
NAME = "events"
_PATIENCE = 0.5
_EVERY = 5 * SECOND
"""A burst that goes on is told again so often at the most."""
_STAT = Path("/proc/stat")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", metavar="LOG", help="a file, /dev/kmsg, or - for standard input")
    parser.add_argument("--follow", action="store_true", help="wait for more, for ever; a rotated file is read anew")
    parser.add_argument("--host", help="where the lines name none (default: this machine)")
    parser.add_argument(
        "--gpu", action="append", default=[], type=_device, metavar="PCI=INDEX", help="such as 0000:3b:00=0; repeatable"
    )
    parser.add_argument("--timezone", type=replay_options.zone, help="of times without a zone (default: TIME_ZONE)")
    parser.add_argument("--dry-run", action="store_true", help="events as JSON lines on stdout; needs no Kafka")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Until the log ends or somebody asks it to stop. Raises Misconfigured, Rejected."""
    stop = StopRequest()
    clock = SystemClock()
    bursts = Bursts(xid.load(settings.config_dir), options.host or host_name(), dict(options.gpu))
    zone = options.timezone or ZoneInfo(settings.time_zone)
    # Seconds since the start of a machine say when only on that machine.
    booted = booted_at() if options.host in {None, host_name()} else None
    source = KernelLog(options.log, follow=options.follow)
    if options.dry_run:
        with suppress(Stopped):
            _read(source, bursts, zone, booted, clock, _print, stop.check)
        return stop.exit_status()
    with suppress(Stopped):
        publisher = Publisher(settings, clock, NAME, stop.check)
        try:
            _read(source, bursts, zone, booted, clock, lambda event: _send(publisher, event), publisher.tend)
            publisher.flush()
        finally:
            publisher.close()
    return stop.exit_status()


def booted_at(path: Path = _STAT) -> int | None:
    """When this machine started, microseconds UTC, by /proc/stat; None where that does not say."""
    with suppress(OSError, ValueError, StopIteration):
        return int(next(x.split()[1] for x in path.read_text().splitlines() if x.startswith("btime "))) * SECOND
    return None


def _read(
    source: KernelLog,
    bursts: Bursts,
    zone: ZoneInfo,
    booted: int | None,
    clock: Clock,
    tell: Callable[[GpuEvent], None],
    tend: Callable[[], None],
) -> None:
    untimed, due = 0, 0
    while not source.is_over:
        lines = source.take(_PATIENCE)
        now = clock.now()
        for line in lines:
            if (found := uuid_of(line)) is not None:
                bursts.uuids[found[0]] = found[1]
            message = message_of(line, zone, now, booted)
            if isinstance(message, Untimed):
                untimed += 1
                if untimed == 1:
                    log.warning("left out line=%r: %s", line[:120], message.why)
            elif message is not None:
                bursts.add(message)
        if not lines or source.is_over:
            # A quiet moment: what came is told at once, a burst that goes on now and then.
            due = 0
        if is_due(now, due, _EVERY):
            for event in bursts.changed(now):
                tell(event)
            due = now + _EVERY
        tend()
    if untimed:
        log.warning("left out lines=%d that say not when they were written", untimed)


def _send(publisher: Publisher, event: GpuEvent) -> None:
    publisher.report.received += 1
    publisher.send(topics.GPU_EVENTS, f"{event.host}/{event.device}", event.encode())
    log.info(
        "event kind=%s number=%d host=%s device=%s count=%d severity=%s action=%s name=%r",
        *(event.kind, event.number, event.host, event.device, event.count, event.severity, event.action, event.name),
    )


def _print(event: GpuEvent) -> None:
    sys.stdout.write(event.encode().decode() + "\n")
    sys.stdout.flush()


def _device(text: str) -> tuple[str, str]:
    device, _, index = text.partition("=")
    if not device or not index.isdecimal():
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a PCI address and an index such as 0000:3b:00=0")
    return device.lower(), index
