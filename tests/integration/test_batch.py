"""The nightly batch on a small lake of its own: which days it makes anew, and what is in a total."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from kafka import KafkaProducer
from pyspark.sql import functions as F

from spark_jobs.days import Days
from spark_jobs.knowledge import Knowledge
from spark_jobs.lake_history import LakeHistory
from spark_jobs.report_day import KafkaKeeps, Places, ReportDay
from spark_jobs.report_store import ReportStore
from support.batch_place import FIRST, REPORT, SECOND_DAY, Place, day
from support.lake_day import CATALOGUE
from support.readings import made_up
from telemetry import topics
from telemetry.errors import Rejected
from telemetry.messages import DeadLetter, TopicOrigin
from telemetry.reading import encode
from telemetry.timestamp import parse_time

pytestmark = pytest.mark.timeout(2400)

LOOK_BACK = ("trends", "summary", "baselines")
NO_OTHER_DAY = (REPORT, "temperature_spikes", "data_quality")
"""What a summary takes, and looks at its own day alone."""


def test_without_arguments_every_day_once_and_a_late_reading_only_its_own(place: Place) -> None:
    place.add([*day(FIRST), *day(SECOND_DAY)])
    assert place.submit() == f"reports made for 2 days: {FIRST} to {SECOND_DAY}"
    assert place.touched() == []
    before = place.made_at(SECOND_DAY)
    late = parse_time(f"{FIRST}T23:59:59.999Z")
    measured = {"gpu_load": 1000.0, "gpu_temperature": 60.0, "hot_spot_temperature": 75.5}
    place.add([made_up(9_000, late, origin="late/0", metrics=measured)])
    assert place.touched(REPORT) == [FIRST]
    assert place.made_at(SECOND_DAY) == before
    rows = place.report(FIRST)
    assert rows[(rows.gpu == "desk:0") & (rows.metric == "gpu_load")]["max"].item() == 1000.0
    assert rows[(rows.gpu == "desk:0") & (rows.metric == "hot_spot_delta")][["readings", "avg"]].values.tolist() == [
        [1, 15.5]
    ]
    # The batch has put both files of the day together: every reading is in a new file, and none is a new one.
    assert len(place.lake.readings().filter(F.col("date") == FIRST).inputFiles()) == 1
    assert place.touched() == []


def test_late_readings_make_anew_what_looks_back_to_their_day(place: Place) -> None:
    place.add_windows([(FIRST, 50.0), (SECOND_DAY, 50.0)])
    place.add([*day(FIRST), *day(SECOND_DAY)])
    reports = (*NO_OTHER_DAY, *LOOK_BACK)
    assert place.touched(*reports) == [FIRST, SECOND_DAY]
    before = {name: place.made_at(SECOND_DAY, name) for name in reports}
    place.add_windows([("2026-02-20", 90.0)])
    place.add([made_up(9_000, parse_time("2026-02-20T10:00:00Z"), origin="late/0")])
    assert place.touched(*reports) == ["2026-02-20"]
    anew = {name for name, time in before.items() if place.made_at(SECOND_DAY, name) > time}
    assert anew == {*LOOK_BACK}
    usual = place.report(SECOND_DAY, "baselines")
    assert list(usual.columns) == ["gpu", "host", "demo", "metric", "band", "windows", "median", "mad"]
    assert usual[["gpu", "metric", "band", "windows", "median"]].values.tolist() == [
        ["desk:0", "gpu_temperature", "medium", 9, 50.0]
    ]
    assert place.report("2026-02-20", "baselines")["median"].tolist() == [90.0]


def test_copies_and_rejects_are_counted_out_of_kafka(place: Place) -> None:
    today = datetime.now(UTC).date().isoformat()
    readings = [
        each._replace(gpu="twice:0", host="twice", time=parse_time(f"{today}T00:00:00Z") + each.row)
        for each in day(FIRST)
    ]
    place.add(readings)
    reject = DeadLetter.of(
        b'{"gpu": "twice:0"}', Rejected("missing_field", "row"), "test", f"{today}T00:00:01.000Z",
        TopicOrigin(topic="gpu-metrics", partition=0, offset=0),
    )  # fmt: skip
    with KafkaProducer(bootstrap_servers=place.settings.kafka_bootstrap_servers) as producer:
        for each in [*readings, *readings[:7]]:
            producer.send(topics.GPU_METRICS, encode(each), key=each.gpu.encode())
        producer.send(topics.GPU_DEAD_LETTERS, reject.encode())
    assert place.touched("data_quality") == [today]
    rows = place.report(today, "data_quality")
    assert rows[rows.gpu == "twice:0"][["readings", "duplicated", "rejected"]].values.tolist() == [[100, 7, 1]]


def test_day_of_which_readings_have_expired_keeps_its_reports(place: Place) -> None:
    place.add(day(FIRST))
    assert place.touched(REPORT) == [FIRST]
    before = place.rows()
    ReportStore(place.spark, place.settings).remember("expired_dates", FIRST)
    place.add([made_up(9_000, parse_time(f"{FIRST}T23:00:00Z"), origin="late/0")])
    assert place.touched(REPORT) == [FIRST]
    assert place.rows() == before


def test_what_came_since_is_known_by_commits_and_not_by_a_clock(place: Place) -> None:
    place.add(day(FIRST))
    assert place.touched(REPORT) == [FIRST]
    # Committed now, and stamped by a clock that was an hour late.
    place.add(day(SECOND_DAY))
    place.spark.sql(f"UPDATE delta.`{place.lake.readings_uri}` SET ingested = ingested - INTERVAL 1 HOUR")
    assert SECOND_DAY in place.touched(REPORT)


@pytest.mark.parametrize("remembered", ["another-table 0", "no mark", ""])
def test_a_mark_of_another_lake_makes_every_day_anew(place: Place, remembered: str) -> None:
    place.add([*day(FIRST), *day(SECOND_DAY)])
    ReportStore(place.spark, place.settings).remember("reported_until", remembered)
    assert place.touched(REPORT) == [FIRST, SECOND_DAY]
    assert place.touched(REPORT) == []


def test_reports_of_a_day_tell_of_the_same_readings_though_the_stream_adds_to_it(place: Place) -> None:
    place.add(day(FIRST))
    store = ReportStore(place.spark, place.settings)
    history, knowledge = LakeHistory(place.spark, place.settings), Knowledge(place.settings, store)
    keeps = KafkaKeeps(place.spark, place.settings, 0, parse_time(f"{SECOND_DAY}T00:00:00Z"))
    places = Places(place.lake, history, store, knowledge)
    made = ReportDay(date.fromisoformat(FIRST), Days("UTC"), CATALOGUE, place.settings, places, keeps)
    before, metrics = made.readings.count(), made.metrics
    late = made_up(9_000, parse_time(f"{FIRST}T23:59:59.999Z"), origin="late/0", metrics={"hot_spot_temperature": 75.5})
    place.add([late])
    assert place.lake.readings_between([Days("UTC").bounds(made.date)]).count() == before + 1
    assert made.readings.count() == before
    assert made.readings.filter("hot_spot_temperature IS NOT NULL").count() == 0
    assert "hot_spot_temperature" not in metrics


def test_demo_gpus_have_rows_of_their_own_and_are_in_no_total(place: Place) -> None:
    real = day(FIRST)
    demo = day(
        FIRST, gpu="demo-01:0", host="demo-01", mode="demo", metrics={"gpu_load": 7000.0, "board_power_draw": 9e3}
    )
    place.add([*real, *demo])
    assert place.touched(REPORT) == [FIRST]
    rows = place.report(FIRST)
    assert set(rows.gpu) == {"desk:0", "demo-01:0", "all"}
    assert set(rows[rows.demo].gpu) == {"demo-01:0"}
    load = rows[rows.metric == "gpu_load"].set_index("gpu")
    assert dict(load["readings"]) == {"desk:0": len(real), "all": len(real), "demo-01:0": len(demo)}
    assert dict(load["max"]) == {"desk:0": 99.0, "all": 99.0, "demo-01:0": 7000.0}
    whole = rows[rows.metric.isna()].set_index("gpu")
    energy = dict(whole.energy_kwh)
    assert energy["all"] == pytest.approx(energy["desk:0"])
    assert energy["demo-01:0"] == pytest.approx(9e3 * (len(demo) - 1) / 3.6e6)
