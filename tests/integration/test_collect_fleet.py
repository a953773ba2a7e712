"""`kafka-producer collect` over a simulated fleet, and servers that misbehave beside it, into a real Kafka."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.dcgm_exporter import Gpu, page, served
from support.engines import Kafka, free_ports
from support.producer_bench import Bench, until
from telemetry import topics
from telemetry.messages import PipelineReport

SECONDS = 2
"""From beat to beat; a question may take five."""
WELL = [f"demo-node-{node}:{gpu}" for node in (1, 2, 3) for gpu in (0, 1)]
BROKEN = ("hangs", "garbage", "endless", "thief")
MODEL = "NVIDIA A100-SXM4-80GB"


class Fleet(Bench):
    """What it makes of Kafka's readings."""

    def beats(self, gpu: str) -> list[int]:
        """The beats at which the GPU's page was asked with success, in their order."""
        return [reading.row // (1000 * SECONDS) for reading in self.readings(gpu)]

    def go_on(self, count: int) -> None:
        """Until every GPU that is well has so many readings more."""
        wanted = {gpu: len(self.beats(gpu)) + count for gpu in WELL}
        until(lambda: all(len(self.beats(gpu)) >= wanted[gpu] for gpu in WELL), 120)

    def told(self) -> PipelineReport | None:
        """The newest of what the collector says of its targets."""
        reports = [PipelineReport.decode(raw) for raw in self.values(topics.GPU_PIPELINE)]
        return next((report for report in reversed(reports) if report.process == "collect-fleet"), None)


@pytest.fixture
def bench(kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    bench = Fleet(kafka, tmp_path)
    bench.run("topics")
    bench.skip()
    yield bench
    bench.end()


def test_peers_17_target_that_hangs_lies_or_restarts_costs_no_other_a_sample(bench: Fleet) -> None:
    well, restarts = free_ports(2)

    def simulate(port: int, nodes: int) -> list[str]:
        fleet = ["--nodes", str(nodes), "--gpus", "2", "--rates", "0", "--listen", f"127.0.0.1:{port}"]
        return ["simulate", "fleet", *fleet]

    with ExitStack() as stack:
        hangs, garbage, endless, thief = (stack.enter_context(served(page([Gpu(0, name)]))) for name in BROKEN)
        pages = [f"http://127.0.0.1:{well}/node-{node}/metrics" for node in (1, 2, 3)]
        pages += [f"http://127.0.0.1:{restarts}/node-4/metrics"]
        pages += [each.url for each in (hangs, garbage, endless, thief)]
        config = bench.state.with_name("fleet.yaml")
        config.write_text(f"collect: [{{source: dcgm, interval: {SECONDS}s, targets: {pages}}}]\n")
        bench.start(*simulate(well, 3))
        first = bench.start(*simulate(restarts, 4))
        collect = bench.start("collect", "--config", config, "--name", "collect-fleet")
        every = [*WELL, "demo-node-4:0", *(f"{name}:0" for name in BROKEN)]
        until(lambda: all(len(bench.beats(gpu)) >= 2 for gpu in every), 120)

        hangs.open.clear()
        garbage.text = "<html>Welcome to nginx!</html>"
        endless.endless = True
        thief.text = page([Gpu(0, "demo-node-1"), Gpu(1, "demo-node-1")])
        first.kill()
        first.wait()
        bench.go_on(4)
        until(lambda: (report := bench.told()) is not None and not report.targets[hangs.url].success)
        before = len(bench.beats("demo-node-4:0"))
        bench.start(*simulate(restarts, 4))
        until(lambda: len(bench.beats("demo-node-4:0")) > before + 1, 120)
        bench.go_on(2)
        until(lambda: (report := bench.told()) is not None and report.targets[pages[3]].success)
        report = bench.told()
        collect.send_signal(signal.SIGTERM)
        _, said = collect.communicate(timeout=60)

    assert collect.returncode == 0
    assert "lost" not in said
    beats = {gpu: bench.beats(gpu) for gpu in WELL}
    # A stop may come between two answers of the last beat.
    last = min(found[-1] for found in beats.values())
    begin = max(found[0] for found in beats.values())
    assert all(
        [beat for beat in found if begin <= beat <= last] == [*range(begin, last + 1)] for found in beats.values()
    )
    # The thief shows GPUs that another page has: none of its values is theirs, and nothing is there twice.
    readings = [reading for gpu in [*WELL, "demo-node-4:0", "demo-node-4:1"] for reading in bench.readings(gpu)]
    assert {reading.model for reading in readings} == {MODEL}
    assert max(Counter((reading.gpu, reading.row) for reading in readings).values()) == 1
    for url, words in (
        (hangs.url, "no answer in time"),
        (garbage.url, "what it answers is no page of dcgm-exporter"),
        (endless.url, "its page "),
        (thief.url, "has no GPU that can be read: demo-node-1:0"),
        (pages[3], "no connection|connection refused"),
    ):
        lines = [line for line in said.splitlines() if f"target={url} " in line and "WARNING" in line]
        assert any(word in line for line in lines for word in words.split("|")), (url, lines)
    assert report is not None
    assert {url for url, scrape in report.targets.items() if not scrape.success} == {
        each.url for each in (hangs, garbage, endless, thief)
    }
    assert all(report.targets[url].success for url in pages[:4])
    assert (report.gauges["targets"], report.gauges["targets_failing"]) == (8, 4)
