"""Every alert rule of Grafana, over data of a real InfluxDB in which it must fire, and in which it must not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from support.engines import Engines, InfluxDB
from support.grafana import BEGIN, fill, in_range, series_of, tables_of
from telemetry import catalogue, topics
from telemetry.catalogue import Metric
from telemetry.messages import PipelineReport
from telemetry.reading import Reading, encode
from telemetry.timestamp import SECOND, format_time

ROOT = Path(__file__).parents[2]
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
RULES = ROOT / "dashboard" / "grafana" / "provisioning" / "alerting" / "rules.json"
JUDGED_AT = 0
"""Second, from BEGIN, at which the rules are evaluated."""
HOT, WARM, FINE, HOT_DEMO = "pc-7:0", "pc-8:0", "pc-9:0", "demo-02:0"


def at_limit(metric: Metric) -> dict[str, float]:
    """A value for each GPU: beyond every limit, beyond the first, and on it, which is not beyond."""
    assert metric.limits is not None
    sign = 1 if metric.limits.direction == "above" else -1
    levels = [level for level in (metric.limits.warning, metric.limits.critical) if level is not None]
    beyond = levels[-1] + 0.2 * sign
    return {HOT: beyond, WARM: levels[0] + 0.1 * sign, FINE: levels[0], HOT_DEMO: beyond}


def messages() -> Iterator[tuple[str, bytes]]:
    """The last minute before JUDGED_AT; of the processes the last ten."""
    limited = {metric.name: at_limit(metric) for metric in CATALOGUE if metric.limits}
    for gpu in (HOT, WARM, FINE, HOT_DEMO):
        metrics = {name: values[gpu] for name, values in limited.items()}
        for second in range(-50, 0, 10):
            time = BEGIN + (JUDGED_AT + second) * SECOND
            reading = Reading("r/0", second + 60, "live", time, None, gpu, gpu.split(":")[0], "gpuz", None, metrics, {})
            yield topics.GPU_METRICS, encode(reading)
    # Of three processes one speaks and is far behind, one fell silent, and one was never heard of.
    for process, silent, lag, rejected in (("influxdb-writer", 0, 20_000, 3), ("streaming", 200, 10, 0)):
        for second in range(-600, -silent, 10):
            report = PipelineReport(
                process=process, instance="7", host="desk", time=format_time(BEGIN + (JUDGED_AT + second) * SECOND),
                started=format_time(BEGIN), starts=1, received=0, sent=0,
                rejected={"empty": 5 + (rejected if second > -300 else 0)}, lag=lag, latency_seconds=0, memory_bytes=1,
            )  # fmt: skip
            yield topics.GPU_PIPELINE, report.encode()


@pytest.fixture(scope="module")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    """One of its own: what fires here would show on the panels of other tests."""
    with Engines(tmp_path_factory.mktemp("grafana-rules")) as engines:
        influxdb = engines.influxdb()
        fill(influxdb, messages())
        yield influxdb


REDUCERS: dict[str, Callable[[list[float]], float]] = {"mean": fmean, "sum": sum, "last": lambda values: values[-1]}


def firing(influxdb: InfluxDB, rule: dict[str, Any]) -> set[str]:
    """The GPUs or processes for which Grafana would find this rule's condition true at JUDGED_AT."""
    query, reduced, threshold = (each["model"] for each in rule["data"])
    seconds = rule["data"][0]["relativeTimeRange"]["from"]
    tables = tables_of(influxdb, in_range(query["query"], JUDGED_AT - seconds, JUDGED_AT))
    ((limit,), kind) = (threshold["conditions"][0]["evaluator"][name] for name in ("params", "type"))
    reduce = REDUCERS[reduced["reducer"]]
    found = set()
    for _, labels, rows in (series_of(table) for table in tables):
        value = round(reduce([value for _, value in rows if value is not None]), 6)
        if value > limit if kind == "gt" else value < limit:
            thing = labels["gpu" if rule["labels"]["about"] == "gpu" else "process"]
            assert thing not in found, "Grafana refuses two series with the same labels"
            found.add(thing)
    return found


def test_alert_rules(influxdb: InfluxDB) -> None:
    groups = json.loads(RULES.read_text(encoding="utf-8"))["groups"]
    rules = {rule["uid"]: rule for group in groups for rule in group["rules"]}
    wanted = {
        "platform-lag": {"influxdb-writer"},
        "platform-silence": {"streaming", "watch"},
        "platform-dead-letters": {"influxdb-writer"},
    }
    for metric in CATALOGUE:
        if metric.limits:
            values = at_limit(metric)
            for severity in ("warning", "critical"):
                if getattr(metric.limits, severity) is not None:
                    beyond = {"warning", "critical"} if severity == "warning" else {"critical"}
                    wanted[f"{metric.name}-{severity}"] = {
                        gpu for gpu in (HOT, WARM, FINE) if metric.limits.judge(values[gpu]) in beyond
                    }
    assert rules.keys() == wanted.keys()
    for uid, rule in rules.items():
        assert firing(influxdb, rule) == wanted[uid], uid
    assert all(wanted[uid] for uid in rules), "each rule has fired"
