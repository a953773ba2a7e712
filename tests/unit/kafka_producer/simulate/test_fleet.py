"""A simulated fleet: physics, jobs, faults and what its pages say, read back by the source that reads real ones."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import RemoteDisconnected
from random import Random

import pytest

from kafka_producer.simulate.demand import IDLE
from kafka_producer.simulate.fleet import page
from kafka_producer.simulate.fleet.cluster import Cluster
from kafka_producer.simulate.fleet.faults import parse
from kafka_producer.simulate.fleet.models import MODELS
from kafka_producer.simulate.fleet.rates import GPU_HOURS, RATES, drawn
from kafka_producer.simulate.fleet.scenarios import SCENARIOS, Scenario
from kafka_producer.simulate.fleet.server import Server
from kafka_producer.sources.dcgm.exporter import Exporter
from kafka_producer.sources.dcgm.fields import METRICS, Generation, field_of, written
from kafka_producer.sources.dcgm.page import parse as read
from kafka_producer.sources.judge import judge
from support.gpuz_logs import REPOSITORY
from telemetry import catalogue
from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import Reading, decode, encode
from telemetry.timestamp import SECOND

CATALOGUE = catalogue.load(REPOSITORY / "config" / "metrics.yaml")
START = 1_795_698_040 * SECOND


def steady(work: float = IDLE.work, memory_used: float = IDLE.memory_used) -> Scenario:
    """Nothing changes."""
    return SCENARIOS["healthy"]._replace(demand=lambda _: IDLE._replace(work=work, memory_used=memory_used))


def fleet(
    scenario: str | Scenario = "healthy",
    *faults: str,
    models: Sequence[str] = ("a100",),
    rates: float = 0.0,
    seed: int = 1,
) -> Cluster:
    """2 nodes x 4 GPUs."""
    story = SCENARIOS[scenario] if isinstance(scenario, str) else scenario
    broken = [parse(each) for each in (*story.faults, *faults)]
    of = [MODELS[each] for each in models]
    return Cluster(of, nodes=2, gpus=4, scenario=story, faults=broken, seed=seed, rates=rates)


def shown(cluster: Cluster, node: int = 0, gpu: int = 0) -> dict[str, float]:
    return cluster.nodes[node].gpus[gpu].metrics()


def all_readings(cluster: Cluster) -> list[Reading]:
    return [each for node in cluster.nodes for each in cluster.readings(node, START + int(cluster.moment * SECOND))]


def test_the_same_seed_makes_the_same_fleet_and_another_one_another() -> None:
    fleets = [fleet(rates=1e6), fleet(rates=1e6), fleet(rates=1e6, seed=2)]
    for each in fleets[1:]:
        each.advance(200)
    # However often it is asked meanwhile.
    for moment in range(0, 201, 3):
        fleets[0].advance(moment)
    fleets[0].advance(200)
    one, same, other = map(all_readings, fleets)
    assert one == same
    assert one != other
    assert fleets[0].faults == fleets[1].faults != fleets[2].faults


@pytest.mark.parametrize("model", MODELS)
def test_values_are_possible_and_follow_the_work(model: str) -> None:
    busy = fleet(steady(1.0, 0.8), models=[model])
    idle = fleet(steady(), models=[model])
    for cluster in (busy, idle):
        cluster.advance(900)
        for each in all_readings(cluster):
            assert judge(dict(each.metrics), CATALOGUE) == {}
            assert decode(encode(each), each.time) == each
    hot, cool = shown(busy), shown(idle)
    assert hot["gpu_load"] > 95 > 5 > cool["gpu_load"]
    assert 1.02 * MODELS[model].card.power_limit > hot["board_power_draw"] > 4 * cool["board_power_draw"]
    assert 55 < hot["gpu_temperature"] < 75
    assert cool["gpu_temperature"] < 50
    assert hot["clocks_event_reasons"] in {0, 4}
    assert cool["clocks_event_reasons"] == 1


@pytest.mark.parametrize("names", ["3", "4.6"])
def test_every_value_of_a_page_comes_back(names: Generation) -> None:
    cluster = fleet(models=["a100", "h100"])
    cluster.advance(120)
    for node in cluster.nodes:
        found = read(page.text(cluster, node, names))
        assert found.unknown == ()
        wanted = list(cluster.readings(node, START))
        assert [part.metrics for part in found.parts] == [
            pytest.approx(dict(each.metrics), rel=1e-12) for each in wanted
        ]
        assert [(f"{part.host}:{part.number}", part.model) for part in found.parts] == [
            (each.gpu, each.model) for each in wanted
        ]
        assert [{"cluster": "demo", "rack": "r1"} | part.labels for part in found.parts] == [
            each.labels for each in wanted
        ]
        assert any("job" in part.labels for part in found.parts)


def test_both_generations_have_a_name_for_all_and_other_names_for_some() -> None:
    of = {
        metric: [written(metric, names) for names in ("3", "4.6")]
        for metric in METRICS
        if not metric.endswith("used_percent")
    }
    for metric, both in of.items():
        for each in both:
            field = field_of(each.name)
            assert field is not None
            assert field.metric == metric
            assert field.value(each.write(50.0)) == pytest.approx(50.0)
    assert of["gpu_temperature"][0].name == "DCGM_FI_DEV_GPU_TEMP"
    assert of["gpu_temperature"][1].name == "DCGM_FI_DEV_GPU_TEMP_CELSIUS"
    assert of["tensor_active"][0].name == "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"
    assert of["pcie_tx"][1].name == "DCGM_FI_PROF_PCIE_TX_BYTES"


def test_the_mocked_cycle_tells_its_story_twice() -> None:
    cluster = fleet("mock")
    story: list[dict[str, float]] = []
    for second in range(1, 601):
        cluster.advance(second)
        story.append(shown(cluster))
    for begin in (0, 300):
        of = story[begin : begin + 300]
        assert all(each["gpu_load"] < 5 for each in of[:59])
        ramp = [each["gpu_load"] for each in of[65:118:10]]
        assert ramp == sorted(ramp)
        assert all(each["sm_active"] > 85 for each in of[125:238])
        assert any(int(each["clocks_event_reasons"]) & 32 for each in of[120:240])
        assert all(int(each["clocks_event_reasons"]) == 1 for each in of[245:295])
        assert of[298]["gpu_temperature"] < of[238]["gpu_temperature"] - 30
    for count, times in ((4, "ecc_corrected_volatile"), (1, "ecc_uncorrected_volatile"), (2, "pcie_replays")):
        assert [story[second][times] for second in (299, 599)] == [count, 2 * count]


def test_a_failing_fan_heats_its_gpu_and_no_other() -> None:
    cluster = fleet("fan-failing")
    hottest: dict[str, float] = {}
    throttled: set[str] = set()
    for second in range(1, 481):
        cluster.advance(second)
        for each in all_readings(cluster):
            heat = each.metrics["gpu_temperature"]
            hottest[each.gpu] = max(hottest.get(each.gpu, 0), heat)
            if int(each.metrics["clocks_event_reasons"]) & 32:
                throttled.add(each.gpu)
                assert second > 120
    assert throttled == {"demo-node-2:3"}
    assert hottest.pop("demo-node-2:3") > 85
    assert all(each < 75 for each in hottest.values())


def test_what_degrades_in_silence_shows_within_the_hour() -> None:
    sick = fleet(steady(work=0.9), "paste:node-1:0@0", "fan-wear:node-1:1@0", "pcie:node-1:2@0")
    well = fleet(steady(work=0.9))
    for cluster in (sick, well):
        cluster.advance(3600)
    for gpu in (0, 1):
        assert shown(sick, 0, gpu)["gpu_temperature"] > shown(well, 0, gpu)["gpu_temperature"] + 4
    assert (shown(sick, 0, 2)["pcie_width"], shown(well, 0, 2)["pcie_width"]) == (4, 16)
    assert shown(sick, 0, 2)["pcie_replays"] > 1000 > 10 > shown(well, 0, 2)["pcie_replays"]
    # What is well behaves as if nothing had been broken beside it.
    assert shown(sick, 1, 3) == shown(well, 1, 3)


def test_a_failing_memory_corrects_first_and_then_cannot() -> None:
    cluster = fleet("healthy", "ecc:node-1:2@60")
    cluster.advance(600)
    before = shown(cluster, 0, 2)
    assert before["ecc_corrected_volatile"] > 10
    assert before["ecc_uncorrected_volatile"] == before["row_remap_pending"] == 0
    cluster.advance(700)
    after = shown(cluster, 0, 2)
    assert after["ecc_uncorrected_volatile"] == after["row_remap_pending"] == after["gpu_recovery_action"] == 1
    assert cluster.nodes[0].gpus[2].xid == 48


def test_what_is_lost_is_not_told_of_and_comes_back() -> None:
    cluster = fleet("healthy", "off-bus:node-1:3@10", "node:node-2@20+10")
    counts = []
    for second in (9, 15, 25, 35):
        cluster.advance(second)
        counts.append(len(all_readings(cluster)))
    assert counts == [8, 7, 3, 7]


def test_jobs_fill_the_fleet_and_never_share_a_gpu() -> None:
    cluster = fleet()
    busy = []
    names = set()
    for hour in range(1, 49):
        cluster.work.advance(3600.0 * hour)
        jobs = list(cluster.work.running())
        slots = [slot for job in jobs for slot in job.slots]
        assert len(slots) == len(set(slots)) == sum(job is not None for job in cluster.work.of_slot)
        assert all(len({slot // 4 for slot in job.slots}) == 1 for job in jobs)
        busy.append(len(slots))
        names |= {job.name for job in jobs}
    assert sum(busy) > 0.5 * 8 * len(busy)
    assert len(names) > 20


def test_faults_come_at_the_published_rates() -> None:
    hours = 1e6
    for model, memory in (("h100", 1.0), ("a100", 1 / 3.2)):
        found = [
            kind for seed in range(2000) for kind, _ in drawn(MODELS[model], Random(f"{seed}"), 1.0, 3600 * hours / 100)
        ]
        for rate in RATES:
            expected = 2000 * hours / 100 * rate.seen / GPU_HOURS * (memory if rate.is_of_memory else 1.0)
            assert abs(found.count(rate.fault) - expected) < 5 * expected**0.5 + 5
    assert {kind for seed in range(500) for kind, _ in drawn(MODELS["rtx-4090"], Random(seed), 1e4, 1e7)} == {
        "off-bus",
        "gsp",
    }
    assert list(drawn(MODELS["h100"], Random(1), 0.0, 1e12)) == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_fits_the_fleet_that_is_shown_by_default(scenario: str) -> None:
    story = SCENARIOS[scenario]
    Cluster([MODELS["a100"]], nodes=2, gpus=8, scenario=story, faults=[parse(each) for each in story.faults])


def test_a_fault_of_what_is_not_there_is_said() -> None:
    with pytest.raises(Misconfigured, match="GPUs 0 to 3"):
        fleet("healthy", "fan:node-2:4@1")


def test_pages_are_served_by_path_and_a_node_that_is_away_says_nothing() -> None:
    cluster = fleet("healthy", "node:node-2@20")
    server = Server(cluster, "3", "127.0.0.1", 0)
    try:
        server.advance(10)
        targets = [f"{server.address}/node-{number}/metrics" for number in (1, 2)]
        with urllib.request.urlopen(f"{server.address}/") as answer:
            assert answer.read().decode().split() == targets
        exporters = [Exporter(each, 5 * SECOND, CATALOGUE, {}, {"rack": "r1"}) for each in targets]
        found = [exporter.poll(START) for exporter in exporters]
        assert [[each.gpu for each in part] for part in found] == [
            [f"demo-node-{node}:{gpu}" for gpu in range(4)] for node in (1, 2)
        ]
        assert {(each.mode, each.labels["rack"]) for part in found for each in part} == {("demo", "r1")}
        with urllib.request.urlopen(f"{server.address}/metrics") as first:
            assert 'Hostname="demo-node-1"' in first.read().decode()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{server.address}/node-3/metrics")
        server.advance(30)
        with pytest.raises((RemoteDisconnected, ConnectionError)):
            urllib.request.urlopen(targets[1])
        with pytest.raises(Unavailable, match="no connection"):
            exporters[1].poll(START + SECOND)
        assert len(exporters[0].poll(START + SECOND)) == 4
        for exporter in exporters:
            exporter.close()
        with pytest.raises(Misconfigured, match="--listen"):
            Server(cluster, "3", "127.0.0.1", int(server.address.rpartition(":")[2]))
    finally:
        server.close()


def test_the_scheduler_speaks_of_no_gpu() -> None:
    """Queue depth and batch time stand on the page for people; a collector passes over them."""
    cluster = fleet()
    cluster.advance(10)
    text = page.text(cluster, cluster.nodes[0], "3")
    assert "gpustream_queue_depth{queue=" in text
    assert "gpustream_batch_seconds{hpc_job=" in text
    assert not [name for name in read(text).unknown if "gpustream" in name]
