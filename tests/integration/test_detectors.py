"""Each simulated fault is found with the right kind; healthy cards are left in peace; one judge of limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC
from statistics import median

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.scenarios import SCENARIOS
from spark_jobs.detectors import findings
from spark_jobs.detectors.changes import Episode
from spark_jobs.detectors.of_readings import crossed, severity_rank
from spark_jobs.detectors.sentences import sentence
from spark_jobs.transforms.enrich import DERIVED, enriched
from support.detecting import CATALOGUE, SECONDS, START, baselines, detected, frame_of, simulated, told
from support.readings import made_up
from telemetry.catalogue import Metric
from telemetry.detection import LOWEST_LOAD
from telemetry.reading import IMPLAUSIBLE, Reading
from telemetry.timestamp import SECOND, parse_time

pytestmark = pytest.mark.timeout(900)
DAY = 86_400
HOUR = 3600
BEGIN = parse_time(f"{START.isoformat()}Z")
FAULTS = {
    "failing-fan": simulated("failing-fan", seconds=360, gpu="failing-fan:0"),
    "dried-paste": simulated("dried-paste", seconds=7 * HOUR, interval=5, gpu="dried-paste:0"),
    "power-limit": simulated("power-limit", seconds=3000, interval=2, gpu="power-limit:0"),
    "stuck-sensor": simulated("stuck-sensor", seconds=4800, interval=2, gpu="stuck-sensor:0"),
    "single-spike": simulated("single-spike", seconds=1200, gpu="single-spike:0"),
}
HEALTHY = [f"healthy-{card}:0" for card in CARDS]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    session = SparkSession.builder.appName("detectors").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


def own_baselines(readings: list[Reading]) -> Iterator[tuple[str, str, str, float, float]]:
    """As the nightly batch makes them: median and MAD of the windows' averages per metric and load band."""
    windows: dict[tuple[str, int], list[Reading]] = defaultdict(list)
    for reading in readings:
        windows[reading.gpu, reading.time // (SECONDS * SECOND)].append(reading)
    averages: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for (gpu, _), rows in windows.items():
        load = sum(row.metrics["gpu_load"] for row in rows) / len(rows)
        band = max((lowest, name) for name, lowest in LOWEST_LOAD.items() if load >= lowest)[1]
        for name in ("gpu_temperature", "hot_spot_temperature", "memory_temperature"):
            if values := [row.metrics[name] for row in rows if name in row.metrics]:
                averages[gpu, name, band].append(sum(values) / len(values))
    for key, values in averages.items():
        if len(values) >= 20:
            middle = median(values)
            yield *key, middle, median(abs(value - middle) for value in values)


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, list[Episode]]:
    """GPU -> its anomalies: all faults and a healthy day of every card, judged at once as one fleet."""
    fleet = [reading for log in FAULTS.values() for reading in log]
    paste = FAULTS["dried-paste"]
    known = list(own_baselines([each for each in paste if each.time < BEGIN + 3 * HOUR * SECOND]))
    for number, card in enumerate(CARDS):
        gpu = f"healthy-{card}:0"
        fleet += simulated("healthy-day", card, seconds=DAY, interval=5, seed=number + 3, gpu=gpu)
        # Of another day than the one that is judged; one card is new and has none.
        if card != "rtx-4090":
            known += own_baselines(simulated("healthy-day", card, seconds=DAY, interval=5, seed=number + 30, gpu=gpu))
    of_gpu: dict[str, list[Episode]] = defaultdict(list)
    for anomaly in detected(spark, fleet, baselines(spark, known)):
        of_gpu[anomaly.gpu].append(anomaly)
    return of_gpu


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found_with_the_right_kind_and_nothing_before_it(name: str, found: dict[str, list[Episode]]) -> None:
    anomalies = found[f"{name}:0"]
    log = FAULTS[name]
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
def replayed(spark: SparkSession) -> dict[str, list[Episode]]:
    """Metric -> the anomalies of a log in which it alone goes to its level, over it, and back."""
    readings: list[Reading] = []
    for metric in LIMITED:
        level, over = beyond(metric)
        for row, value in enumerate([level, level, over, over, level]):
            gpu = f"{metric.name.replace('_', '-')}:0"
            readings.append(made_up(row, BEGIN + row * SECOND, mode="import", gpu=gpu, metrics={metric.name: value}))
    of_metric: dict[str, list[Episode]] = defaultdict(list)
    for anomaly in detected(spark, readings):
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


def test_spark_and_python_judge_limits_alike(spark: SparkSession) -> None:
    models = [None, "", "NVIDIA GeForce RTX 4090", "nvidia geforce rtx 3090 ti", "NVIDIA H100 80GB HBM3", "A100-SXM4"]
    rows: list[tuple[str, float, str | None]] = []
    for metric in CATALOGUE:
        levels = {0.0, *metric.plausible}
        for limits in (metric.limits, *metric.limits_by_model):
            for level in (limits.warning, limits.critical) if limits else ():
                if level is not None:
                    levels |= {level, level * (1 + 1e-12), level * (1 - 1e-12), level - 1, level + 1, level + 200}
        rows += [(metric.name, value, model) for value in levels for model in models]
    names, values, of_models = zip(*rows, strict=True)
    frame = spark.createDataFrame(
        pa.table({"metric": names, "value": values, "model": pa.array(of_models, pa.string())})
    )
    rank = level_beyond = F.lit(None)
    for metric in CATALOGUE:
        if metric.limits or metric.limits_by_model:
            is_it, value, model = F.col("metric") == metric.name, F.col("value"), F.col("model")
            rank = F.when(is_it, severity_rank(metric, value, model)).otherwise(rank)
            level_beyond = F.when(is_it, crossed(metric, value, model).cast("double")).otherwise(level_beyond)
    judged = (
        frame.select("metric", "value", "model", rank.alias("rank"), level_beyond.alias("level")).toArrow().to_pylist()
    )
    assert len(judged) == len(rows) > 500
    severe = 0
    for row in judged:
        limits = CATALOGUE[row["metric"]].limits_for(row["model"])
        severity = limits.judge(row["value"]) if limits else None
        severe += severity is not None
        if limits is None or severity is None:
            assert (row["rank"], row["level"]) == (None, None), row
        else:
            assert row["rank"] == findings.RANKS["info" if limits.expected else severity], row
            assert row["level"] == getattr(limits, severity), row
    assert severe > 100


def test_implausible_value_is_an_anomaly_of_its_metric(spark: SparkSession) -> None:
    readings = [made_up(row, BEGIN + row * SECOND, mode="import", metrics={"gpu_load": 5.0}) for row in range(4)]
    readings[2] = readings[2]._replace(flags={"hot_spot_temperature": IMPLAUSIBLE, "gpu_voltage": "failed_read"})
    (anomaly,) = detected(spark, readings)
    assert (anomaly.kind, anomaly.metric, anomaly.rank) == ("implausible", "hot_spot_temperature", 1)


def test_level_shift_at_equal_load_is_found_and_a_ramp_of_the_load_is_none(spark: SparkSession) -> None:
    def log(gpu: str, load: float) -> list[Reading]:
        return [
            made_up(row, BEGIN + 10 * row * SECOND, mode="import", gpu=gpu,
                    metrics={"gpu_load": 60.0 if row < 60 else load, "pcie_slot_voltage": 12.1 if row < 60 else 11.8})
            for row in range(120)
        ]  # fmt: skip

    (anomaly,) = detected(spark, [*log("steady:0", 60.0), *log("busier:0", 90.0)])
    assert (anomaly.gpu, anomaly.kind, anomaly.metric) == ("steady:0", "level_shift", "pcie_slot_voltage")
    assert (anomaly.limit, anomaly.value) == pytest.approx((12.1, 11.8))
    assert abs(anomaly.start - BEGIN - 600 * SECOND) <= SECONDS * SECOND


def test_enrichment_derives_and_invents_nothing(spark: SparkSession) -> None:
    known = {"gpu_temperature": 70.0, "hot_spot_temperature": 84.5, "board_power_draw": 235.0, "perfcap_reason": 3.0}
    readings = [
        made_up(0, BEGIN, mode="import", metrics=known, model="NVIDIA GeForce RTX 4090"),
        made_up(1, BEGIN + 2 * SECOND, mode="import", metrics=known | {"power_consumption_percent": 61.0}),
        made_up(2, BEGIN + 3 * SECOND, mode="import", metrics={"board_power_draw": 235.0}),
    ]
    rows = enriched(frame_of(spark, readings), CATALOGUE).orderBy("time").select(*DERIVED).toArrow().to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (14.5, None, 50.0, ["power limit", "thermal limit"], None),
        (14.5, None, 61.0, ["power limit", "thermal limit"], 2.0),
        (None, None, None, None, 1.0),
    ]
