"""What the nightly batch tells other programs of, and the model of failure risk that it applies."""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from kafka import KafkaConsumer, KafkaProducer

from spark_jobs import kafka_messages
from spark_jobs.batch import Batch
from spark_jobs.knowledge import Knowledge, keep_model
from spark_jobs.report_list import REPORTS
from spark_jobs.report_store import ReportStore
from spark_jobs.risk import train_command
from spark_jobs.risk.features import NAMES
from spark_jobs.risk.model import Calibration, HorizonModel, Weight, model
from support.batch_place import CATALOGUE, FIRST, Place, day
from support.readings import made_up
from telemetry import topics
from telemetry.health import Decision, FailurePrediction
from telemetry.messages import GpuEvent, ReportRow
from telemetry.timestamp import SECOND, parse_time

pytestmark = pytest.mark.timeout(2400)


def test_every_row_that_is_told_reaches_kafka_and_can_be_read(place: Place) -> None:
    place.add_windows([(FIRST, 50.0)])
    hot = [
        made_up(1_000 + n, parse_time(f"{FIRST}T12:00:00Z") + n * SECOND, metrics={"gpu_temperature": 99.0})
        for n in range(5)
    ]
    place.add([*day(FIRST), *hot])
    consumer = KafkaConsumer(topics.GPU_REPORTS, bootstrap_servers=place.settings.kafka_bootstrap_servers)
    while not consumer.assignment():
        consumer.poll(100)
    consumer.seek_to_end()
    ends = {part: consumer.position(part) for part in consumer.assignment()}
    place.touched()
    told: list[ReportRow] = []
    wanted = {report.name: len(place.report(FIRST, report.name)) for report in REPORTS if report.numbers}
    consumer.seek(*next(iter(ends.items())))
    deadline = time.monotonic() + 60
    while len(told) < sum(wanted.values()) and time.monotonic() < deadline:
        told += [ReportRow.decode(record.value) for records in consumer.poll(500).values() for record in records]
    consumer.close()
    assert Counter(row.report for row in told) == wanted
    assert wanted["temperature_spikes"] == 3
    # No two are one point of InfluxDB.
    places = {(row.report, row.gpu, row.metric, row.time or row.day_start) for row in told}
    assert len(places) == len(told)


def test_messages_of_the_driver_arrive_in_the_order_in_which_it_gave_them(place: Place) -> None:
    consumer = KafkaConsumer(topics.GPU_REPORTS, bootstrap_servers=place.settings.kafka_bootstrap_servers)
    while not consumer.assignment():
        consumer.poll(100)
    consumer.seek_to_end()
    for part in consumer.assignment():
        consumer.position(part)
    given = [str(number).encode() for number in range(kafka_messages.AT_ONCE + 500)]
    table = pa.table({"key": ["desk:0"] * len(given), "value": given})
    kafka_messages.send(place.spark, place.settings, topics.GPU_REPORTS, table)
    found: list[bytes] = []
    deadline = time.monotonic() + 60
    while len(found) < len(given) and time.monotonic() < deadline:
        found += [record.value for records in consumer.poll(500).values() for record in records]
    consumer.close()
    assert found == given


def test_predictions_and_decisions_reach_their_topics_and_grave_events_the_lake(place: Place) -> None:
    store = ReportStore(place.spark, place.settings)
    weights = {name: Weight(weight=float(name == "earlier_failures"), mean=0.0, scale=1.0) for name in NAMES}
    horizon = HorizonModel(
        horizon_hours=168, intercept=-1.0, weights=weights, calibration=Calibration(slope=1.0, intercept=0.0),
        samples=1, failures=1, evaluation={},
    )  # fmt: skip
    known = model("2026-02-01T00:00:00.000Z", "nothing", 24.0, [horizon])
    kept = keep_model(store, known)
    assert kept.endswith(f"{known.version}.json")
    # Of today, what lies in the hours to come would be dead letters: a clock ahead.
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    grave = GpuEvent(
        id=place.settings.reports_path, kind="xid", number=79, host="desk", device="0000:3b:00", gpu="desk:0",
        source="xid", mode="live", name="fell off the bus", action="reboot", severity="critical", text="NVRM",
        first=f"{yesterday}T09:00:00.000Z", last=f"{yesterday}T09:00:00.000Z", count=1,
    )  # fmt: skip
    with KafkaProducer(bootstrap_servers=place.settings.kafka_bootstrap_servers) as producer:
        producer.send(topics.GPU_EVENTS, grave.encode())
    place.add_windows([(yesterday, 50.0)])
    place.add(day(yesterday))
    consumer = KafkaConsumer(
        topics.GPU_PREDICTIONS, topics.GPU_DECISIONS, bootstrap_servers=place.settings.kafka_bootstrap_servers
    )
    while len(consumer.assignment()) < 2:
        consumer.poll(100)
    consumer.seek_to_end()
    for part in consumer.assignment():
        consumer.position(part)
    assert place.touched() == [yesterday]
    # The same again: what Kafka would have forgotten is still there.
    Batch(place.spark, place.settings, CATALOGUE).run([date.fromisoformat(yesterday)])
    told: dict[str, list[bytes]] = {topics.GPU_PREDICTIONS: [], topics.GPU_DECISIONS: []}
    deadline = time.monotonic() + 60
    while min(map(len, told.values())) < 2 and time.monotonic() < deadline:
        for records in consumer.poll(500).values():
            for record in records:
                told[record.topic].append(record.value)
    consumer.close()
    prediction, same = (FailurePrediction.decode(each) for each in told[topics.GPU_PREDICTIONS])
    assert prediction == same
    assert prediction.model_version == known.version
    assert prediction.reasons == ["1 failures before"]
    decision, same_decision = (Decision.decode(each) for each in told[topics.GPU_DECISIONS])
    assert decision == same_decision
    assert decision.action == "watch"
    failures = place.report(yesterday, "failures")
    # Other tests of this Kafka have told of events of that day, too.
    ours = failures[failures.gpu == "desk:0"]
    assert ours[["gpu", "kind", "number"]].values.tolist() == [["desk:0", "xid", 79]]
    assert place.report(yesterday, "failure_risk").probability.tolist() == [pytest.approx(prediction.probability)]
    assert place.report(yesterday, "decisions").action.tolist() == ["watch"]


def test_a_model_is_learned_from_the_lake_and_the_next_batch_has_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ReportStore(place.spark, place.settings)
    options = argparse.Namespace(days=120, demo=False, budget=1.0, dry_run=False)
    place.add_windows([(FIRST, 50.0)])
    assert train_command.train(options, place.settings, place.spark, store) == 1
    assert "too little to learn from" in capsys.readouterr().out
    rows = fleet_that_shows_when_it_fails(datetime.now(UTC).date() - timedelta(days=120), 120)
    made = place.spark.createDataFrame(pa.Table.from_pylist(rows))
    made.write.format("delta").mode("append").save(place.lake.windows_uri)
    assert train_command.train(options, place.settings, place.spark, store) == 0
    said = capsys.readouterr().out
    assert "| lost |" in said
    known = Knowledge(place.settings, store).risk_model
    assert known is not None
    assert f"{known.version}.json" in said
    assert [each.horizon_hours for each in known.horizons] == [24, 168]
    assert known.horizons[0].weights["temperature_rise"].weight > 0.3
    assert known.horizons[0].evaluation["ways"]


def fleet_that_shows_when_it_fails(first: date, days: int) -> list[dict[str, object]]:
    """A window a day of 64 GPUs, 8 a host. From the 20th day on every other one is hotter for three days each month,
    then silent for one."""
    chance = random.Random(3)
    rows: list[dict[str, object]] = []
    for gpu, number in itertools.product(range(64), range(days)):
        until = (gpu - number) % 31 if gpu % 2 == 0 and number > 20 else 31
        if until == 0:
            continue
        host, when = f"node-{gpu // 8}", first + timedelta(days=number)
        start = datetime(when.year, when.month, when.day, 12, tzinfo=UTC)
        hot = 60 + chance.gauss(0, 0.4) + 2.5 * max(0, 4 - until)
        rows += [
            {"gpu": f"{host}:{gpu % 8}", "host": host, "source": "dcgm", "mode": "live", "date": when,
             "metric": name, "avg": value, "start": start, "end": start + timedelta(seconds=30)}
            for name, value in ((None, None), ("gpu_load", 95.0), ("gpu_temperature", hot))
        ]  # fmt: skip
    return rows
