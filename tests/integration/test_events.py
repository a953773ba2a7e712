"""``kafka-producer events`` into the topic ``gpu-events`` of a real Kafka: killed, read again, and still each once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engines import Kafka
from support.producer_bench import Bench, until
from telemetry import topics
from telemetry.messages import GpuEvent


def line(second: int, said: str) -> str:
    return f"2026-11-20T10:{second // 60:02d}:{second % 60:02d}+0000 xid-node kernel: {said}\n"


def xid(number: int, device: str = "0000:3b:00") -> str:
    return f"NVRM: Xid (PCI:{device}): {number}, pid=7, something"


@pytest.fixture
def bench(kafka: Kafka, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(kafka, tmp_path)
    bench.run("topics")
    yield bench
    bench.end()


def latest(bench: Bench) -> dict[str, GpuEvent]:
    """By id, the message that came last."""
    events = [GpuEvent.decode(raw) for raw in bench.values(topics.GPU_EVENTS)]
    return {event.id: event for event in events if event.host == "xid-node"}


def found(bench: Bench) -> list[tuple[int, str, int, str]]:
    return sorted((each.number, each.device, each.count, each.severity) for each in latest(bench).values())


def test_a_log_that_goes_on_and_is_read_again_gives_each_event_once(bench: Bench, tmp_path: Path) -> None:
    log = tmp_path / "kern.log"
    said = (xid(31), "usb 1-1: new device", xid(31), xid(79, "0000:af:00"))
    log.write_text("".join(line(second, words) for second, words in enumerate(said)))
    process = bench.start("events", log, "--follow")
    expected = [(31, "0000:3b:00", 2, "warning"), (79, "0000:af:00", 1, "critical")]
    until(lambda: found(bench) == expected)
    with log.open("a") as file:
        file.write("".join(line(n, xid(31)) for n in range(60, 160)))
    expected[0] = (31, "0000:3b:00", 102, "warning")
    until(lambda: found(bench) == expected)
    process.kill()
    process.wait()
    with log.open("a") as file:
        file.write(line(1000, xid(31)))
    done = bench.run("events", log)
    assert "event kind=xid number=31" in done.stderr
    expected.insert(0, (31, "0000:3b:00", 1, "warning"))
    until(lambda: found(bench) == expected)
