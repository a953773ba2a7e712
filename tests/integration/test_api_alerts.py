"""Alerts, requests, comments and silences against a real PostgreSQL whose rows the alert engine's own code wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dashboard.app import create_app
from dashboard.roles import Role
from dashboard.stores.alerts_postgres import PostgresAlerts
from support.alert_tables import BEGIN, Engine, an_alert, database, resolved, settings_of
from support.console import Console, absent_stores
from support.engines import PostgreSQL
from telemetry.timestamp import SECOND, format_time

FIRING = an_alert(0, "desk:0", severity="critical")
TAKEN = an_alert(1, "desk:1")
OVER = [an_alert(10 + n, "rack:0") for n in range(25)]
OLD = an_alert(2, "old:0", mode="import")


@pytest.fixture(scope="module")
def console(postgres: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    name = database(postgres, "api_alerts")
    console = Console(tmp_path_factory.mktemp("alerts"), **settings_of(postgres, name))
    engine = Engine(console.settings)
    engine.record(FIRING, TAKEN, OLD, *OVER, *(resolved(alert) for alert in OVER))
    engine.record(an_alert(1, "desk:1", state="acknowledged", reason="by_hand", acknowledged_by="jane"))
    engine.close()
    stores = absent_stores()
    alerts = PostgresAlerts(console.settings)
    stores = replace(stores, alerts=alerts)
    console.app = create_app(console.settings, stores)
    yield console
    alerts.close()


def test_what_is_wrong_now_comes_worst_first(console: Console) -> None:
    found = console.get("/api/v1/alerts/active").json()
    assert [(each["id"], each["status"]) for each in found] == [(FIRING.id, "active"), (TAKEN.id, "acknowledged")]
    first = found[0]
    assert (first["node_id"], first["gpu_index"], first["alert_type"]) == ("desk", "0", "hot")
    assert (first["severity"], first["message"]) == ("critical", "desk:0: hot")
    assert (first["threshold_value"], first["actual_value"], first["worst_value"]) == (85.0, 86.0, 90.0)
    assert first["triggered_at"] == format_time(BEGIN + 5 * SECOND)
    assert found[1]["acknowledged_by"] == "jane"
    assert found[1]["acknowledged_at"] is not None
    assert [each["id"] for each in console.get("/api/v1/alerts/active", mode="import").json()] == [OLD.id]


def test_pages_hold_every_alert_once(console: Console) -> None:
    seen: list[str] = []
    after: dict[str, str] = {}
    for _ in range(20):
        page = console.get("/api/v1/alerts", limit=4, **after).json()
        seen += [each["id"] for each in page["alerts"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    expected = sorted([FIRING, TAKEN, OLD, *OVER], key=lambda alert: -alert.started)
    assert seen == [alert.id for alert in expected]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"gpu": "rack:0"}, 25),
        ({"node_id": "desk"}, 2),
        ({"severity": "critical"}, 1),
        ({"status": "resolved"}, 25),
        ({"status": ["active", "acknowledged"]}, 3),
        ({"mode": "import"}, 1),
        ({"alert_type": "cold"}, 0),
        ({"from": format_time(BEGIN + 600 * SECOND)}, 25),
        ({"from": format_time(BEGIN), "to": format_time(BEGIN + 60 * SECOND)}, 1),
        ({"gpu": "desk:0", "status": "resolved"}, 0),
    ],
)
def test_history_can_be_narrowed(console: Console, query: dict[str, str], count: int) -> None:
    assert len(console.get("/api/v1/alerts", **query).json()["alerts"]) == count


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4Il0", "bnVsbA", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIDFd", "é"])
def test_cursor_that_is_none_is_refused(console: Console, cursor: str) -> None:
    assert console.get("/api/v1/alerts", after=cursor).status_code == 422


def test_story_tells_every_change(console: Console) -> None:
    story = console.get(f"/api/v1/alerts/{OVER[3].id}").json()
    assert [each["state"] for each in story["changes"]] == ["firing", "resolved"]
    assert story["alert"]["resolved_at"] == story["changes"][1]["time"]
    assert console.get("/api/v1/alerts/unknown").status_code == 404


def test_request_waits_for_the_engine_and_tells_its_outcome(console: Console) -> None:
    path = f"/api/v1/alerts/{FIRING.id}/acknowledge"
    answer = console.call("POST", path, Role.OPERATOR, json={"by": "jane", "comment": "on it"})
    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["by"], asked["comment"], asked["done_at"], asked["outcome"]) == ("jane", "on it", None, None)
    with psycopg.connect(
        host="127.0.0.1",
        port=console.settings.postgres_port,
        user="gpustream",
        dbname="api_alerts",
        password=console.settings.postgres_password_file.read_text().strip(),
    ) as connection:
        row = connection.execute("SELECT alert_id, action, by_whom, comment FROM requests").fetchall()
        assert row == [(FIRING.id, "acknowledge", "jane", "on it")]
        connection.execute("UPDATE requests SET done = now(), outcome = 'done'")
    told = console.get(f"/api/v1/alert-requests/{asked['id']}").json()
    assert told["outcome"] == "done"
    assert told["done_at"] is not None
    assert [each["id"] for each in console.get(f"/api/v1/alerts/{FIRING.id}").json()["requests"]] == [asked["id"]]
    assert console.get("/api/v1/alert-requests/999999").status_code == 404


def test_request_without_words_is_the_tokens_role(console: Console) -> None:
    answer = console.call("POST", f"/api/v1/alerts/{TAKEN.id}/resolve", Role.OPERATOR)
    assert (answer.status_code, answer.json()["by"]) == (202, "operator")


@pytest.mark.parametrize(
    ("alert", "action"), [(OVER[0].id, "resolve"), (OVER[0].id, "acknowledge"), (TAKEN.id, "acknowledge")]
)
def test_alert_in_no_state_for_it_says_so(console: Console, alert: str, action: str) -> None:
    answer = console.call("POST", f"/api/v1/alerts/{alert}/{action}", Role.OPERATOR)
    assert answer.status_code == 409
    assert alert in answer.json()["detail"]


def test_comment_stays_with_the_alert(console: Console) -> None:
    path = f"/api/v1/alerts/{OVER[1].id}/comment"
    words = "'; DROP TABLE alerts; -- \x00 Lüfter"
    assert console.call("POST", path, Role.OPERATOR, json={"comment": words}).status_code == 201
    (comment,) = console.get(f"/api/v1/alerts/{OVER[1].id}").json()["comments"]
    assert (comment["by"], comment["text"]) == ("operator", "'; DROP TABLE alerts; --   Lüfter")
    assert console.call("POST", path, Role.OPERATOR, json={"comment": "  "}).status_code == 422
    assert console.call("POST", "/api/v1/alerts/x/comment", Role.OPERATOR, json={"comment": "x"}).status_code == 404


def test_silence_holds_until_it_is_taken_back(console: Console) -> None:
    wish = {"by": "jane", "reason": "fans", "host": ["rack*"], "rules": ["hot"], "ends": "2100-01-01T00:00:00Z"}
    made = console.call("POST", "/api/v1/silences", Role.OPERATOR, json=wish)
    assert made.status_code == 201
    body = made.json()
    assert (body["host"], body["rules"], body["gpu"], body["reason"]) == (["rack*"], ["hot"], [], "fans")
    assert body["ends"] == "2100-01-01T00:00:00.000Z"
    assert [each["id"] for each in console.get("/api/v1/silences").json()] == [body["id"]]
    path = f"/api/v1/silences/{body['id']}"
    assert console.call("DELETE", path, Role.OPERATOR).status_code == 204
    assert console.get("/api/v1/silences").json() == []
    assert console.get("/api/v1/silences", over=True).json()[0]["removed_at"] is not None
    assert console.call("DELETE", "/api/v1/silences/999", Role.OPERATOR).status_code == 404


def test_silence_of_some_alerts_is_over_with_them(console: Console) -> None:
    for alert, holds in ((FIRING.id, True), (OVER[0].id, False)):
        made = console.call("POST", "/api/v1/silences", Role.OPERATOR, json={"alerts": [alert]}).json()
        assert (made["id"] in {each["id"] for each in console.get("/api/v1/silences").json()}) == holds


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"ends": "2000-01-01T00:00:00Z"},
        {"starts": "2100-01-02T00:00:00Z", "ends": "2100-01-01T00:00:00Z"},
        {"ends": "tomorrow"},
        {"ends": "2100-01-01T00:00:00Z", "hosts": ["typo"]},
    ],
)
def test_silence_that_makes_no_sense_is_refused(console: Console, wish: dict[str, object]) -> None:
    assert console.call("POST", "/api/v1/silences", Role.OPERATOR, json=wish).status_code == 422


def test_nodes_count_open_alerts_only(console: Console) -> None:
    assert console.app is not None
    counts = console.app.state.stores.alerts.active_counts()
    assert counts == {"desk:0": 1, "desk:1": 1}


def test_database_without_tables_or_without_server_is_away(postgres: PostgreSQL, tmp_path: Path) -> None:
    empty = settings_of(postgres, database(postgres, "api_empty"))
    for name, settings in (("empty", empty), ("gone", empty | {"postgres_port": 1})):
        console = Console(tmp_path / name, **settings)
        stores = absent_stores()
        alerts = PostgresAlerts(console.settings)
        stores = replace(stores, alerts=alerts)
        console.app = create_app(console.settings, stores)
        answer = console.get("/api/v1/alerts/active")
        assert (answer.status_code, answer.json()["store"]) == (503, "PostgreSQL")
        alerts.close()


def test_connection_comes_back_after_the_server_was_restarted(own_engines_postgres: PostgreSQL, tmp_path: Path) -> None:
    postgres = own_engines_postgres
    console = Console(tmp_path / "run", **settings_of(postgres, "gpustream"))
    engine = Engine(console.settings)
    engine.record(FIRING)
    engine.close()
    alerts = PostgresAlerts(console.settings)
    assert len(alerts.active()) == 1
    postgres.kill()
    postgres.start()
    assert len(alerts.active()) == 1
    alerts.close()


@pytest.fixture
def own_engines_postgres(own_engines: object) -> PostgreSQL:
    found = own_engines.postgres()  # type: ignore[attr-defined]
    assert isinstance(found, PostgreSQL)
    return found
