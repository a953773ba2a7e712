"""Lines of kernel logs, in the spellings of the drivers and of the programs that keep them, to events."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kafka_producer.kernel_log import KernelLog
from kafka_producer.main import main
from kafka_producer.sources.xid.bursts import Bursts
from kafka_producer.sources.xid.kernel_line import KernelMessage, Untimed, message_of, uuid_of
from support.gpuz_logs import REPOSITORY
from telemetry import xid
from telemetry.errors import Rejected
from telemetry.messages import GpuEvent
from telemetry.timestamp import SECOND, format_time, parse_time

NOW = parse_time("2026-11-27T12:00:00Z")
BOOT = parse_time("2026-11-27T10:00:00Z")
BERLIN = ZoneInfo("Europe/Berlin")
SAID = "NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python, GPU has fallen off the bus."

STAMPS = [
    ("2026-11-27T11:07:16+0000 node-1 kernel: ", "2026-11-27T11:07:16.000Z", "node-1"),
    ("2026-11-27T12:07:16+01:00 node-1 kernel: ", "2026-11-27T11:07:16.000Z", "node-1"),
    ("2026-11-27T11:07:16.250000Z node-1 kernel: [ 123.456789] ", "2026-11-27T11:07:16.250Z", "node-1"),
    ("2026-11-27T12:07:16.250001+01:00 node-1 kernel: ", "2026-11-27T11:07:16.250001Z", "node-1"),
    ("Nov 27 12:07:16 node-1 kernel: [  123.456789] ", "2026-11-27T11:07:16.000Z", "node-1"),
    ("Nov  7 12:07:16 node-1 kernel: ", "2026-11-07T11:07:16.000Z", "node-1"),
    ("Dec 31 12:07:16 node-1 kernel: ", "2025-12-31T11:07:16.000Z", "node-1"),
    ("Feb 29 12:07:16 node-1 kernel: ", "2024-02-29T11:07:16.000Z", "node-1"),
    ("[Fri Nov 27 12:07:16 2026] ", "2026-11-27T11:07:16.000Z", None),
    ("[ 4036.250000] ", "2026-11-27T11:07:16.250Z", None),
    ("<6>[ 4036.250000] ", "2026-11-27T11:07:16.250Z", None),
    ("6,1234,4036250000,-;", "2026-11-27T11:07:16.250Z", None),
    ("6,1234,4036250000,-,caller=T1;", "2026-11-27T11:07:16.250Z", None),
]


@pytest.mark.parametrize(("stamp", "moment", "host"), STAMPS)
def test_every_log_of_the_kernel_says_when(stamp: str, moment: str, host: str | None) -> None:
    message = message_of(stamp + SAID, BERLIN, NOW, BOOT)
    assert isinstance(message, KernelMessage)
    assert (format_time(message.time), message.host) == (moment, host)
    assert (message.kind, message.number, message.device) == ("xid", 79, "0000:3b:00")
    assert message.text == "pid=1234, name=python, GPU has fallen off the bus."


MESSAGES = [
    (SAID, ("xid", 79, "0000:3b:00")),
    ("NVRM: Xid (PCI:0000:AF:00): 31, Ch 00000010, intr 10000000. MMU Fault", ("xid", 31, "0000:af:00")),
    ("NVRM: Xid (0000:03:00): 13, 0002 00000000", ("xid", 13, "0000:03:00")),
    ("NVRM: Xid (PCI:0000:3b:00): 8", ("xid", 8, "0000:3b:00")),
    ("nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 12028, Non-fatal, Link 32 egress", ("sxid", 12028, "0000:c1:00.0")),
    ("NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.54.15", None),
    ("NVRM: GPU at PCI:0000:3b:00: GPU-01234567-89ab-cdef-0123-456789abcdef", None),
    ("NVRM: Xid (PCI:0000:3b:00): many", None),
    ("Xid is a word", None),
    ("", None),
]


@pytest.mark.parametrize(("said", "found"), MESSAGES)
def test_what_the_drivers_say(said: str, found: tuple[str, int, str] | None) -> None:
    message = message_of(f"2026-11-27T11:07:16+0000 node-1 kernel: {said}", BERLIN, NOW, None)
    assert (message if message is None else message[:3]) == found


@pytest.mark.parametrize(
    "line", [SAID, f"[ 12.000000] {SAID}", f"6,1,2,-;{SAID}", f"Xyz 99 12:07:16 node-1 kernel: {SAID}"]
)
def test_a_line_without_a_time_that_is_known_is_told_apart(line: str) -> None:
    assert isinstance(message_of(line, BERLIN, NOW, None), Untimed)


def test_the_driver_introduces_a_gpu_by_its_uuid() -> None:
    line = "Nov 27 12:07:16 n kernel: NVRM: GPU at PCI:0000:3B:00: GPU-01234567-89ab-cdef-0123-456789abcdef"
    assert uuid_of(line) == ("0000:3b:00", "GPU-01234567-89ab-cdef-0123-456789abcdef")


def bursts() -> Bursts:
    return Bursts(xid.load(REPOSITORY / "config"), "here", {"0000:3b:00": "0"})


def at(second: float, number: int = 31, device: str = "0000:3b:00", host: str | None = None) -> KernelMessage:
    return KernelMessage("xid", number, device, BOOT + int(second * SECOND), host, f"at {second}")


def spans(events: list[GpuEvent]) -> list[tuple[int, float, float, int]]:
    times = [((parse_time(each.first) - BOOT) / SECOND, (parse_time(each.last) - BOOT) / SECOND) for each in events]
    return [(each.number, *time, each.count) for each, time in zip(events, times, strict=True)]


BURSTS: list[tuple[list[KernelMessage], list[tuple[int, float, float, int]]]] = [
    ([at(0)], [(31, 0, 0, 1)]),
    ([at(0), at(10), at(20)], [(31, 0, 20, 3)]),
    ([at(0), at(180), at(360)], [(31, 0, 360, 3)]),
    ([at(0), at(180.1)], [(31, 0, 0, 1), (31, 180.1, 180.1, 1)]),
    ([at(0), at(1, 13), at(2)], [(31, 0, 2, 2), (13, 1, 1, 1)]),
    ([at(0), at(1, device="0000:af:00")], [(31, 0, 0, 1), (31, 1, 1, 1)]),
    ([at(0), at(1, host="there")], [(31, 0, 0, 1), (31, 1, 1, 1)]),
    ([at(100), at(90), at(110)], [(31, 100, 110, 3)]),
    ([at(n / 10) for n in range(1000)], [(31, 0, 99.9, 1000)]),
]


@pytest.mark.parametrize(("messages", "events"), BURSTS)
def test_a_burst_is_one_event(messages: list[KernelMessage], events: list[tuple[int, float, float, int]]) -> None:
    found = bursts()
    for message in messages:
        found.add(message)
    assert spans(list(found.changed(NOW))) == events


def test_only_what_is_new_is_told_again() -> None:
    found = bursts()
    found.add(at(0))
    found.add(at(1, 13))
    first, _ = found.changed(NOW)
    assert list(found.changed(NOW)) == []
    found.add(at(5))
    (again,) = found.changed(NOW)
    assert (again.id, again.first, again.count) == (first.id, first.first, 2)


def test_the_same_log_gives_the_same_events_in_whatever_pieces_it_is_read() -> None:
    messages = [at(n * 50, number=(31, 13)[n % 2]) for n in range(40)] + [at(5000), at(5001)]
    whole, pieces = bursts(), bursts()
    latest: dict[str, GpuEvent] = {}
    for message in messages:
        whole.add(message)
        pieces.add(message)
        latest |= {event.id: event for event in pieces.changed(NOW)}
    assert {event.id: event for event in whole.changed(NOW)} == latest


def test_an_event_says_what_it_means_and_whose_it_is() -> None:
    found = bursts()
    found.uuids["0000:3b:00"] = "GPU-0"
    found.add(at(7190, 79))
    (event,) = found.changed(NOW)
    assert (event.gpu, event.host, event.uuid, event.mode) == ("here:0", "here", "GPU-0", "live")
    assert (event.name, event.action, event.severity) == ("GPU fell off the bus", "reboot", "critical")
    assert GpuEvent.decode(event.encode()) == event


@pytest.mark.parametrize(
    ("text", "severity"), [("Fatal, Link 32 timeout", "critical"), ("Non-fatal, Link 32 egress", "warning")]
)
def test_an_error_of_a_switch_is_as_bad_as_the_driver_says(text: str, severity: str) -> None:
    found = bursts()
    found.add(KernelMessage("sxid", 12028, "0000:c1:00.0", NOW, "n", text))
    (event,) = found.changed(NOW)
    assert (event.severity, event.gpu) == (severity, None)


LOG = "".join(
    f"2026-11-27T10:00:{second:02d}+0000 node-1 kernel: {said}\n"
    for second, said in enumerate([SAID, "usb 1-1: new device", SAID, "NVRM: Xid (PCI:0000:3b:00): 45, pid=1"])
)


def events_of(*words: str, given: str = "") -> list[GpuEvent]:
    command = [str(Path(sys.executable).with_name("kafka-producer")), "events", *words, "--dry-run"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=REPOSITORY, check=True)
    return [GpuEvent.decode(line.encode()) for line in done.stdout.splitlines()]


def test_the_command_prints_the_events_of_a_file_and_of_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "kern.log"
    path.write_text(LOG)
    events = events_of(str(path), "--gpu", "0000:3B:00=2")
    assert [(each.number, each.count, each.host, each.gpu) for each in events] == [
        (79, 2, "node-1", "node-1:2"),
        (45, 1, "node-1", "node-1:2"),
    ]
    assert [each.id for each in events_of("-", given=LOG)] == [each.id for each in events]


def test_a_missing_log_is_told_in_one_line() -> None:
    command = [str(Path(sys.executable).with_name("kafka-producer")), "events", "/no/such.log", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert json.dumps(done.stderr.strip())[1:-1] == (
        "kafka-producer: unreadable: /no/such.log: No such file or directory"
    )


def test_a_zone_that_is_none_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["events", "kern.log", "--timezone", "Mars"])
    assert end.value.code == 2
    assert "found 'Mars', expected a zone such as Europe/Berlin or UTC" in capsys.readouterr().err


def test_a_log_that_is_rotated_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "kern.log"
    path.write_bytes(b"one\ntwo")
    log = KernelLog(str(path), follow=True)
    seen: list[str] = []

    def until(wanted: list[str]) -> None:
        deadline = time.monotonic() + 30
        while seen != wanted:
            assert time.monotonic() < deadline, seen
            seen.extend(log.take(0.1))

    until(["one"])
    with path.open("ab") as file:
        file.write(b" and a half\n")
    until(["one", "two and a half"])
    path.rename(tmp_path / "kern.log.1")
    path.write_bytes(b"\xffthree\n")
    until(["one", "two and a half", "\ufffdthree"])


class Rotated:
    """A kernel log that is followed, and rotated as logrotate and rsyslog do it: the old file is written on for a
    while."""

    def __init__(self, directory: Path) -> None:
        self.path, self.old = directory / "kern.log", directory / "kern.log.1"
        self.path.write_bytes(b"one\n")
        self.log = KernelLog(str(self.path), follow=True)
        self.seen: list[str] = []
        self.until(["one"])

    def until(self, wanted: list[str]) -> None:
        deadline = time.monotonic() + 30
        while self.seen != wanted:
            assert time.monotonic() < deadline, self.seen
            self.seen.extend(self.log.take(0.1))


@pytest.fixture
def rotated(tmp_path: Path) -> Rotated:
    return Rotated(tmp_path)


def append(path: Path, raw: bytes) -> None:
    with path.open("ab") as file:
        file.write(raw)


def test_lines_written_right_before_a_rotation_are_read(rotated: Rotated) -> None:
    append(rotated.path, b"two\nthr")
    rotated.until(["one", "two"])
    append(rotated.path, b"ee\nfour\nfi")
    rotated.path.rename(rotated.old)
    rotated.path.write_bytes(b"six\n")
    append(rotated.old, b"ve")
    rotated.until(["one", "two", "three", "four", "five", "six"])


def test_lines_that_still_go_into_the_old_file_are_read(rotated: Rotated, monkeypatch: pytest.MonkeyPatch) -> None:
    rotated.path.rename(rotated.old)
    rotated.path.write_bytes(b"")
    looks, stat = [], Path.stat

    def counted(path: Path, *given: Any, **named: Any) -> Any:
        found = stat(path, *given, **named)
        if path == rotated.path:
            looks.append(path)
        return found

    monkeypatch.setattr(Path, "stat", counted)
    deadline = time.monotonic() + 30
    while len(looks) < 3:  # it has seen the new file, and what comes of that
        assert time.monotonic() < deadline
        rotated.log.take(0.1)
    append(rotated.old, b"two\n")
    rotated.until(["one", "two"])
    append(rotated.path, b"three\n")
    rotated.until(["one", "two", "three"])


def test_a_log_that_is_gone_again_is_waited_for(rotated: Rotated, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, opened = [FileNotFoundError(2, "No such file or directory")], Path.open

    def once_gone(path: Path, *arguments: Any, **named: Any) -> Any:
        if gone and path == rotated.path and arguments == ("rb",):
            raise gone.pop()
        return opened(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", once_gone)
    rotated.path.rename(rotated.old)
    append(rotated.path, b"two\n")
    rotated.until(["one", "two"])
    assert not gone


def test_a_log_that_is_emptied_is_read_from_its_start(rotated: Rotated) -> None:
    with rotated.path.open("r+b") as file:
        file.truncate()
    append(rotated.path, b"2\n")
    rotated.until(["one", "2"])


def test_what_cannot_be_read_is_said() -> None:
    log = KernelLog("/proc/self/mem", follow=False)
    with pytest.raises(Rejected, match="unreadable"):
        log.take(30)
