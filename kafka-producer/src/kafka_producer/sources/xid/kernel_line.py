"""One line of the kernel's log, in any of the ways in which it is kept, to the Xid or SXid that it tells of.

``journalctl -k -o short-iso`` (and ``short-iso-precise``, ``short``), /var/log/kern.log and messages, old and new
style, ``dmesg`` and ``dmesg -T``, /dev/kmsg.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from telemetry.timestamp import EPOCH, SECOND

_XID = re.compile(r"NVRM: Xid \((?:PCI:)?(?P<device>[0-9a-fA-F:.]{4,20})\): (?P<number>\d{1,6})(?:, (?P<text>.*))?")
_SXID = re.compile(
    r"nvidia-nvswitch\d*: SXid \((?:PCI:)?(?P<device>[0-9a-fA-F:.]{4,20})\): (?P<number>\d{1,6})(?:, (?P<text>.*))?"
)
_UUID = re.compile(r"NVRM: GPU at (?:PCI:)?(?P<device>[0-9a-fA-F:.]{4,20}): (?P<uuid>GPU-[0-9a-f-]{36})")

_ISO = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)? (?P<host>\S+) "
)
_SYSLOG = re.compile(r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) ")
_HUMAN = re.compile(r"(?:<\d+>)?\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ")
_SINCE_BOOT = re.compile(r"(?:<\d+>)?\[ *(?P<seconds>\d{1,10}\.\d{6})\] ")
_KMSG = re.compile(r"\d+,\d+,(?P<micros>\d{1,16}),[^;]*;")
_LONGEST_TEXT = 500


class KernelMessage(NamedTuple):
    """An Xid of a GPU, or an SXid of an NVSwitch."""

    kind: Literal["xid", "sxid"]
    number: int
    device: str
    """PCI address in small letters, as the driver writes it."""
    time: int
    """Microseconds UTC."""
    host: str | None
    """None where the line does not say it."""
    text: str


class Untimed(NamedTuple):
    """A message whose time cannot be known."""

    why: str


def message_of(line: str, zone: tzinfo, now: int, booted: int | None) -> KernelMessage | Untimed | None:
    """The message of a line; None where it tells of no Xid.

    ``zone`` is that of times without one; ``now`` and ``booted`` are in microseconds UTC, ``booted`` None where another
    machine wrote the log.
    """
    kind: Literal["xid", "sxid"]
    if (match := _XID.search(line)) is not None:
        kind = "xid"
    elif (match := _SXID.search(line)) is not None:
        kind = "sxid"
    else:
        return None
    time, host = _stamp_of(line, zone, now, booted)
    if time is None:
        return Untimed("no time that is known stands before it")
    text = "".join(each if each.isprintable() else " " for each in (match["text"] or "").strip())[:_LONGEST_TEXT]
    return KernelMessage(kind, int(match["number"]), match["device"].lower(), time, host, text)


def uuid_of(line: str) -> tuple[str, str] | None:
    """(device, UUID of the GPU there) of the line by which the driver introduces the first Xid of a GPU."""
    match = _UUID.search(line)
    return (match["device"].lower(), match["uuid"]) if match is not None else None


def _stamp_of(line: str, zone: tzinfo, now: int, booted: int | None) -> tuple[int | None, str | None]:
    try:
        if match := _ISO.match(line):
            at = datetime.fromisoformat(match["time"])
            given = match["zone"]
            at = datetime.fromisoformat(f"{at.isoformat()}{given}") if given else at.replace(tzinfo=zone)
            return _micros(at) + int((match["fraction"] or "").ljust(6, "0")[:6] or 0), match["host"]
        if match := _SYSLOG.match(line):
            return _latest_year(match["time"], zone, now), match["host"]
        if match := _HUMAN.match(line):
            return _micros(datetime.strptime(match["time"], "%a %b %d %H:%M:%S %Y").replace(tzinfo=zone)), None
    except (ValueError, OverflowError):
        return None, None
    if booted is not None and (match := _SINCE_BOOT.match(line)):
        whole, _, part = match["seconds"].partition(".")
        return booted + int(whole) * SECOND + int(part), None
    if booted is not None and (match := _KMSG.match(line)):
        return booted + int(match["micros"]), None
    return None, None


def _latest_year(text: str, zone: tzinfo, now: int) -> int | None:
    """Syslog's old style names no year: the newest one in which the moment does not lie ahead by more than a day."""
    this = (EPOCH + timedelta(microseconds=now)).astimezone(zone).year
    for year in range(this + 1, this - 5, -1):  # five, because not every year has a 29th of February
        try:
            at = _micros(datetime.strptime(f"{year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone))
        except ValueError:
            continue
        if at <= now + 86_400 * SECOND:
            return at
    return None


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
