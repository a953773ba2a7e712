"""Every query of every dashboard, asked of a real InfluxDB as Grafana would, and its whole answer.

Answers become series as in its frame builder: by table, named by _field, labelled by the tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from support.dashboards import Dashboard, Tables, View
from support.engines import Engines, InfluxDB
from support.grafana import BEGIN, fill, in_range, series_of, tables_of
from support.health_cases import COMPONENTS, a_decision, a_risk, a_score, an_event
from telemetry import catalogue, topics
from telemetry.messages import Aggregate, AlertChange, Anomaly, PipelineReport, ReportRow, Window
from telemetry.reading import Mode, Reading, encode
from telemetry.timestamp import SECOND, format_time, parse_time

ROOT = Path(__file__).parents[2]
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
NVIDIA, AMD, DEMO, LOG = "pc-1:0", "pc-2:0", "demo-01:0", "local:0"
MASKS = (0, 1, 16, 3, 64)
HELD_BACK = "What holds the clocks back"

Answer = list[tuple[str, dict[str, str], list[tuple[int, Any]]]]
"""Frames: name, labels, and (seconds from BEGIN, value)."""


def metrics_at(gpu: str, second: int) -> dict[str, float]:
    """What the GPU reported in this second; nothing where it did not."""
    if gpu == NVIDIA and not 300 <= second < 360:
        return {
            "gpu_temperature": 50.0 + second % 37,
            "hot_spot_temperature": 62.0 + second % 37,
            "gpu_load": float(second % 101),
            "board_power_draw": 100.0 + second % 211,
            "gpu_memory_used": 1000.0 + second,
            "gpu_clock": 1800.0 - second % 50,
            "pcie_slot_voltage": 12.1 - second % 7 / 10,
            "perfcap_reason": float(MASKS[second // 45 % 5]),
            "odd_sensor": float(second % 5),
        }
    if gpu == AMD and second % 2 == 0:
        return {"gpu_temperature": 40.0 + second % 11, "gpu_load": 7.0, "gpu_power": 90.0, "fan1_speed_percent": 30.0}
    if gpu == DEMO and second % 5 == 0:
        return {"gpu_temperature": 33.0, "gpu_load": 1.0}
    if gpu == LOG:
        return {"gpu_temperature": 70.0, "gpu_load": 99.0}
    return {}


def window_of(gpu: str, number: int) -> dict[str, Aggregate]:
    """Not what the readings say, so that an answer tells where it was read."""
    base = 50.0 + number % 20
    known = {NVIDIA: ("gpu_temperature", "gpu_load", "pcie_slot_voltage"), AMD: ("gpu_temperature", "gpu_load")}[gpu]
    made = {name: Aggregate(avg=base, min=base - 5, max=base + 7, count=30) for name in known}
    if gpu == NVIDIA:
        made["perfcap_reason"] = Aggregate(avg=1, min=number // 30 % 2, max=(2, 16)[number // 30 % 2], count=30)
    return made


SHORT = View(600, 10)
LONG = View(8 * 3600, 300)


class Grafana(Dashboard):
    """Asks as Grafana does."""

    def __init__(self, influxdb: InfluxDB, uid: str, view: View) -> None:
        self._influxdb = influxdb
        self.view = view
        super().__init__(uid, view, self._tables)

    def answers(self) -> dict[tuple[str, str, str], Answer]:
        """(panel's title, refId, value of the variable over which it repeats) -> frames."""
        made: dict[tuple[str, str, str], Answer] = {}
        for panel, ref_id, value, flux in self.questions():
            key = (panel, ref_id, value)
            assert key not in made, key
            made[key] = [series_of(table) for table in self._tables(flux)]
        return made

    def annotated(self) -> dict[str, list[dict[str, str]]]:
        made = {}
        for name, flux in self.annotations():
            tables = self._tables(flux)
            assert len(tables) <= 1, "Grafana would merge them by guess"
            made[name] = [row for table in tables for row in table]
        return made

    def _tables(self, flux: str) -> Tables:
        """With what Grafana's server fills in (pkg/tsdb/influxdb/flux/macros.go)."""
        flux = in_range(flux, 0, self.view.seconds)
        interval = f"{self.view.interval // 60}m{self.view.interval % 60}s"
        return tables_of(self._influxdb, flux.replace("v.windowPeriod", interval))


@pytest.fixture(scope="module")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    with Engines(tmp_path_factory.mktemp("grafana")) as engines:
        influxdb = engines.influxdb()
        fill(influxdb, messages())
        yield influxdb


REMAPS = ("memory", -18.0, "3 row remaps")
HOT = ("thermals", -14.0, "too hot")


def of_health() -> Iterator[tuple[str, bytes]]:
    """Of the first GPU a score that falls at 300, of the second one that does not; two horizons; two events in a
    minute and one of another kind."""
    for second in range(0, 600, 60):
        reasons = (REMAPS, HOT) if second >= 300 else (REMAPS,)
        yield topics.GPU_HEALTH, a_score(NVIDIA, BEGIN + second * SECOND, *reasons).encode()
        yield topics.GPU_HEALTH, a_score(AMD, BEGIN + second * SECOND).encode()
    for hours in (24, 168):
        risk = a_risk(NVIDIA, BEGIN, hours / 1000, horizon_hours=hours)
        yield topics.GPU_PREDICTIONS, risk.encode()
    for second, action in ((0, "keep"), (300, "repair")):
        yield topics.GPU_DECISIONS, a_decision(NVIDIA, BEGIN + second * SECOND, action).encode()
    for number, second, kind in ((1, 62, "xid"), (2, 65, "xid"), (3, 66, "ecc")):
        yield topics.GPU_EVENTS, an_event(number, NVIDIA, BEGIN + second * SECOND, kind=kind).encode()


def report_at(second: int) -> PipelineReport:
    """Counts begin anew at 300, where the process was started again."""
    age = second % 300
    return PipelineReport(
        process="influxdb-writer", instance="7", host="desk", time=format_time(BEGIN + second * SECOND),
        started=format_time(BEGIN), starts=1 + second // 300, received=age * age, sent=age * 2,
        rejected={"not_json": age, "empty": 3}, lag=second % 70, latency_seconds=second / 100,
        memory_bytes=1000 + second, gauges=gauges_at(second),
    )  # fmt: skip


def gauges_at(second: int) -> dict[str, float]:
    return {
        "lake_files": 5.0 + second,
        "lake_bytes": 900.0 + second,
        "influxdb_bytes": 700.0 + second,
        "influxdb_query_seconds": second / 1000,
    }


def report_row(gpu: str, day: int, metric: str | None) -> ReportRow:
    base = day + len(gpu) + 10.0 * len(metric or "")
    whole = {
        "energy_kwh": base + 1.5,
        "cost": base + 0.5,
        "readings": base,
        "throttled_minutes": base,
        "anomalies": 2.0,
    }
    numbers = {"avg": base + 1, "min": base, "p95": base + 2, "max": base + 3, "readings": 5.0}
    start = format_time(BEGIN + day * 86_400 * SECOND)
    return ReportRow(
        report="daily_statistics", date=start[:10], day_start=start, gpu=gpu, host=gpu.split(":")[0], demo=False,
        metric=metric, values=numbers if metric else whole,
    )  # fmt: skip


def night_rows(gpu: str, day: int) -> Iterator[ReportRow]:
    """Of the reports beside daily_statistics; of hourly_patterns three hours, the last of them twice as in autumn."""
    start = BEGIN + day * 86_400 * SECOND

    def row(report: str, values: dict[str, float], metric: str | None = None, second: int | None = None) -> ReportRow:
        time = None if second is None else format_time(start + second * SECOND)
        return ReportRow(
            report=report, date=format_time(start)[:10], day_start=format_time(start), time=time, gpu=gpu, host="h",
            demo=False, metric=metric, values=values,
        )  # fmt: skip

    for metric, more in (("gpu_load", 0.0), ("gpu_temperature", 30.0)):
        for number, hour in enumerate((0, 11, 20, 20)):
            value = 10.0 * day + hour + number + len(gpu) + more
            values = {"avg": value, "hour": float(hour), "max": value + 9}
            yield row("hourly_patterns", values, metric, (hour + number) * 3600)
    for second, metric in ((3600, "gpu_temperature"), (3600, "hot_spot_temperature"), (7200, "gpu_temperature")):
        yield row("temperature_spikes", {"peak": 90.0 + day + second / 3600, "seconds": 5.0}, metric, second)
    yield row("trends", {"slope_30": day / 10, "slope_7": 9.0}, "gpu_temperature")
    yield row("summary", {"missing": float(day), "late": 7.0})
    yield row("data_quality", {"missing": 1.0}, second=0)


def messages() -> Iterator[tuple[str, bytes]]:
    for gpu in (NVIDIA, AMD, DEMO, LOG):
        mode: Mode = {DEMO: "demo", LOG: "import"}.get(gpu, "live")  # type: ignore[assignment]
        for second in range(600):
            if metrics := metrics_at(gpu, second):
                time = BEGIN + second * SECOND
                yield (
                    topics.GPU_METRICS,
                    encode(Reading("o/0", second, mode, time, None, gpu, gpu.split(":")[0], "gpuz", None, metrics, {})),
                )
    for gpu in (NVIDIA, AMD):
        whose = {"gpu": gpu, "host": gpu.split(":")[0], "source": "gpuz", "mode": "live"}
        for number in range(960):
            start, end = (format_time(BEGIN + 30 * n * SECOND) for n in (number, number + 1))
            window = Window(**whose, start=start, end=end, readings=30, metrics=window_of(gpu, number))
            yield topics.GPU_WINDOWS, window.encode()
        for name, second, severity in (
            ("first", 100, "warning"),
            ("second", 50, "warning"),
            ("Expected", 60, "info"),
            ("Taken back", 70, "warning"),
        ):
            anomaly = Anomaly(
                **whose, id=f"{gpu}-{name}", metric="gpu_temperature", kind="spike", severity=severity,
                start=format_time(BEGIN + second * SECOND), sentence=f"{name} of {gpu}",
            )  # fmt: skip
            yield topics.GPU_ANOMALIES, anomaly.encode()
    for day in range(3):
        for gpu in (NVIDIA, AMD, "all"):
            for metric in (None, "gpu_temperature", "odd_sensor"):
                yield topics.GPU_REPORTS, report_row(gpu, day, metric).encode()
        for gpu in (NVIDIA, AMD, "all", "unknown"):
            for row in night_rows(gpu, day):
                yield topics.GPU_REPORTS, row.encode()
    yield from of_health()
    for second in range(0, 600, 10):
        yield topics.GPU_PIPELINE, report_at(second).encode()
    for state, second in (("pending", 200), ("firing", 210), ("resolved", 400)):
        change = AlertChange(
            gpu=NVIDIA, host="pc-1", source="gpuz", mode="live", id="a", rule="hot", state=state, severity="critical",
            time=format_time(BEGIN + second * SECOND), message="It is hot",
        )  # fmt: skip
        yield topics.GPU_ALERTS, change.encode()


def shown(name: str) -> str:
    """Said once more, apart from the builders: with a limit the worst of the interval, without one the mean."""
    metric = CATALOGUE.get(name)
    if metric is None or metric.limits is None:
        return "avg"
    return "max" if metric.limits.direction == "above" else "min"


def history(gpus: list[str], name: str, aggregate: str, view: View) -> Answer:
    made: Answer = []
    for gpu in gpus:
        bins: dict[int, list[float]] = {}
        if view.long:
            windows = ((30 * n, window_of(gpu, n)) for n in range(960)) if gpu in (NVIDIA, AMD) else iter(())
            read = [(second, getattr(window[name], aggregate)) for second, window in windows if name in window]
        else:
            read = [(s, metrics_at(gpu, s)[name]) for s in range(view.seconds) if name in metrics_at(gpu, s)]
        for second, value in read:
            bins.setdefault(second // view.interval * view.interval, []).append(value)
        if bins:
            rows = [
                (s, round(aggregated(bins[s], aggregate), 6) if s in bins else None)
                for s in range(0, view.seconds, view.interval)
            ]
            made.append((name, {"gpu": gpu}, rows))
    return made


def moved(answer: Answer, seconds: int, view: View) -> Answer:
    """What was `seconds` before, at the time of now; nothing was before BEGIN."""
    made = []
    for name, labels, rows in answer:
        at = {second + seconds: value for second, value in rows}
        made.append((name, labels, [(s, at.get(s)) for s in range(0, view.seconds, view.interval)]))
    return made


def aggregated(values: list[float], aggregate: str) -> float:
    if aggregate == "avg":
        return fmean(values)
    return max(values) if aggregate == "max" else min(values)


def newest(gpu: str, names: tuple[str, ...]) -> Answer:
    made: Answer = []
    for name in names:
        seconds = [second for second in range(600) if name in metrics_at(gpu, second)]
        if seconds:
            made.append((name, {"gpu": gpu}, [(seconds[-1], round(metrics_at(gpu, seconds[-1])[name], 6))]))
    return made


def newest_reason(gpu: str) -> Answer:
    return [
        (name, labels, [(second, words(int(value)))])
        for name, labels, [(second, value)] in newest(gpu, ("perfcap_reason",))
    ]


def last_reading(gpu: str) -> Answer:
    second = max(second for second in range(600) if metrics_at(gpu, second))
    return [("last reading", {"gpu": gpu}, [(second, BEGIN / 1000 + second * 1000)])]


def reasons(view: View) -> Answer:
    bins: dict[int, int] = {}
    if view.long:
        both = [(30 * n, window_of(NVIDIA, n)["perfcap_reason"]) for n in range(960)]
        read = [(second, int(value)) for second, window in both for value in (window.min, window.max)]
    else:
        read = [(s, int(metrics_at(NVIDIA, s)["perfcap_reason"])) for s in range(600) if metrics_at(NVIDIA, s)]
    for second, mask in read:
        start = second // view.interval * view.interval
        bins[start] = bins.get(start, 0) | mask
    return [("perfcap_reason", {"gpu": NVIDIA}, [(start, words(mask)) for start, mask in bins.items()])]


def words(mask: int) -> str:
    """The catalogue's words; a bit that it does not know stands as a number where it is alone."""
    said = ", ".join(CATALOGUE["perfcap_reason"].words(mask))
    return said or (f"bits {mask}" if mask else "none")


def check_annotations(grafana: Grafana, gpus: list[str]) -> None:
    tags = {gpu: f"{gpu},warning,gpu_temperature" for gpu in gpus}
    wanted = [(50, f"second of {gpu}", tags[gpu]) for gpu in gpus] + [
        (100, f"first of {gpu}", tags[gpu]) for gpu in gpus
    ]
    fired = [(210, "firing: It is hot", f"{NVIDIA},critical"), (400, "resolved: It is hot", f"{NVIDIA},critical")]
    found = {
        name: [((parse_time(row["_time"]) - BEGIN) // SECOND, row["text"], row["tags"]) for row in rows]
        for name, rows in grafana.annotated().items()
    }
    assert {name: sorted(rows) for name, rows in found.items()} == {
        "Anomalies": sorted(wanted),
        "Alerts": fired if NVIDIA in gpus else [],
    }
    assert all([row[0] for row in rows] == sorted(row[0] for row in rows) for rows in found.values())


GAUGES = ("gpu_temperature", "hot_spot_temperature", "gpu_load", "board_power_draw")
TILES = ("gpu_memory_used", "fan1_speed_percent", "gpu_clock", "gpu_power")


@pytest.mark.parametrize("view", [SHORT, LONG], ids=["10 minutes", "8 hours"])
def test_overview(influxdb: InfluxDB, view: View) -> None:
    grafana = Grafana(influxdb, "gpustream-overview", view)
    gpus = [DEMO, NVIDIA, AMD]
    present = [name for name in (*GAUGES, *TILES) if any(name in metrics_at(gpu, 0) for gpu in gpus)]
    assert grafana.variables["host"] == ["demo-01", "pc-1", "pc-2"]
    assert grafana.variables["gpu"] == gpus
    assert grafana.variables["metric"] == present
    assert grafana.texts["metric"] == [CATALOGUE[name].label for name in present]
    wanted = {("gauge 2", "A", gpu): newest(gpu, GAUGES) for gpu in gpus}
    wanted |= {("stat 3", "A", gpu): newest(gpu, TILES) for gpu in gpus}
    wanted |= {("stat 4", "A", gpu): newest_reason(gpu) for gpu in gpus}
    # The second mask is one that none of these GPUs reports.
    wanted |= {("stat 4", "B", gpu): [] for gpu in gpus}
    wanted |= {("stat 4", "Z", gpu): last_reading(gpu) for gpu in gpus}
    wanted |= {(HELD_BACK, "A", ""): reasons(view), (HELD_BACK, "B", ""): []}
    wanted |= {("${metric:text}", "A", name): history(gpus, name, shown(name), view) for name in present}
    answers = grafana.answers()
    assert answers.keys() == wanted.keys()
    for key, answer in answers.items():
        assert answer == wanted[key], key
    check_annotations(grafana, [NVIDIA, AMD])


def test_overview_of_imports_and_of_one_host(influxdb: InfluxDB) -> None:
    imported = Grafana(influxdb, "gpustream-overview", View(600, 10, "gpu-imports"))
    assert (imported.variables["gpu"], imported.variables["metric"]) == ([LOG], ["gpu_temperature", "gpu_load"])
    answers = imported.answers()
    assert answers["gauge 2", "A", LOG] == newest(LOG, GAUGES)
    assert answers["${metric:text}", "A", "gpu_load"] == history([LOG], "gpu_load", "max", SHORT)
    one = Grafana(influxdb, "gpustream-overview", View(600, 10, choices={"host": ["pc-2"]}))
    assert one.variables["gpu"] == [AMD]
    assert one.answers()[HELD_BACK, "A", ""] == []
    check_annotations(one, [AMD])


DETAIL = ("gpu_temperature", "hot_spot_temperature", "gpu_load", "board_power_draw", "gpu_clock", "gpu_memory_used",
          "pcie_slot_voltage", "odd_sensor")  # fmt: skip


@pytest.mark.parametrize("view", [SHORT, LONG], ids=["10 minutes", "8 hours"])
def test_detail(influxdb: InfluxDB, view: View) -> None:
    view = View(view.seconds, view.interval, choices={"gpu": [NVIDIA]})
    grafana = Grafana(influxdb, "gpustream-detail", view)
    assert grafana.variables["metric"] == list(DETAIL)
    assert grafana.texts["metric"][0] == "Temperatures: GPU temperature"
    assert grafana.texts["metric"][-2:] == ["Voltages: PCIe slot voltage", "Other sensors: odd_sensor"]
    wanted = {(HELD_BACK, "A", ""): reasons(view), (HELD_BACK, "B", ""): []}
    for name in DETAIL:
        for ref_id, aggregate in (("A", "avg"), ("B", "min"), ("C", "max")):
            wanted["${metric:text}", ref_id, name] = history([NVIDIA], name, aggregate, view)
    answers = grafana.answers()
    assert answers.keys() == wanted.keys()
    for key, answer in answers.items():
        assert answer == wanted[key], key
    check_annotations(grafana, [NVIDIA])


@pytest.mark.parametrize("view", [SHORT, LONG], ids=["10 minutes", "8 hours"])
@pytest.mark.parametrize(("other", "shift", "seconds"), [(AMD, "0s", 0), (NVIDIA, "5m", 300)])
def test_compare(influxdb: InfluxDB, view: View, other: str, shift: str, seconds: int) -> None:
    choices = {"gpu": [NVIDIA], "other": [other], "shift": [shift]}
    view = View(view.seconds, view.interval, choices=choices)
    grafana = Grafana(influxdb, "gpustream-compare", view)
    assert grafana.variables["metric"] == list(DETAIL)
    wanted = {}
    for name in DETAIL:
        wanted["${metric:text}", "A", name] = history([NVIDIA], name, shown(name), view)
        wanted["${metric:text}", "B", name] = moved(history([other], name, shown(name), view), seconds, view)
    answers = grafana.answers()
    assert answers.keys() == wanted.keys()
    for key, answer in answers.items():
        assert answer == wanted[key], key
    check_annotations(grafana, [NVIDIA])


def test_pipeline_health(influxdb: InfluxDB) -> None:
    grafana = Grafana(influxdb, "gpustream-pipeline", SHORT)
    reports = {second: report_at(second) for second in range(0, 600, 10)}

    def rate(values: dict[int, int]) -> list[tuple[int, float | None]]:
        """None, a gap, where the process was started again."""
        steps = [(s, (values[s] - values[s - 10]) / 10) for s in values if s]
        return [(s, round(step, 6) if step >= 0 else None) for s, step in steps]

    def series(name: str, rows: Sequence[tuple[int, Any]]) -> Answer:
        return [(name, {"process": "influxdb-writer", "host": "desk"}, list(rows))]

    def whole(name: str) -> Answer:
        return series(name.replace("_", " "), [(s, round(gauges_at(s)[name], 6)) for s in reports])

    reasons = {name: {s: each.rejected[name] for s, each in reports.items()} for name in ("empty", "not_json")}
    wanted = {
        "Records in": series("received", rate({s: each.received for s, each in reports.items()})),
        "Records out": series("sent", rate({s: each.sent for s, each in reports.items()})),
        "Lag of each consumer": series("lag", [(s, each.lag) for s, each in reports.items()]),
        "End-to-end latency, from Kafka to the store": series("latency seconds", [(s, s / 100) for s in reports]),
        "Dead letters by reason, per second": [
            each for name, counts in reasons.items() for each in series(name.replace("_", " "), rate(counts))
        ],
        "Restarts of each process": series("starts", [(s, float(s == 300)) for s in reports if s]),
        "Memory of each process": series("memory bytes", [(s, 1000 + s) for s in reports]),
        "InfluxDB, time of a query": whole("influxdb_query_seconds"),
        "Size of the lake and of InfluxDB": whole("influxdb_bytes") + whole("lake_bytes"),
        "Files in the lake, over time": whole("lake_files"),
        "Records waiting": series("lag", [(590, report_at(590).lag)]),
    }
    tiles = {
        "Lake": "lake_bytes",
        "Files in the lake": "lake_files",
        "InfluxDB": "influxdb_bytes",
        "A query takes": "influxdb_query_seconds",
    }
    wanted |= {title: series(name, [(590, gauges_at(590)[name])]) for title, name in tiles.items()}
    answers = grafana.answers()
    assert answers.keys() == {(title, "A", "") for title in wanted}
    for (title, _, _), answer in answers.items():
        assert answer == wanted[title], title


def by_hour(metric: str) -> Answer:
    """The mean of the two GPUs, and of an hour that came twice."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for day in range(3):
        rows = [row for gpu in (NVIDIA, AMD) for row in night_rows(gpu, day) if row.report == "hourly_patterns"]
        for hour in (0, 11, 20):
            values = [row.values["avg"] for row in rows if row.metric == metric and row.values["hour"] == hour]
            found.setdefault(f"{hour:02}", []).append((day * 86_400, round(fmean(values), 6)))
    return [(hour, {}, values) for hour, values in found.items()]


def test_nightly_analytics(influxdb: InfluxDB) -> None:
    grafana = Grafana(influxdb, "gpustream-nightly", View(3 * 86_400, 3600))
    assert grafana.variables == {"gpu": [NVIDIA, AMD], "metric": ["gpu_temperature", "odd_sensor"]}
    assert grafana.texts["metric"] == ["GPU temperature", "odd_sensor"]

    def days(metric: str | None, number: str) -> Answer:
        return [
            (
                metric or number,
                {"gpu": gpu},
                [(d * 86_400, report_row(gpu, d, metric).values[number]) for d in range(3)],
            )
            for gpu in (NVIDIA, AMD)
        ]

    titles = {
        "Energy": "energy_kwh",
        "Cost": "cost",
        "Held back": "throttled_minutes",
        "Anomalies": "anomalies",
        "Energy per day": "energy_kwh",
        "Cost per day": "cost",
        "Readings per day": "readings",
    }
    wanted = {(title, "A", ""): days(None, number) for title, number in titles.items()}
    for metric in ("gpu_temperature", "odd_sensor"):
        for ref_id, number in (("A", "avg"), ("B", "min"), ("C", "p95"), ("D", "max")):
            wanted["${metric:text}", ref_id, metric] = days(metric, number)
    wanted["GPU load by hour of the day", "A", ""] = by_hour("gpu_load")
    wanted["GPU temperature by hour of the day", "A", ""] = by_hour("gpu_temperature")
    wanted["Temperature spikes", "A", ""] = [
        ("peak", {"gpu": gpu, "metric": metric}, [(d * 86_400 + s, 90.0 + d + s / 3600) for d in range(3) for s in at])
        for gpu in (NVIDIA, AMD)
        for metric, at in (("gpu_temperature", (3600, 7200)), ("hot_spot_temperature", (3600,)))
    ]
    slopes, missing = [(d * 86_400, d / 10) for d in range(3)], [(d * 86_400, float(d)) for d in range(3)]
    wanted["Temperature at equal load, change per day", "A", ""] = [
        ("gpu_temperature", {"gpu": gpu}, slopes) for gpu in (NVIDIA, AMD)
    ]
    wanted["Missing readings per day", "A", ""] = [("missing", {"gpu": gpu}, missing) for gpu in (NVIDIA, AMD)]
    answers = grafana.answers()
    assert answers.keys() == wanted.keys()
    for key, answer in answers.items():
        assert answer == wanted[key], key
    check_annotations(grafana, [NVIDIA, AMD])


def score_of(gpu: str, second: int) -> float:
    return 100.0 if gpu == AMD else 68.0 if second >= 300 else 82.0


@pytest.mark.parametrize("view", [SHORT, LONG], ids=["10 minutes", "8 hours"])
def test_fleet(influxdb: InfluxDB, view: View) -> None:
    grafana = Grafana(influxdb, "gpustream-fleet", view)
    gpus = [DEMO, NVIDIA, AMD]
    assert (grafana.variables["gpu"], grafana.variables["metric"]) == (gpus, ["gpu_temperature"])
    power = newest(NVIDIA, ("board_power_draw",))[0][2][0][1]
    by_host = [
        (name, {"host": labels["gpu"].split(":")[0]}, [(second, value) for second, value in rows if value is not None])
        for name, labels, rows in history(gpus, "gpu_temperature", "max", view)
    ]
    end = view.seconds
    wanted = {
        "GPUs heard of": [("GPUs", {}, [(end, 3)])],
        "Worth a look: score below 80": [("Worth a look", {}, [(end, 1)])],
        "Poor: score below 50": [("Poor", {}, [(end, 0)])],
        "Power of all": [("board_power_draw", {}, [(end, power)])],
        "${metric:text} now": [each for gpu in gpus for each in newest(gpu, ("gpu_temperature",))],
        "The 25 with the lowest health score": worst_first(),
        "${metric:text} by machine": by_host,
    }
    answers = grafana.answers()
    assert answers.keys() == {(title, "A", "") for title in wanted}
    for (title, _, _), answer in answers.items():
        assert answer == wanted[title], title
    check_annotations(grafana, [NVIDIA, AMD])


def worst_first() -> Answer:
    return [("score", {"gpu": gpu}, [(540, score_of(gpu, 540))]) for gpu in (NVIDIA, AMD)]


def test_health(influxdb: InfluxDB) -> None:
    grafana = Grafana(influxdb, "gpustream-health", SHORT)
    assert grafana.variables == {"host": ["pc-1", "pc-2"], "gpu": [NVIDIA, AMD]}
    minutes = range(0, 600, 60)
    of_component = dict(COMPONENTS, memory=64.0, thermals=72.0)
    told = {second: "-18: 3 row remaps" + ("; -14: too hot" if second >= 300 else "") for second in minutes}
    costs = {"keep": 2900.0, "repair": 1240.5, "retire": 4100.0}
    wanted: dict[str, Answer] = {
        "Health score, the worst first": worst_first(),
        "Health score over time": [
            ("score", {"gpu": gpu}, [(second, score_of(gpu, second)) for second in minutes]) for gpu in (NVIDIA, AMD)
        ],
        "Components now": [
            (name, {"gpu": gpu}, [(540, value if gpu == NVIDIA else 100.0)])
            for name, value in sorted(of_component.items())
            for gpu in (NVIDIA, AMD)
        ],
        "Why points are missing": [("reasons", {"gpu": NVIDIA}, list(told.items()))],
        "Failure risk": [
            ("probability", {"gpu": NVIDIA, "horizon_hours": hours}, [(0, float(hours) / 1000)])
            for hours in ("168", "24")
        ],
        "What happened": [
            ("count", {"gpu": NVIDIA, "kind": kind}, [(60, count)]) for kind, count in (("ecc", 3), ("xid", 6))
        ],
        "What to do": [("action", {"gpu": NVIDIA}, [(0, "keep"), (300, "repair")])],
        "What a year of each action costs": [(name, {"gpu": NVIDIA}, [(300, cost)]) for name, cost in costs.items()],
    }
    answers = grafana.answers()
    assert answers.keys() == {(title, "A", "") for title in wanted}
    for (title, _, _), answer in answers.items():
        assert answer == wanted[title], title
    check_annotations(grafana, [NVIDIA, AMD])
