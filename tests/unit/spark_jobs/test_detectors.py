"""Each simulated fault is found with the right kind; healthy cards are left in peace; one judge of limits."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC

import pytest

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.scenarios import SCENARIOS
from spark_jobs.detectors import findings
from spark_jobs.detectors.changes import Episode
from spark_jobs.detectors.of_windows import Usual
from spark_jobs.detectors.sentences import sentence
from spark_jobs.evaluation import in_memory
from support.detecting import CATALOGUE, SECONDS, START, detected, simulated, told
from support.readings import made_up
from telemetry.catalogue import Metric
from telemetry.reading import IMPLAUSIBLE, Reading
from telemetry.timestamp import SECOND, parse_time

pytestmark = pytest.mark.timeout(900)
DAY = 86_400
HOUR = 3600
BEGIN = parse_time(f"{START.isoformat()}Z")
FAULTS = {
    "failing-fan": (360, 1),
    "dried-paste": (7 * HOUR, 5),
    "power-limit": (3000, 2),
    "stuck-sensor": (4800, 2),
    "single-spike": (1200, 1),
    "thermal-throttling": (1200, 1),
}
"""Scenario -> seconds, and seconds from row to row."""
HEALTHY = [f"healthy-{card}:0" for card in CARDS]


def own_baselines(readings: list[Reading]) -> dict[tuple[str, str, str], Usual]:
    return in_memory.baselines(readings, CATALOGUE, SECONDS)


@pytest.fixture(scope="module")
def logs() -> dict[str, list[Reading]]:
    return {
        name: simulated(name, seconds=seconds, interval=interval, gpu=f"{name}:0")
        for name, (seconds, interval) in FAULTS.items()
    }


@pytest.fixture(scope="module")
def found(logs: dict[str, list[Reading]]) -> dict[str, list[Episode]]:
    """GPU -> its anomalies: all faults and a healthy day of every card, judged at once as one fleet."""
    fleet = [reading for log in logs.values() for reading in log]
    paste = logs["dried-paste"]
    known = own_baselines([each for each in paste if each.time < BEGIN + 3 * HOUR * SECOND])
    for number, card in enumerate(CARDS):
        gpu = f"healthy-{card}:0"
        fleet += simulated("healthy-day", card, seconds=DAY, interval=5, seed=number + 3, gpu=gpu)
        # Of another day than the one that is judged; one card is new and has none.
        if card != "rtx-4090":
            known |= own_baselines(simulated("healthy-day", card, seconds=DAY, interval=5, seed=number + 30, gpu=gpu))
    of_gpu: dict[str, list[Episode]] = defaultdict(list)
    for anomaly in detected(fleet, known):
        of_gpu[anomaly.gpu].append(anomaly)
    return of_gpu


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found_with_the_right_kind_and_nothing_before_it(
    name: str, logs: dict[str, list[Reading]], found: dict[str, list[Episode]]
) -> None:
    anomalies = found[f"{name}:0"]
    log = logs[name]
    truth = SCENARIOS[name].truth((log[-1].time - log[0].time) / SECOND)
    assert truth
    said = {(each.kind, each.metric) for each in anomalies}
    # The core of a card with dried paste follows its hot spot hours later.
    sooner = {(each.kind, each.metric) for each in truth} - {(findings.HOT, "gpu_temperature")}
    assert sooner <= said
    first = BEGIN + int(min(each.begin for each in truth) * SECOND) - SECONDS * SECOND
    assert [told(each) for each in anomalies if each.rank and each.start < first] == []


def test_words_say_what_is_wrong(found: dict[str, list[Episode]]) -> None:
    def words(name: str, kind: str) -> str:
        return next(sentence(each, CATALOGUE, UTC) for each in found[f"{name}:0"] if each.kind == kind and not (
            kind == findings.LIMIT and each.rank == 0))  # fmt: skip

    assert words("failing-fan", findings.LIMIT).startswith("GPU temperature above 95 °C for ")
    assert "clocks back (thermal limit)" in words("failing-fan", findings.THROTTLE)
    assert "usual at this load" in words("dried-paste", findings.HOT)
    assert "dried" in words("dried-paste", findings.HOT)
    assert "clocks back (power limit) for 30 min from 00:20" in words("power-limit", findings.THROTTLE)
    assert "stood still" in words("stuck-sensor", findings.STUCK)
    assert "GPU temperature jumped by 36." in words("single-spike", findings.RATE)


@pytest.mark.parametrize("gpu", HEALTHY)
def test_healthy_day_has_no_false_anomaly(gpu: str, found: dict[str, list[Episode]]) -> None:
    # What is worth knowing and no fault (a card at full load) is apart, and there is little of it.
    assert [told(each) for each in found[gpu] if each.rank > 0] == []
    assert len(found[gpu]) <= 20


LIMITED = [each for each in CATALOGUE if each.limits]


def beyond(metric: Metric) -> tuple[float, float]:
    """The first level of a metric, and a value just beyond it."""
    limits = metric.limits
    assert limits is not None
    level = limits.warning if limits.warning is not None else limits.critical
    assert level is not None
    return level, level + 0.01 if limits.direction == "above" else level - 0.01


@pytest.fixture(scope="module")
def replayed() -> dict[str, list[Episode]]:
    """Metric -> the anomalies of a log in which it alone goes to its level, over it, and back."""
    readings: list[Reading] = []
    for metric in LIMITED:
        level, over = beyond(metric)
        for row, value in enumerate([level, level, over, over, level]):
            gpu = f"{metric.name.replace('_', '-')}:0"
            readings.append(made_up(row, BEGIN + row * SECOND, mode="import", gpu=gpu, metrics={metric.name: value}))
    of_metric: dict[str, list[Episode]] = defaultdict(list)
    for anomaly in detected(readings):
        of_metric[anomaly.gpu.removesuffix(":0").replace("-", "_")].append(anomaly)
    return of_metric


@pytest.mark.parametrize("metric", LIMITED, ids=lambda metric: metric.name)
def test_every_limit_makes_an_anomaly(metric: Metric, replayed: dict[str, list[Episode]]) -> None:
    (anomaly,) = replayed[metric.name]
    assert metric.limits is not None
    assert (anomaly.kind, anomaly.metric, anomaly.limit, anomaly.value) == ("limit", metric.name, *beyond(metric))
    assert (anomaly.start - BEGIN, anomaly.end - BEGIN) == (2 * SECOND, 3 * SECOND)
    severity = "info" if metric.limits.expected else "critical" if metric.limits.warning is None else "warning"
    assert anomaly.rank == findings.RANKS[severity]


def test_implausible_value_is_an_anomaly_of_its_metric() -> None:
    readings = [made_up(row, BEGIN + row * SECOND, mode="import", metrics={"gpu_load": 5.0}) for row in range(4)]
    readings[2] = readings[2]._replace(flags={"hot_spot_temperature": IMPLAUSIBLE, "gpu_voltage": "failed_read"})
    (anomaly,) = detected(readings)
    assert (anomaly.kind, anomaly.metric, anomaly.rank) == ("implausible", "hot_spot_temperature", 1)


def test_level_shift_at_equal_load_is_found_and_a_ramp_of_the_load_is_none() -> None:
    def log(gpu: str, load: float) -> list[Reading]:
        return [
            made_up(row, BEGIN + 10 * row * SECOND, mode="import", gpu=gpu,
                    metrics={"gpu_load": 60.0 if row < 60 else load, "pcie_slot_voltage": 12.1 if row < 60 else 11.8})
            for row in range(120)
        ]  # fmt: skip

    (anomaly,) = detected([*log("steady:0", 60.0), *log("busier:0", 90.0)])
    assert (anomaly.gpu, anomaly.kind, anomaly.metric) == ("steady:0", "level_shift", "pcie_slot_voltage")
    assert (anomaly.limit, anomaly.value) == pytest.approx((12.1, 11.8))
    assert abs(anomaly.start - BEGIN - 600 * SECOND) <= SECONDS * SECOND
