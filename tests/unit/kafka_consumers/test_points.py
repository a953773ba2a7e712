"""Which message becomes which point, and in which bucket."""

from __future__ import annotations

import pytest

from kafka_consumers.sinks import points
from telemetry import topics
from telemetry.errors import Rejected
from telemetry.health import Decision, FailurePrediction, HealthReason, HealthScore
from telemetry.messages import Aggregate, AlertChange, Anomaly, GpuEvent, PipelineReport, ReportRow, Window
from telemetry.reading import MOST_LABELS, Mode, Reading, encode

NOW = 1_795_428_000_000_000
READING = Reading(
    "f/0", 7, "live", 1_700_000_000_000_001, None, "desk:0", "desk", "gpuz", None, {"gpu_load": 99.0}, {}
)  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "bucket"), [("live", "gpu-metrics"), ("demo", "gpu-metrics"), ("import", "gpu-imports")]
)
def test_mode_says_the_bucket(mode: Mode, bucket: str) -> None:
    point = points.of_reading(encode(READING._replace(mode=mode)), NOW)
    assert point == (bucket, b"gpu_metrics,gpu=desk:0,host=desk,source=gpuz gpu_load=99.0,row=7i 1700000000000001")


def test_peers_16_labels_of_a_reading_are_no_tags() -> None:
    """However many it has: a series for each pod would begin the history of its GPU anew."""
    labels = {f"label_{number}": f"value-{number}" for number in range(MOST_LABELS)}
    plain, labelled = (points.of_reading(encode(READING._replace(labels=each)), NOW) for each in ({}, labels))
    assert labelled == plain
    tags = labelled.line.partition(b" ")[0].split(b",")[1:]
    assert [tag.partition(b"=")[0] for tag in tags] == [b"gpu", b"host", b"source"]


def test_nasty_host_is_escaped() -> None:
    point = points.of_reading(encode(READING._replace(host="my, desk=1", source="a b")), NOW)
    assert rb",host=my\,\ desk\=1,source=a\ b " in point.line


def test_window_has_four_fields_per_metric() -> None:
    window = Window(
        gpu="desk:0",
        host="desk",
        source="gpuz",
        mode="live",
        start="2026-11-23T10:00:00.000Z",
        end="2026-11-23T10:00:30.000Z",
        readings=30,
        metrics={"gpu_load": Aggregate(avg=50, min=0, max=100, count=29)},
    )
    assert points.of_window(window.encode(), NOW) == (
        "gpu-history",
        b"gpu_windows,gpu=desk:0,host=desk,source=gpuz readings=30i,gpu_load_avg=50.0,gpu_load_min=0.0,"
        b"gpu_load_max=100.0,gpu_load_count=29i 1795428000000000",
    )


def test_anomaly_is_one_point_though_its_severity_rises() -> None:
    anomaly = Anomaly(
        id="a1",
        gpu="desk:0",
        host="desk",
        source="gpuz",
        mode="live",
        metric="gpu_temperature",
        kind="limit",
        severity="warning",
        value=90,
        start="2026-11-23T10:00:00.000Z",
        sentence='It says "hot"\\',
    )
    point = points.of_anomaly(anomaly.encode(), NOW)
    series = b"gpu_anomalies,gpu=desk:0,host=desk,kind=limit,metric=gpu_temperature,source=gpuz "
    assert point == (
        "gpu-history",
        series + rb'id="a1",mode="live",severity="warning",sentence="It says \"hot\"\\",value=90.0 1795428000000000',
    )
    worse = points.of_anomaly(anomaly.model_copy(update={"severity": "critical", "value": 97.0}).encode(), NOW)
    assert worse.line.startswith(series)
    assert worse.line.rpartition(b" ")[2] == point.line.rpartition(b" ")[2]
    # Two throttle reasons that begin together are two.
    bits = [anomaly.model_copy(update={"kind": "throttle", "bit": bit}) for bit in (1, 2)]
    assert len({points.of_anomaly(each.encode(), NOW).line.partition(b" ")[0] for each in bits}) == 2


def test_alert_keeps_each_change_of_state() -> None:
    change = AlertChange(
        id="a1",
        gpu="desk:0",
        host="desk",
        source="gpuz",
        mode="live",
        rule="hot",
        state="firing",
        severity="critical",
        time="2026-11-23T10:00:00.000Z",
        value=99,
        threshold=95,
        message="too hot",
    )
    assert points.of_alert(change.encode(), NOW) == (
        "gpu-history",
        b"gpu_alerts,gpu=desk:0,host=desk,rule=hot,severity=critical,source=gpuz,state=firing "
        b'id="a1",mode="live",message="too hot",value=99.0,threshold=95.0 1795428000000000',
    )


def test_report_row_of_a_whole_gpu_has_no_metric_tag() -> None:
    row = ReportRow(
        report="daily_statistics",
        date="2026-11-22",
        day_start="2026-11-22T00:00:00.000Z",
        gpu="desk:0",
        host="desk",
        demo=False,
        values={"energy_kwh": 1.5},
    )
    assert points.of_report_row(row.encode(), NOW) == (
        "gpu-history",
        b'gpu_daily,gpu=desk:0,host=desk,report=daily_statistics energy_kwh=1.5,demo=false,date="2026-11-22" '
        b"1795305600000000",
    )


def test_rows_of_one_day_with_times_of_their_own_are_points_of_their_own() -> None:
    row = ReportRow(
        report="hourly_patterns",
        date="2026-11-22",
        day_start="2026-11-22T00:00:00.000Z",
        time="2026-11-22T05:00:00.250000Z",
        gpu="desk:0",
        host="desk",
        demo=False,
        metric="gpu_load",
        values={"avg": 1.5},
    )
    assert points.of_report_row(row.encode(), NOW) == (
        "gpu-history",
        b"gpu_daily,gpu=desk:0,host=desk,metric=gpu_load,report=hourly_patterns avg=1.5,demo=false,"
        b'date="2026-11-22" 1795323600250000',
    )


def test_report_row_without_a_time_of_its_own_is_read_as_before() -> None:
    before = b'{"schema":1,"report":"daily_statistics","date":"2026-11-22","day_start":"2026-11-22T00:00:00.000Z",'
    before += b'"gpu":"desk:0","host":"desk","demo":false,"metric":null,"values":{"energy_kwh":1.5}}'
    assert points.of_report_row(before, NOW).line.endswith(b" 1795305600000000")


def test_report_row_with_a_broken_time_of_its_own_is_rejected() -> None:
    broken = b'{"schema":1,"report":"r","date":"2026-11-22","day_start":"2026-11-22T00:00:00.000Z","time":"noon",'
    broken += b'"gpu":"desk:0","host":"desk","demo":false,"values":{}}'
    with pytest.raises(Rejected, match="ReportRow time"):
        points.of_report_row(broken, NOW)


def test_pipeline_report_counts_rejected_by_reason() -> None:
    report = PipelineReport(
        process="influxdb-writer",
        instance="1",
        host="here",
        time="2026-11-23T10:00:00.000Z",
        started="2026-11-23T09:00:00.000Z",
        starts=2,
        received=10,
        sent=5,
        rejected={"not_json": 3, "too_large": 2},
        lag=0,
        memory_bytes=1,
        gauges={"influxdb_bytes": 1048576.0},
    )
    assert points.of_pipeline_report(report.encode(), NOW) == (
        "gpu-metrics",
        b"pipeline,host=here,process=influxdb-writer influxdb_bytes=1048576.0,received=10i,sent=5i,rejected=5i,"
        b"starts=2i,memory_bytes=1i,rejected_not_json=3i,rejected_too_large=2i,lag=0i 1795428000000000",
    )


def test_event_is_one_point_however_long_it_grows() -> None:
    event = GpuEvent(
        id="ab",
        kind="xid",
        number=79,
        host="node",
        device="0000:3b:00",
        source="xid",
        mode="live",
        name="GPU fell off the bus",
        action="reboot",
        severity="critical",
        text="pid=1",
        first="2026-11-23T10:00:00.000Z",
        last="2026-11-23T10:01:00.000Z",
        count=3,
    )
    assert points.of_event(event.encode(), NOW) == (
        "gpu-history",
        b"gpu_events,device=0000:3b:00,host=node,kind=xid,number=79,source=xid "
        b'id="ab",mode="live",name="GPU fell off the bus",action="reboot",severity="critical",text="pid=1",'
        b'last="2026-11-23T10:01:00.000Z",count=3i 1795428000000000',
    )


def test_every_topic_but_the_dead_letters_becomes_points() -> None:
    assert set(points.OF_TOPIC) == set(topics.ALL) - {topics.GPU_DEAD_LETTERS}


@pytest.mark.parametrize("topic", points.OF_TOPIC)
@pytest.mark.parametrize("raw", [b"\xff\xfe", b"[1]", b"{}", b'{"schema":2}', b'{"schema":1}', b"null", b"1e999"])
def test_what_is_no_message_is_rejected(topic: str, raw: bytes) -> None:
    with pytest.raises(Rejected):
        points.OF_TOPIC[topic](raw, NOW)


ABOUT = {"gpu": "desk:0", "host": "desk", "source": "dcgm", "mode": "live", "time": "2026-11-23T10:00:00.000Z"}
TAGS = b"gpu=desk:0,host=desk,source=dcgm"


def test_health_has_a_field_per_component_and_its_reasons() -> None:
    reasons = [HealthReason(component="memory", points=-18, sentence="3 uncorrectable row remaps this week")]
    health = HealthScore.model_validate(
        ABOUT | {"score": 82, "components": {"memory": 74.3, "events": 100}, "reasons": reasons, "version": "1-ab"}
    )
    assert points.of_health(health.encode(), NOW) == (
        "gpu-history",
        b"gpu_health," + TAGS + b' memory_score=74.3,events_score=100.0,score=82.0,mode="live",version="1-ab",'
        b'reasons="-18: 3 uncorrectable row remaps this week" 1795428000000000',
    )


def test_prediction_is_a_point_per_horizon() -> None:
    told = FailurePrediction.model_validate(
        ABOUT | {"horizon_hours": 24, "probability": 0.125, "model_version": "m1", "reasons": ["hot", "old"]}
    )
    assert points.of_prediction(told.encode(), NOW).line == (
        b"gpu_predictions,gpu=desk:0,horizon_hours=24,host=desk,source=dcgm "
        b'probability=0.125,mode="live",model_version="m1",reasons="hot; old" 1795428000000000'
    )


def test_decision_has_the_cost_of_each_action() -> None:
    told = Decision.model_validate(
        ABOUT
        | {"action": "keep", "yearly_cost": {"keep": 1200.5, "retire": 3000}, "currency": "EUR", "version": "1"}
        | {"reasons": ["cheapest"], "flips": []}
    )
    assert points.of_decision(told.encode(), NOW).line == (
        b"gpu_decisions," + TAGS + b' keep_yearly_cost=1200.5,retire_yearly_cost=3000.0,action="keep",currency="EUR",'
        b'mode="live",version="1",reasons="cheapest",flips="" 1795428000000000'
    )
