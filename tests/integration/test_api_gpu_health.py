"""Health, risks, advice and events against a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboard.app import create_app
from dashboard.stores.health_postgres import PostgresHealth
from dashboard.stores.history import Span
from dashboard.stores.live import Latest
from support.alert_tables import BEGIN, database, settings_of
from support.console import Console, absent_stores
from support.engines import PostgreSQL
from support.health_cases import a_decision, a_risk, a_score, an_event
from support.health_tables import fill
from telemetry.timestamp import SECOND, format_time

MINUTE = 60 * SECOND
WORN, WELL, DEMO, OLD = "node-1:3", "node-1:4", "demo-node-2:0", "pc:0"
REMAPS = ("memory", -18.0, "3 uncorrectable row remaps this week")
HOT = ("thermals", -4.0, "6 °C warmer than its peers at the same load")
EVENTS = [
    an_event(n, WORN if n % 2 else WELL, BEGIN + n // 3 * MINUTE, kind="ecc" if n == 4 else "xid") for n in range(12)
]
LOST = an_event(99, None, BEGIN + 60 * MINUTE, severity="warning")


class OnlyLabels:
    """Of the live feed what the filter by label asks for."""

    def gpus(self) -> list[Latest]:
        return [Latest(WORN, "node-1", "dcgm", "live", None, BEGIN, BEGIN, {}, {}, {"rack": "r12"})]


@pytest.fixture(scope="module")
def console(postgres: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    name = database(postgres, "api_gpu_health")
    console = Console(tmp_path_factory.mktemp("health"), **settings_of(postgres, name))
    fill(
        postgres,
        name,
        [
            *(a_score(WORN, BEGIN + n * MINUTE, REMAPS, *([HOT] if n > 50 else [])) for n in range(60)),
            *(a_score(WELL, BEGIN + n * MINUTE) for n in range(3)),
            a_score(DEMO, BEGIN, HOT, mode="demo"),
            a_score(OLD, BEGIN, REMAPS, mode="import"),
            *(
                a_risk(WORN, BEGIN + n * MINUTE, 0.1 * n, "Row remaps", horizon_hours=h)
                for n in (1, 2)
                for h in (168, 24)
            ),
            a_risk(WELL, BEGIN, 0.01),
            a_decision(WORN, BEGIN),
            a_decision(WORN, BEGIN + MINUTE, "repair"),
            a_decision(WELL, BEGIN),
            *EVENTS,
            LOST,
        ],
    )
    health = PostgresHealth(console.settings)
    live: Any = OnlyLabels()
    console.app = create_app(console.settings, replace(absent_stores(), health=health, live=live))
    yield console
    health.close()


def test_newest_score_of_each_gpu_comes_worst_first_with_its_reasons(console: Console) -> None:
    found = console.get("/api/v1/fleet/health").json()
    assert [(each["gpu"], each["score"]) for each in found] == [(WORN, 78.0), (DEMO, 96.0), (WELL, 100.0)]
    worst = found[0]
    assert (worst["node_id"], worst["time"]) == ("node-1", format_time(BEGIN + 59 * MINUTE))
    assert [tuple(each.values()) for each in worst["reasons"]] == [REMAPS, HOT]
    assert (worst["components"]["memory"], worst["components"]["thermals"]) == (64.0, 92.0)


@pytest.mark.parametrize(
    ("query", "gpus"),
    [
        ({"mode": "import"}, [OLD]),
        ({"gpu": WELL}, [WELL]),
        ({"node_id": "node-1"}, [WORN, WELL]),
        ({"label": "rack:r12"}, [WORN]),
        ({"label": "rack:r13"}, []),
        ({"limit": 1}, [WORN]),
    ],
)
def test_scores_can_be_narrowed(console: Console, query: dict[str, Any], gpus: list[str]) -> None:
    assert [each["gpu"] for each in console.get("/api/v1/fleet/health", **query).json()] == gpus


def test_scores_of_a_gpu_come_in_pages_newest_first(console: Console) -> None:
    span = {"from": format_time(BEGIN + 10 * MINUTE), "to": format_time(BEGIN + 60 * MINUTE)}
    times: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = console.get(f"/api/v1/gpus/{WORN}/health-scores", limit=20, **span, **after).json()
        times += [each["time"] for each in page["scores"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert times == [format_time(BEGIN + n * MINUTE) for n in range(59, 9, -1)]
    assert console.get("/api/v1/gpus/nobody:0/health-scores").json() == {"scores": [], "next": None}
    assert console.get(f"/api/v1/gpus/{WORN}/health-scores", after="x").status_code == 422


def test_trend_keeps_the_lowest_of_each_step(console: Console) -> None:
    assert console.app is not None
    health = console.app.state.stores.health
    trends = health.trends([WORN, WELL, "nobody:0"], Span(BEGIN, BEGIN + 60 * MINUTE), 6)
    assert trends.keys() == {WORN, WELL}
    # From its 51st minute on the GPU has two reasons; the step in which that is has scores of both kinds.
    assert [point.score for point in trends[WORN]] == [82.0] * 5 + [78.0, 78.0]


def test_predictions_and_decisions_are_the_newest(console: Console) -> None:
    found = console.get("/api/v1/predictions").json()
    assert [(each["gpu"], each["horizon_hours"], each["probability"]) for each in found] == [
        (WORN, 24, 0.2), (WORN, 168, 0.2), (WELL, 168, 0.01)
    ]  # fmt: skip
    assert found[0]["reasons"] == ["Row remaps"]
    found = console.get("/api/v1/decisions").json()
    assert [(each["gpu"], each["action"]) for each in found] == [(WORN, "repair"), (WELL, "keep")]
    assert (found[0]["yearly_cost"]["repair"], found[0]["currency"]) == (1240.5, "EUR")
    assert found[0]["flips"] == ["keep, were a repair dearer than 1,900 EUR"]
    assert [each["gpu"] for each in console.get("/api/v1/decisions", action="keep").json()] == [WELL]


def test_events_come_in_pages_newest_first(console: Console) -> None:
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = console.get("/api/v1/events", limit=5, **after).json()
        seen += [each["id"] for each in page["events"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [each.id for each in sorted([*EVENTS, LOST], key=lambda each: (each.first, each.id), reverse=True)]


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        (f"/gpus/{WORN}/events", {}, 6),
        (f"/gpus/{WELL}/events", {"kind": ["ecc", "lost"]}, 1),
        ("/events", {"gpu": WORN}, 6),
        ("/events", {"node_id": "node-1"}, 13),
        ("/events", {"severity": "warning"}, 1),
        ("/events", {"mode": "demo"}, 0),
        ("/events", {"from": format_time(BEGIN + MINUTE), "to": format_time(BEGIN + 2 * MINUTE)}, 3),
    ],
)
def test_events_can_be_narrowed(console: Console, path: str, query: dict[str, Any], count: int) -> None:
    assert len(console.get(f"/api/v1{path}", **query).json()["events"]) == count


def test_newest_events_of_some_gpus_come_together(console: Console) -> None:
    assert console.app is not None
    found = console.app.state.stores.health.newest_events([WORN, WELL, "nobody:0"], 2)
    assert {gpu: [each.id for each in events] for gpu, events in found.items()} == {
        WORN: ["event-9", "event-11"], WELL: ["event-10", "event-8"]
    }  # fmt: skip


def test_event_without_a_gpu_is_told_by_its_device(console: Console) -> None:
    (event,) = console.get("/api/v1/events", severity="warning").json()["events"]
    assert (event["gpu"], event["node_id"], event["device"], event["count"]) == (None, "node-1", "0000:3b:00", 3)


def test_without_tables_there_is_nothing_and_without_a_server_it_is_away(postgres: PostgreSQL, tmp_path: Path) -> None:
    empty = settings_of(postgres, database(postgres, "api_no_health"))
    for name, settings in (("empty", empty), ("gone", empty | {"postgres_port": 1})):
        console = Console(tmp_path / name, **settings)
        health = PostgresHealth(console.settings)
        console.app = create_app(console.settings, replace(absent_stores(), health=health))
        for path in ("/fleet/health", "/predictions", "/decisions", f"/gpus/{WORN}/health-scores", "/events"):
            answer = console.get(f"/api/v1{path}")
            if name == "gone":
                assert (answer.status_code, answer.json()["store"]) == (503, "PostgreSQL")
            else:
                assert (answer.status_code, answer.json()) in (
                    (200, []),
                    (200, {"scores": [], "next": None}),
                    (200, {"events": [], "next": None}),
                )
        health.close()
